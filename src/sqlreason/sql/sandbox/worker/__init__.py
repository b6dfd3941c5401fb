"""What runs inside the worker processes: standard library and database engines only.

A worker is started by exec, never by fork of the trainer, and imports neither sqlglot nor anything outside
this folder; modules here therefore import each other relatively. The parent's side is
`sqlreason.sql.sandbox.process`.
"""
