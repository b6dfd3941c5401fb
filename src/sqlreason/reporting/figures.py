"""Figures of the report, from frames to plotly figures.

Pure functions: nothing is drawn to a file and nothing is changed in the frames. Each title says what is seen,
in numbers taken from the frame; every axis names its quantity and unit. Colours are those of Okabe and Ito
("Color Universal Design", 2008), which stay apart for colour-blind readers; backgrounds are transparent, so a
figure lies on light and dark pages alike.
"""

import re

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY)
GREY = "#8A8F98"
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x")
ROW_HEIGHT = 46


def training_loss(history: pd.DataFrame) -> go.Figure:
    """Draw the loss of SFT over the optimizer steps, and the evaluation loss where there is one.

    Args:
        history: One row per log entry: `step`, `loss` and optionally `eval_loss` (nats per trained token).
    """
    trained = history.dropna(subset=["loss"])
    figure = go.Figure(_line(trained["step"], trained["loss"], "training", BLUE))
    if "eval_loss" in history and history["eval_loss"].notna().any():
        held_out = history.dropna(subset=["eval_loss"])
        figure.add_trace(_line(held_out["step"], held_out["eval_loss"], "held out", ORANGE, mode="lines+markers"))
    figure.update_xaxes(title="optimizer step")
    figure.update_yaxes(title="loss (nats per token)", rangemode="tozero")
    return _styled(figure, f"SFT loss {_course(trained['step'], trained['loss'])}")


def grpo_rewards(history: pd.DataFrame, returned: int | None = None) -> go.Figure:
    """Draw the mean reward with its components and, below, the divergence from the reference policy or the teacher.

    Args:
        history: TRL's log of a GRPO training: `step`, `reward`, any `rewards/<name>/mean`, and optionally
            `kl` (nats per token). A single component equals the total and is not drawn twice.
        returned: The step whose adapter is the result, 0 being the start; None for the last.
    """
    rows = history.dropna(subset=["reward"])
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38], vertical_spacing=0.08)
    figure.add_trace(_line(rows["step"], rows["reward"], "total", BLUE, width=3), row=1, col=1)
    components = [name for name in map(str, rows.columns) if re.fullmatch(r"rewards/.+/mean", name)]
    for column, colour in zip(components if len(components) > 1 else [], COLOURS[1:] * 3, strict=False):
        figure.add_trace(_line(rows["step"], rows[column], column.split("/")[1], colour, width=1.5), row=1, col=1)
    if "kl" in rows:
        whom = "teacher" if "distillation" in set(rows.get("stage", ())) else "reference"
        figure.add_trace(_line(rows["step"], rows["kl"], f"KL to the {whom}", GREY), row=2, col=1)
    figure.update_xaxes(title="optimizer step", row=2, col=1)
    figure.update_yaxes(title="mean reward", row=1, col=1)
    figure.update_yaxes(title="KL (nats / token)", rangemode="tozero", row=2, col=1)
    title = f"GRPO reward {_course(rows['step'], rows['reward'])}"
    if returned is not None and returned < rows["step"].max():
        figure.add_vline(returned, line={"dash": "dot", "color": GREY})
        best = f"step {returned} was the best" if returned else "no step was better than the start"
        title += f"; on the dev questions {best}, which is returned"
    return _styled(figure, title, height=520)


def accuracy(metrics: pd.DataFrame) -> go.Figure:
    """Draw the execution accuracy of each student with its 95 % interval.

    Args:
        metrics: The table of `comparison.compare_students`.
    """
    figure = go.Figure(_intervals(metrics, metrics["student"], "accuracy", BLUE))
    figure.update_xaxes(title="accuracy (%), 95 % interval", range=[-2, 100])
    figure.update_yaxes(autorange="reversed", type="category")
    pairs = zip(metrics["student"], metrics["accuracy"], strict=True)
    rates = ", ".join(f"{student} {100 * rate:.1f} %" for student, rate in pairs)
    title = f"Execution accuracy on {int(metrics['n'].iloc[0])} questions: {rates}"
    return _styled(figure, title, height=150 + ROW_HEIGHT * len(metrics), legend=False)


