"""The report: one self-contained HTML page, and a plain table for the terminal.

The page holds everything it needs (plotly.js once, inline; no network), follows the reader's light or dark
setting and fits a phone. Its sentences come from `findings`, its pictures from `figures`; nothing is computed
here but formatting.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from sqlreason.reporting.comparison import TOOLS
from sqlreason.reporting.findings import findings, p_text, percent, reservations, span

REQUIRED_FACTS = frozenset({"teacher", "teacher_scripted", "demo"})
OPTIONAL_FACTS = frozenset(
    {
        "title",
        "run",
        "created",
        "environment",
        "hardware",
        "base_model",
        "seconds",
        "versions",
        "data",
        "notes",
    }
)
RESULT_FIGURES = ("accuracy", "accuracy_by_complexity")
YIELD_FIGURE, COST_FIGURE = "trace_yield", "costs"
EXAMPLE_COLUMNS = frozenset({"student", "question", "think", "sql", "gold_sql", "agrees", "reason"})
HEADINGS = {
    "usd": "USD", "cost": "cost", "cost_per_trace": "cost per trace kept",
    "tokens_in": "tokens in", "tokens_out": "tokens out",
    "sql_complexity": "complexity",
    "plan_consistency": "plan names what the query uses", "seconds": "seconds", "tokens": "tokens",
    "timeouts": "timed out", "unfinished": "cut off",
    "retried": "did not run, asked again", "repaired": "ran then",
    "tool_calls": "calls of tools", "tool_errors": "of these failed", "tool_tokens": "tokens that tools said",
}  # fmt: skip
SHARES = frozenset(
    {
        *("accuracy", "accuracy_low", "accuracy_high", "plan_consistency", "timeouts", "unfinished", "share"),
        *("retried", "repaired"),
    }
)
# What a total is of; a sum of rates or of estimates beside other rows' bills would be none.
SUMMED = frozenset({"cost", "seconds", "tokens_in", "tokens_out", "share"})
CONDUCT = ("student", "plan_consistency", "tokens", "seconds", "timeouts", "unfinished")
CORRECTED = ("retried", "repaired")
NOT_GIVEN = "—"


def render_report(
    metrics: pd.DataFrame,
    by_complexity: pd.DataFrame,
    ledger: pd.DataFrame,
    facts: Mapping[str, Any],
    examples: pd.DataFrame,
    figures: Mapping[str, go.Figure],
    yields: pd.DataFrame | None = None,
    tokens_page: str | None = None,
) -> str:
    """Render the report of a run.

    Args:
        metrics: The table of `comparison.compare_students`.
        by_complexity: The table of `comparison.by_complexity`.
        ledger: The bill, one row per stage; the columns are shown as they are, money, seconds and tokens with a total.
        facts: About the run. Required: `teacher` (name), `teacher_scripted` and `demo` (bool). Optional:
            `title`, `run`, `created`, `environment`, `hardware`, `base_model` (str), `seconds` (stage → wall
            seconds), `versions` (package → version), `data` (list of mappings, one per source) and `notes`
            (list of further sentences).
        examples: Answers to show, in order: `student`, `question`, `think`, `sql`, `gold_sql`, `agrees`, `reason`
            and optionally `kind` (what happened to the question since the row above, e.g. `gained`).
        figures: By name. `accuracy` and `accuracy_by_complexity` go to the results, `trace_yield` and `costs`
            to their sections, all others to the training.
        yields: How many traces are left after each step, one row per step; left out if not given.
        tokens_page: A page that shows a training example token by token (`students.inspection`); likewise.

    Returns:
        The page as one HTML document.

    Raises:
        ValueError: If a fact is unknown or missing, or the examples lack a column.
    """
    _check(facts, examples)
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    return environment.get_template("report.html.j2").render(
        title=facts.get("title", "What the student learned"),
        facts=facts,
        created=facts.get("created") or datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        reservations=reservations(facts["teacher_scripted"], facts["demo"]),
        findings=findings(metrics),
        students=[_headline(row) for _, row in metrics.iterrows()],
        conduct=_grid(
            metrics[
                [*CONDUCT, *(CORRECTED if _is_corrected(metrics) else ()), *(name for name in TOOLS if name in metrics)]
            ]
        ),
        tools=bool(set(metrics) & set(TOOLS)),
        complexity=_grid(_with_spans(by_complexity)),
        ledger=_grid(_with_total(ledger)),
        seconds=_grid(_durations(facts.get("seconds", {}))),
        yields=None if yields is None else _grid(yields),
        data=_grid(pd.DataFrame(facts.get("data", []))),
        versions=facts.get("versions", {}),
        examples=examples.to_dict("records"),
        figures=_placed(figures),
        tokens_page=tokens_page,
        plotly_js=Markup(get_plotlyjs()),
    )


def summary_table(metrics: pd.DataFrame) -> str:
    """Lay the comparison out for the terminal, at most 100 columns wide.

    Args:
        metrics: The table of `comparison.compare_students`.
    """
    head = f"{'student':<14}{'n':>6}{'format':>9}{'executes':>10}{'accuracy':>10}  {'95 %':<13}"
    head += f"{'difference':>11}  {'95 %':<15}p"
    lines = [head, "-" * 98]
    for _, row in metrics.iterrows():
        line = f"{str(row['student'])[:13]:<14}{int(row['n']):>6}{percent(row['format_rate']):>9}"
        line += f"{percent(row['executes']):>10}{percent(row['accuracy']):>10}  "
        line += f"{span(row['accuracy_low'], row['accuracy_high']):<13}"
        if pd.notna(row["difference"]):
            line += f"{100 * row['difference']:>+11.1f}  "
            line += f"{span(row['difference_low'], row['difference_high'], signed=True):<15}"
            line += p_text(row["p_value"]).removeprefix("p ").removeprefix("= ")
        lines.append(line.rstrip())
    return "\n".join(lines)


def _is_corrected(metrics: pd.DataFrame) -> bool:
    return set(CORRECTED) <= set(metrics) and bool(metrics["retried"].any())


def _check(facts: Mapping[str, Any], examples: pd.DataFrame) -> None:
    # a mistyped `teacher_scripted` would silently drop a reservation
    unknown = sorted(set(facts) - REQUIRED_FACTS - OPTIONAL_FACTS)
    missing = sorted(REQUIRED_FACTS - set(facts))
    if unknown or missing:
        accepted = sorted(REQUIRED_FACTS | OPTIONAL_FACTS)
        raise ValueError(f"facts: unknown {unknown}, missing {missing}; accepted are {accepted}")
    lacking = sorted(EXAMPLE_COLUMNS - set(examples.columns))
    if lacking:
        raise ValueError(f"the examples lack the columns {lacking}; they have {list(examples.columns)}")


def _headline(row: pd.Series) -> dict[str, Any]:
    """The cells of one student in the table at the top."""
    compared = pd.notna(row["difference"])
    return {
        "student": row["student"],
        "n": f"{int(row['n']):,}",
        "format": percent(row["format_rate"]),
        "executes": percent(row["executes"]),
        "accuracy": percent(row["accuracy"]),
        "interval": span(row["accuracy_low"], row["accuracy_high"]),
        "difference": f"{100 * row['difference']:+.1f}" if compared else NOT_GIVEN,
        "difference_interval": span(row["difference_low"], row["difference_high"], signed=True) if compared else "",
        "p": p_text(row["p_value"]).removeprefix("p ").removeprefix("= ") if compared else NOT_GIVEN,
        "shown": row["shown"],
    }


def _grid(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame as headings and rows of text, with which columns are numbers."""
    names = list(map(str, frame.columns))
    return {
        "headings": [HEADINGS.get(name, name.replace("_", " ")) for name in names],
        "numeric": [pd.api.types.is_numeric_dtype(frame[column]) for column in frame.columns],
        "rows": [
            [_cell(name, value) for name, value in zip(names, row, strict=True)] for row in frame.to_numpy(object)
        ],
    }


