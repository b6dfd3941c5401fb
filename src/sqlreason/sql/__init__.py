"""The verification engine: does a query parse, run, and answer like the gold query?"""
