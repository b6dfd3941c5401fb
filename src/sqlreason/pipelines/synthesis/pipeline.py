"""Wiring of synthesis."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.synthesis import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return schemas or a database -> drawn questions -> questions, some of them reworded."""
    return Pipeline(
        [
            Node(
                func=nodes.draw_questions,
                inputs="params:synthesis",
                outputs=["drawn_questions", "drawn_heldout", "synthesis_summary"],
                name="draw_questions",
            ),
            Node(
                func=nodes.paraphrase_questions,
                inputs=[
                    "drawn_questions",
                    "drawn_heldout",
                    "teacher",
                    "teacher_prompt",
                    "journal",
                    "params:synthesis",
                    "params:distillation",
                ],
                outputs=["synthetic_questions", "synthetic_heldout"],
                name="paraphrase_questions",
            ),
        ],
        namespace="synthesis",
        prefix_datasets_with_namespace=False,
    )
