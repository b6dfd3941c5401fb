"""The verification engine: does a query parse, run, and answer like the gold query?"""

import logging

# sqlglot warns of each statement that it cannot parse; here that is a value, asked for thousands of times
logging.getLogger("sqlglot").addFilter(lambda record: "Falling back to parsing as a" not in record.msg)
