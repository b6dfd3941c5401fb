"""Wiring of the export."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.export import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return a trained adapter -> card, merged model, GGUF file, their evaluation, publication."""
    return Pipeline(
        [
            Node(
                func=nodes.choose_adapter,
                inputs=["export_sources", "base_model", "student_prompt", "teacher", "params:student", "params:export"],
                outputs="exported_adapter",
                name="choose_exported_adapter",
            ),
            Node(
                func=nodes.write_card,
                inputs=[
                    "base_model",
                    "exported_adapter",
                    "export_sources",
                    "student_prompt",
                    "filtered_traces",
                    "teacher",
                    "params:evaluation",
                    "params:export",
                ],
                outputs="model_card",
                name="write_card",
            ),
            Node(
                func=nodes.merge_adapter,
                inputs=["export_base", "base_model", "exported_adapter", "model_card", "params:student"],
                outputs="merged_model",
                name="merge_adapter",
            ),
            Node(
                func=nodes.request_gguf,
                inputs=["merged_model", "student_prompt", "filtered_traces", "params:export"],
                outputs="gguf_model",
                name="write_gguf",
            ),
            Node(
                func=nodes.evaluate_exports,
                inputs=[
                    "merged_model",
                    "gguf_model",
                    "evaluation_prompts",
                    "base_model",
                    "exported_adapter",
                    "export_sources",
                    "params:student",
                    "params:evaluation",
                    "params:export",
                ],
                outputs="export_metrics",
                name="evaluate_exports",
            ),
            Node(
                func=nodes.publish_export,
                inputs=[
                    "export_metrics",
                    "merged_model",
                    "gguf_model",
                    "model_card",
                    "base_model",
                    "teacher",
                    "params:export",
                ],
                outputs="publication",
                name="publish_export",
            ),
        ],
        namespace="export",
        prefix_datasets_with_namespace=False,
    )