def _cell(name: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return NOT_GIVEN
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if name in SHARES:
        return percent(value)
    # whole numbers are counts; money and seconds keep two decimals
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _with_spans(by_complexity: pd.DataFrame) -> pd.DataFrame:
    """Join the bounds into one column, which fits a phone."""
    spans = map(span, by_complexity["accuracy_low"], by_complexity["accuracy_high"])
    kept = by_complexity[["sql_complexity", "student", "n", "accuracy"]]
    return kept.assign(**{"95 % interval": list(spans)})


def _with_total(ledger: pd.DataFrame) -> pd.DataFrame:
    numbers = ledger.select_dtypes("number").columns
    if len(ledger) < 2 or numbers.empty:
        return ledger
    label = next((column for column in ledger.columns if column not in numbers), None)
    sums = {column: [ledger[column].sum(min_count=1)] for column in numbers if column in SUMMED}
    total = sums | ({label: ["total"]} if label else {})
    return pd.concat([ledger, pd.DataFrame(total)], ignore_index=True)[list(ledger.columns)]


def _durations(seconds: Mapping[str, float]) -> pd.DataFrame:
    table = pd.DataFrame({"stage": list(seconds), "seconds": [float(value) for value in seconds.values()]})
    total = table["seconds"].sum()
    return _with_total(table.assign(share=table["seconds"] / total if total else 0.0))


def _placed(figures: Mapping[str, go.Figure]) -> dict[str, list[dict[str, str | Markup]]]:
    """Sort the figures into the sections of the page, drawn, with their titles as captions."""
    sections: dict[str, list[dict[str, str | Markup]]] = {
        "results": [],
        "yield": [],
        "costs": [],
        "training": [],
    }
    places = dict.fromkeys(RESULT_FIGURES, "results") | {YIELD_FIGURE: "yield", COST_FIGURE: "costs"}
    for name, figure in figures.items():
        sections[places.get(name, "training")].append(_drawn(name, figure))
    return sections


def _drawn(name: str, figure: go.Figure) -> dict[str, str | Markup]:
    """The figure as HTML, its title as a caption (plotly's own does not wrap on a phone), its legend in its place."""
    title = figure.layout.title.text or name
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    bare = go.Figure(figure).update_layout(title=None, legend=legend, margin_t=28, width=None)
    html = bare.to_html(
        full_html=False, include_plotlyjs=False, default_width="100%", div_id=f"figure-{name}",
        config={"responsive": True, "displayModeBar": False, "scrollZoom": False},
    )  # fmt: skip
    return {"title": title, "html": Markup(html)}
