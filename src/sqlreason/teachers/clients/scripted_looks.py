"""What the scripted teacher looks at before it answers, where it has tools: the tables that it reads, and a value."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from sqlreason.environments.session import ERROR
from sqlreason.environments.tool_calls import write_call
from sqlreason.reasoning import format as grammar
from sqlreason.sql.parsing.queries import read_query, tables_in_order
from sqlreason.sql.parsing.schema import Schema, quoted

MOST_TABLES = 3  # that it has described; with a probe and the submission these are five turns

Call = tuple[str, dict[str, str]]


def next_turn(answer: str, looks: Sequence[Call], since: Sequence[Mapping[str, str]]) -> str:
    """Return what it says next: a look, or its answer, whose query it submits.

    Args:
        answer: In the grammar; one that is not is given as it is.
        looks: What it looks at, in order.
        since: What was said behind the question; after a look that failed it looks no further.
    """
    done = sum(message["role"] == "assistant" for message in since)
    failed = bool(since) and since[-1]["content"].startswith(ERROR)
    if done < len(looks) and not failed:
        return write_call(*looks[done])
    reading = grammar.parse(answer)
    if not reading.well_formed:
        return answer
    return f"<think>\n{reading.think}\n</think>\n{write_call('submit', {'query': reading.sql})}"


def choose_looks(sql: str, schema: Schema, probes: bool) -> list[Call]:
    """Return the calls by which one may come to a query.

    Args:
        sql: The query.
        schema: As far as it is known; a value is looked up in a table that has its column.
        probes: Whether the values of a column are looked up that the query compares with a text.
    """
    tables = list(dict.fromkeys(tables_in_order(sql)))[:MOST_TABLES]
    calls: list[Call] = [("describe_table", {"table": table}) for table in tables]
    column = _compared_column(sql, schema) if probes else ""
    for name in tables if column else ():
        table = schema.table(name)
        if table is not None and any(each.name.lower() == column.lower() for each in table.columns):
            return [*calls, ("run_sql", {"query": f"SELECT DISTINCT {quoted(column)} FROM {quoted(name)}"})]
    return calls


def _compared_column(sql: str, schema: Schema) -> str:
    """The first column that stands beside a text in an equation; "" if none does."""
    tree = read_query(sql, schema)
    for equation in tree.find_all(exp.EQ) if tree is not None else ():
        if isinstance(equation.this, exp.Column) and equation.expression.is_string:
            return equation.this.name
    return ""
