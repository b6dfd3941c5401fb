"""What a run leaves behind and prints: seconds per stage, where it stopped, its record, its summary."""

import pandas as pd

from sqlreason.data.tables import TABLES
from sqlreason.reporting.run_record import Progress, describe_run
from sqlreason.reporting.run_summary import summarise_run


def test_the_seconds_of_nodes_add_up_to_those_of_their_stage():
    progress = Progress()
    for node in ("sft.train_sft", "sft.plot_sft_loss"):
        progress.start(node)
        progress.finish(node, "sft")
    assert list(progress.seconds) == ["sft"] and progress.seconds["sft"] >= 0


def test_a_run_that_fails_says_at_which_node_or_entry_it_stopped():
    progress = Progress()
    assert progress.how_to_go_on().startswith("The run stopped between its nodes. ")
    progress.start("sft.train_sft")
    assert progress.how_to_go_on().startswith("The run stopped at sft.train_sft. ")
    progress.touch("while 'costs' was saved")
    assert progress.how_to_go_on().startswith("The run stopped while 'costs' was saved. ")
    progress.touch("")
    assert progress.how_to_go_on().startswith("The run stopped at sft.train_sft. ")


def test_the_record_tells_code_versions_and_parameters(project):
    given = {"project_path": str(project), "env": "demo", "runtime_params": {"sft": {"epochs": 1}}, "runner": "x"}
    record = describe_run(given, {"sft": 1.26})
    assert record["env"] == "demo" and record["runtime_params"] == {"sft": {"epochs": 1}}
    assert record["packages"]["kedro"] and record["seconds_per_stage"] == {"sft": 1.3}
    assert "runner" not in record and "session_id" in record


def test_without_git_the_commit_is_unknown(tmp_path):
    assert describe_run({"project_path": str(tmp_path / "nowhere")}, {})["commit"] == "unknown"


def test_the_summary_tells_no_more_than_was_made():
    assert summarise_run({"sft_adapter"}, {}.__getitem__, {"sft": 61.4}) == "\nSeconds per stage: sft 61"


def test_the_summary_of_a_whole_run_holds_the_table_the_costs_and_the_report():
    rates = {f"{name}_{end}": 0.5 for name in ("format", "executes", "accuracy") for end in ("low", "high")}
    metrics = {
        "student": "base", "n": 4, "format_rate": 1.0, "executes": 1.0, "accuracy": 0.5, "difference": float("nan"),
        **rates,
    }  # fmt: skip
    outcomes = {column: ["kept"] for column in TABLES["trace_outcomes"].columns}
    entries = {
        "evaluation_metrics": pd.DataFrame([metrics]),
        "costs": pd.DataFrame({"stage": ["distillation", "sft"], "cost": [0.5, 0.25]}),
        "trace_outcomes": pd.DataFrame(outcomes),
    }
    told = summarise_run(set(entries), entries.__getitem__, {"sft": 1.0}, "report.html").splitlines()
    assert told[1].startswith("student") and told[3].startswith("base")
    assert told[-3] == "Bill: 0.75 USD (distillation 0.50, sft 0.25); 0.5000 per trace kept (1)"
    assert told[-2:] == ["Seconds per stage: sft 1", "Report: report.html"]
