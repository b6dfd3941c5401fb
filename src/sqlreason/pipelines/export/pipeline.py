"""Wiring of the export."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.export import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return trained adapter and its figures -> card, merged model, GGUF file, their evaluation, publication."""
    return Pipeline(
        [
            Node(
                nodes.write_card,
                [
                    "base_model",
                    "grpo_adapter",
                    "student_prompt",
                    "filtered_traces",
                    "teacher",
                    "evaluation_metrics",
                    "costs",
                    "params:student",
                    "params:evaluation",
                    "params:export",
                ],
                "model_card",
                name="write_card",
            ),
            Node(
                nodes.merge_adapter,
                ["export_base", "base_model", "grpo_adapter", "model_card", "params:student"],
                "merged_model",
                name="merge_adapter",
            ),
            Node(
                nodes.request_gguf,
                ["merged_model", "student_prompt", "params:export"],
                "gguf_model",
                name="write_gguf",
            ),
            Node(
                nodes.evaluate_exports,
                [
                    "merged_model",
                    "gguf_model",
                    "evaluation_prompts",
                    "grpo_answers",
                    "params:student",
                    "params:evaluation",
                    "params:export",
                ],
                "export_metrics",
                name="evaluate_exports",
            ),
            Node(
                nodes.publish_export,
                [
                    "export_metrics",
                    "merged_model",
                    "gguf_model",
                    "model_card",
                    "base_model",
                    "teacher",
                    "params:export",
                ],
                "publication",
                name="publish_export",
            ),
        ]
    )
