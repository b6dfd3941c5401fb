"""Placeholder of the tree."""


class SqlReasonError(Exception):
    """Something that a user can mend; the message says what and how."""


class BadInput(SqlReasonError, ValueError):
    """Something that the user gave cannot be used: a parameter, a catalog entry, a file, a table, an argument."""
