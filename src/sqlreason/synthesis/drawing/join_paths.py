"""Links, which are foreign keys as joins, and join paths: a subject with the one row of each table that it reaches."""

from dataclasses import dataclass

from sqlglot import exp

from sqlreason.synthesis.drawing.filters import passes
from sqlreason.synthesis.drawing.query_context import QueryContext, require
from sqlreason.synthesis.drawing.query_parts import ColumnUse, Condition
from sqlreason.synthesis.drawing.trees import join_tree, name_column, table_tree
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan, Unsuitable
from sqlreason.synthesis.schema.rows import Row, Value


@dataclass(frozen=True)
class Link:
    """One foreign key: the table that holds it and the table that it points to."""

    child: TablePlan
    reference: ColumnPlan
    parent: TablePlan

    def condition(self, left: TablePlan) -> exp.Expr:
        """Return what ties a child row to its parent row, with the column of the table `left` on the left."""
        sides = [name_column(self.reference, self.child), name_column(self.parent.key, self.parent)]
        first, second = sides if left == self.child else reversed(sides)
        return exp.EQ(this=first, expression=second)

    def join(self) -> exp.Join:
        """Return the inner join of the parent to its child."""
        return join_tree(table_tree(self.parent), self.condition(self.child))


@dataclass(frozen=True)
class JoinPath:
    """A subject and the links from it, in an order in which they can be joined."""

    subject: TablePlan
    links: tuple[Link, ...]

    @property
    def complexity(self) -> str:
        """Return the class of a query over the join path, in gretel's words."""
        return "single join" if len(self.links) == 1 else "multiple_joins"

    @property
    def leaves(self) -> list[TablePlan]:
        """Return the tables from which no link leads on: without a use of theirs the join would be idle."""
        return [link.parent for link in self.links if link.parent not in [other.child for other in self.links]]

    def joins(self) -> list[exp.Join]:
        """Return the inner joins."""
        return [link.join() for link in self.links]

    def use(self, table: TablePlan, column: ColumnPlan) -> ColumnUse:
        """Return a use of a column, owned by the role in which its table was reached."""
        roles = {link.parent.name: link.reference.role for link in self.links}
        return ColumnUse(table, column, "" if table == self.subject else roles[table.name])

    def witness(self, context: QueryContext) -> dict[str, Row]:
        """Return one row of every table, joined.

        Raises:
            Unsuitable: No row of the subject has all of its references.
        """
        return context.pick(self.joined(context))

    def joined(self, context: QueryContext) -> list[dict[str, Row]]:
        """Return the joined rows of the join path."""
        found = []
        for row in context.rows(self.subject):
            rows: dict[str, Row] = {self.subject.name: row}
            for link in self.links:
                parent = context.find_row(link.parent, rows[link.child.name][link.reference.name])
                if parent is None:
                    break
                rows[link.parent.name] = parent
            else:
                found.append(rows)
        return found

    def pairs(self, rows: dict[str, Row], besides: tuple[ColumnPlan, ...] = ()) -> list[tuple[ColumnUse, Value]]:
        """Pair the columns worth filtering on with the values of joined rows."""
        tables = [self.subject, *(link.parent for link in self.links)]
        return [
            (self.use(table, column), rows[table.name][column.name])
            for table in tables
            for column in table.columns
            if column.kind not in ("key", "ref") and column not in besides
        ]


def make_join_path(context: QueryContext, length: int) -> JoinPath:
    """Return a join path with exactly `length` links that meets no table twice.

    Raises:
        Unsuitable: The schema has no such join path from the subject that was drawn.
    """
    subject = context.pick_table(lambda table: any(r.target != table.name for r in table.references))
    reached = [subject]
    found: list[Link] = []
    while len(found) < length:
        names = {table.name for table in reached}
        ways = [(table, ref) for table in reached for ref in table.references if ref.target not in names]
        start, reference = context.pick(ways)
        found.append(Link(start, reference, context.annotated_schema.table(reference.target)))
        reached.append(found[-1].parent)
    require(len({link.reference.role for link in found}) == len(found))
    return JoinPath(subject, tuple(found))


def pick_link(context: QueryContext) -> Link:
    """Return a foreign key between two tables."""
    child = context.pick_table(lambda table: any(r.target != table.name for r in table.references))
    reference = context.pick([r for r in child.references if r.target != child.name])
    return Link(child, reference, context.annotated_schema.table(reference.target))


def referred_row(context: QueryContext, link: Link) -> Row:
    """Return a parent that has a child.

    Raises:
        Unsuitable: No child refers to a row that is there.
    """
    children = [row for row in context.rows(link.child) if row[link.reference.name] is not None]
    row = context.find_row(link.parent, context.pick(children)[link.reference.name])
    if row is None:
        raise Unsuitable
    return row


def referred_keys(context: QueryContext, link: Link, where: Condition | None) -> set[Value]:
    """Return the keys to which the child rows under the condition refer."""
    rows = [row for row in context.rows(link.child) if where is None or passes(where, row)]
    return {row[link.reference.name] for row in rows}


def keys_of(context: QueryContext, table: TablePlan) -> set[Value]:
    """Return the keys of a table."""
    return {row[table.key.name] for row in context.rows(table)}