def accuracy_by_complexity(by_complexity: pd.DataFrame) -> go.Figure:
    """Draw the execution accuracy per complexity of the gold query, one colour and symbol per student.

    Args:
        by_complexity: The table of `comparison.by_complexity`.
    """
    students = list(dict.fromkeys(by_complexity["student"]))
    figure = go.Figure()
    for position, student in enumerate(students):
        part = by_complexity[by_complexity["student"] == student]
        levels = zip(part["sql_complexity"], part["n"], strict=True)
        labels = [f"{level}<br>(n = {n})" for level, n in levels]
        trace = _intervals(part, labels, "accuracy", COLOURS[position % 6], SYMBOLS[position % 6])
        # students of one complexity lie beside each other, not on top
        figure.add_trace(trace.update(name=student, offsetgroup=student))
    figure.update_layout(scattermode="group", scattergap=0.4)
    figure.update_xaxes(title="accuracy (%), 95 % interval", range=[-2, 100])
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    title = f"{_hardest(by_complexity, students[-1])}; intervals are wide where questions are few"
    return _styled(figure, title, height=170 + len(part) * (24 + 24 * len(students)))


def trace_yield(yields: pd.DataFrame) -> go.Figure:
    """Draw how many questions are left after each step, from what the teacher is asked to what the student learns.

    Args:
        yields: One row per step in order: `step` (name) and `rows` (questions left).
    """
    first = max(int(yields["rows"].iloc[0]), 1)
    labels = [f"{rows:,} ({rows / first:.0%})" for rows in yields["rows"]]
    figure = go.Figure(_bars(yields["rows"], yields["step"], labels, BLUE))
    figure.update_xaxes(title="questions", range=_room(yields["rows"]))
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    title = f"Of {yields['rows'].iloc[0]:,} questions, {yields['rows'].iloc[-1]:,} have a trace to learn from"
    return _styled(figure, title, height=150 + ROW_HEIGHT * len(yields), legend=False)


def trace_outcomes(outcomes: pd.DataFrame) -> go.Figure:
    """Draw the flow of the questions as a Sankey diagram: kept, or out at a stage for a reason.

    Args:
        outcomes: One row per question: `outcome`, `stage`, `reason`.
    """
    counts = outcomes.groupby(["outcome", "stage", "reason"]).size().reset_index(name="n")
    names, links = ["asked"], []

    def node(name: str) -> int:
        if name not in names:
            names.append(name)
        return names.index(name)

    for outcome, stage, reason, n in counts.to_numpy().tolist():
        if outcome == "kept":
            links.append((0, node("kept"), n, BLUE))
        else:
            links.append((0, node(f"out: {stage}"), n, ORANGE))
            links.append((node(f"out: {stage}"), node(f"{stage}: {reason}"), n, ORANGE))
    sources, targets, values, colours = zip(*links, strict=True)
    totals = [sum(v for _, t, v, _ in links if t == place) or len(outcomes) for place in range(len(names))]
    labels = [f"{name} ({total:,})" for name, total in zip(names, totals, strict=True)]
    figure = go.Figure(
        go.Sankey(
            node={"label": labels, "pad": 14, "thickness": 14, "color": SKY},
            link={"source": sources, "target": targets, "value": values, "color": colours},
        )
    )
    kept = int((outcomes["outcome"] == "kept").sum())
    return _styled(figure, f"Of {len(outcomes):,} questions, {kept:,} taught the student", height=420, legend=False)


def costs(bill: pd.DataFrame) -> go.Figure:
    """Draw what each stage cost in money and in time.

    Args:
        bill: One row per stage: `stage`, `cost` (in US dollars) and `seconds` (wall time; missing for the teacher).
    """
    minutes = bill["seconds"] / 60
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06)
    for column, (values, unit, colour) in enumerate(((bill["cost"], "USD", ORANGE), (minutes, "minutes", SKY)), 1):
        labels = ["" if pd.isna(value) else f"{value:,.2f}" for value in values]
        figure.add_trace(_bars(values, bill["stage"], labels, colour), row=1, col=column)
        figure.update_xaxes(title=unit, range=_room(values), nticks=4, row=1, col=column)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    title = f"The run cost {bill['cost'].sum():,.2f} USD and took {minutes.sum():,.1f} minutes"
    if minutes.isna().any():
        title += ", the teacher's calls not counted"
    return _styled(figure, title, height=150 + ROW_HEIGHT * len(bill), legend=False)


