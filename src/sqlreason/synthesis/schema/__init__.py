"""A user's own database, or a file of DDL, turned into an annotated schema.

`readers` open it read-only and take schema and rows out; `cutting` keeps what is near; `profiles` sum a column's rows
up; `naming`, `kinds` and `values` infer what the author of a hand-written schema would have said; `sampling` draws
real rows where the user allows it. `annotated_schemas` puts the steps together.
"""
