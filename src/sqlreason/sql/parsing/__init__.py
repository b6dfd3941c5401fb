"""SQL text read: statements, schemas, dialects, and what a query asks of the data."""
