"""The verification engine: does a query parse, run, and answer like the gold query?"""

import logging

# what sqlglot warns of (a statement that it cannot parse, a property or a hint that another dialect lacks) is a value
# here, asked for thousands of times; whether what it wrote is right is for the engine to say that runs it
logging.getLogger("sqlglot").addFilter(lambda record: record.levelno > logging.WARNING)
