"""Wiring of synthesis."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.synthesis import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return schemas or a database -> drawn questions -> questions, some of them reworded."""
    return Pipeline(
        [
            Node(
                nodes.draw_questions,
                "params:synthesis",
                ["drawn_questions", "drawn_heldout", "synthesis_summary"],
                name="draw_questions",
            ),
            Node(
                nodes.paraphrase_questions,
                [
                    "drawn_questions", "drawn_heldout", "teacher", "teacher_prompt", "journal",
                    "params:synthesis", "params:distillation",
                ],
                ["synthetic_questions", "synthetic_heldout"],
                name="paraphrase_questions",
            ),
        ]
    )  # fmt: skip
