"""Wiring of synthesis."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.synthesis import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return hand-written schemas -> embedded questions."""
    return Pipeline(
        [
            Node(
                nodes.make_question_sets,
                "params:synthesis",
                ["embedded_questions", "embedded_heldout"],
                name="make_question_sets",
            ),
        ]
    )