def _line(x: pd.Series, y: pd.Series, name: str, colour: str, width: float = 2, mode: str = "lines") -> go.Scatter:
    # a single log entry would be an invisible line
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers" if len(x) == 1 else mode,
        line={"color": colour, "width": width},
    )


def _intervals(
    frame: pd.DataFrame, labels: pd.Series | list[str], rate: str, colour: str, symbol: str = "circle"
) -> go.Scatter:
    """Points with horizontal 95 % intervals, in percent."""
    value, low, high = (100 * frame[f"{rate}{end}"] for end in ("", "_low", "_high"))
    return go.Scatter(
        x=value,
        y=labels,
        mode="markers",
        orientation="h",
        cliponaxis=False,
        marker={"color": colour, "size": 10, "symbol": symbol},
        error_x={
            "type": "data",
            "array": high - value,
            "arrayminus": value - low,
            "color": colour,
            "thickness": 2,
        },
        customdata=pd.DataFrame({"low": low, "high": high}).to_numpy(),
        hovertemplate="%{x:.1f} % (%{customdata[0]:.1f} … %{customdata[1]:.1f})",
    )


def _bars(lengths: pd.Series, names: pd.Series, labels: list[str], colour: str) -> go.Bar:
    """Horizontal bars with their labels beside them, where a bar of length 0 has one too."""
    return go.Bar(
        x=lengths,
        y=names,
        orientation="h",
        marker_color=colour,
        text=labels,
        textposition="outside",
        cliponaxis=False,
    )


def _room(lengths: pd.Series) -> list[float]:
    """Axis range that leaves room for the labels beside the bars."""
    return [0, 1.5 * float(lengths.max()) or 1]


def _course(steps: pd.Series, values: pd.Series) -> str:
    """Say in words how a curve runs, from means over its first and last tenth (single steps are noise)."""
    if values.empty:
        return "was not logged"
    window = max(len(values) // 10, 1)
    first, last = values.iloc[:window].mean(), values.iloc[-window:].mean()
    if f"{first:.2f}" == f"{last:.2f}":
        return f"stays at {last:.2f} over {int(steps.iloc[-1])} steps"
    spread = values.diff().std() * (1 / window) ** 0.5  # what the difference of two such means has by chance alone
    if abs(last - first) < 2 * spread:
        return f"starts at {first:.2f} and ends at {last:.2f} after {int(steps.iloc[-1])} steps, within its noise"
    verb = "falls" if last < first else "rises"
    return f"{verb} from {first:.2f} to {last:.2f} in {int(steps.iloc[-1])} steps"


def _hardest(by_complexity: pd.DataFrame, student: str) -> str:
    part = by_complexity[by_complexity["student"] == student]
    ranked = part.sort_values("accuracy", ascending=False, kind="stable")
    best, worst = ranked.iloc[0], ranked.iloc[-1]
    if len(part) == 1 or best["accuracy"] == worst["accuracy"]:
        return f"{student} answers {100 * best['accuracy']:.0f} % at every complexity"
    return (
        f"{student} does best at “{best['sql_complexity']}” ({100 * best['accuracy']:.0f} %), "
        f"worst at “{worst['sql_complexity']}” ({100 * worst['accuracy']:.0f} %)"
    )


def _styled(figure: go.Figure, title: str, height: int = 380, legend: bool = True) -> go.Figure:
    """Give every figure the same quiet look.

    The legend stands at the right: kedro-viz sets margins of its own, in which one above the plot meets the title.
    """
    figure.update_layout(
        title={"text": title, "x": 0, "xref": "paper", "font": {"size": 16}},
        height=height,
        margin={"l": 60, "r": 24, "t": 56, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#3B4048"},
        showlegend=legend and len(figure.data) > 1,
        hovermode="closest",
    )
    lines = {"gridcolor": "rgba(128,134,145,0.25)", "zerolinecolor": "rgba(128,134,145,0.5)"}
    figure.update_xaxes(**lines, automargin=True)
    figure.update_yaxes(**lines, automargin=True, ticklabelstandoff=8)
    return figure
