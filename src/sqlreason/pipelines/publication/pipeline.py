"""Wiring of publication."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.publication import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return kept traces -> a dataset with its card."""
    return Pipeline(
        [
            Node(
                nodes.publish_traces,
                ["filtered_traces", "trace_outcomes", "cot_completions", "teacher", "params:publication"],
                "published_traces",
                name="publish_traces",
            ),
        ]
    )
