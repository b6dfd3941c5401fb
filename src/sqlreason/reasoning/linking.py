"""Names every column of a statement with its table, so that a reader knows the tables before they are told."""

from sqlglot import exp


def link_names(tree: exp.Expr) -> exp.Expr:
    """Return a copy in which columns stand with their table, and COUNT(*) with the table whose rows are counted.

    A bare column is linked where its query reads one table, view or named part, and left bare elsewhere: which of
    several tables holds it, only a schema tells.
    """
    linked = tree.copy()
    for query in linked.find_all(exp.Select):
        start = query.args.get("from_")
        if start is None:
            continue
        source, alone = start.this.alias_or_name, not query.args.get("joins")
        made = {item.alias for item in query.expressions}
        for column in query.find_all(exp.Column):
            if alone and column.parent_select is query and not column.table and not _is_made(column, made):
                column.set("table", exp.to_identifier(source))
        for count in query.find_all(exp.Count):
            if count.parent_select is query and isinstance(count.this, exp.Star):
                count.set("this", exp.column(exp.Star(), table=source))
    return linked


def _is_made(column: exp.Column, made: set[str]) -> bool:
    """Whether a name is a star, a string in double quotes, or an output of its query."""
    return isinstance(column.this, exp.Star) or bool(column.this.args.get("quoted")) or column.name in made
