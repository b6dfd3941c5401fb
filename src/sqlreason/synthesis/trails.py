"""Trails: a subject table and the tables reached from it along foreign keys, one row of each for a row of it."""

from dataclasses import dataclass

from sqlglot import exp

from sqlreason.synthesis.blueprint import ColumnPlan, TablePlan
from sqlreason.synthesis.filters import require
from sqlreason.synthesis.meaning import ColumnUse
from sqlreason.synthesis.population import Row, Value
from sqlreason.synthesis.scene import Scene
from sqlreason.synthesis.trees import join_tree, name_column, table_tree


@dataclass(frozen=True)
class Step:
    """One foreign key: from the table that holds it to the table it points to."""

    start: TablePlan
    reference: ColumnPlan
    end: TablePlan

    def condition(self) -> exp.Expr:
        """Return the join condition."""
        return exp.EQ(
            this=name_column(self.reference, self.start), expression=name_column(self.end.key, self.end)
        )


@dataclass(frozen=True)
class Trail:
    """A subject and the steps from it, in an order in which they can be joined."""

    subject: TablePlan
    steps: tuple[Step, ...]

    @property
    def complexity(self) -> str:
        """The class of a query over the trail, in gretel's words."""
        return "single join" if len(self.steps) == 1 else "multiple_joins"

    @property
    def leaves(self) -> list[TablePlan]:
        """The tables from which no step leads on: without a use of theirs the join would be idle."""
        return [step.end for step in self.steps if step.end not in [other.start for other in self.steps]]

    def joins(self) -> list[exp.Join]:
        """Return the inner joins."""
        return [join_tree(table_tree(step.end), step.condition()) for step in self.steps]

    def use(self, table: TablePlan, column: ColumnPlan) -> ColumnUse:
        """Return a use of a column, owned by the role in which its table was reached."""
        roles = {step.end.name: step.reference.role for step in self.steps}
        return ColumnUse(table, column, "" if table == self.subject else roles[table.name])

    def witness(self, scene: Scene) -> dict[str, Row]:
        """Return one row of every table, joined.

        Raises:
            Unsuitable: No row of the subject has all of its references.
        """
        return scene.pick(self.joined(scene))

    def joined(self, scene: Scene) -> list[dict[str, Row]]:
        """Return the joined rows of the trail."""
        found = []
        for row in scene.rows(self.subject):
            rows: dict[str, Row] = {self.subject.name: row}
            for step in self.steps:
                parent = scene.find_row(step.end, rows[step.start.name][step.reference.name])
                if parent is None:
                    break
                rows[step.end.name] = parent
            else:
                found.append(rows)
        return found

    def pairs(self, rows: dict[str, Row], besides: tuple[ColumnPlan, ...] = ()) -> list[tuple[ColumnUse, Value]]:
        """Pair the columns worth filtering on with the values of joined rows."""
        tables = [self.subject, *(step.end for step in self.steps)]
        return [
            (self.use(table, column), rows[table.name][column.name])
            for table in tables
            for column in table.columns
            if column.kind not in ("key", "ref") and column not in besides
        ]


def make_trail(scene: Scene, steps: int) -> Trail:
    """Return a trail with exactly `steps` steps that meets no table twice.

    Raises:
        Unsuitable: The schema has no such trail from the subject that was drawn.
    """
    subject = scene.pick_table(lambda table: any(r.target != table.name for r in table.references))
    reached = [subject]
    found: list[Step] = []
    while len(found) < steps:
        names = {table.name for table in reached}
        ways = [(table, ref) for table in reached for ref in table.references if ref.target not in names]
        start, reference = scene.pick(ways)
        found.append(Step(start, reference, scene.blueprint.table(reference.target)))
        reached.append(found[-1].end)
    require(len({step.reference.role for step in found}) == len(found))
    return Trail(subject, tuple(found))
