"""Wrong neighbours of a query, and which changes of a query change nothing."""
