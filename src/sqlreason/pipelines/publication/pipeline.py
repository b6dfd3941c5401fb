"""Wiring of publication."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.publication import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return kept traces -> a dataset with its card."""
    return Pipeline(
        [
            Node(
                func=nodes.publish_traces,
                inputs=["filtered_traces", "trace_outcomes", "cot_completions", "teacher", "params:publication"],
                outputs="published_traces",
                name="publish_traces",
            ),
        ],
        namespace="publication",
        prefix_datasets_with_namespace=False,
    )
