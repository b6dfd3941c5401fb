"""Wiring of SFT."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.sft import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return base model and examples -> adapter, history, loss plot."""
    return Pipeline(
        [
            Node(
                func=nodes.train_student,
                inputs=[
                    "base_model",
                    "sft_examples",
                    "student_prompt",
                    "checkpoints",
                    "params:student",
                    "params:sft",
                    "params:distillation",
                ],
                outputs=["sft_adapter", "sft_history"],
                name="train_sft",
            ),
            Node(
                func=nodes.show_tokens,
                inputs=["base_model", "sft_examples", "params:student"],
                outputs="sft_tokens_page",
                name="show_sft_tokens",
            ),
            Node(
                func=nodes.plot_loss,
                inputs="sft_history",
                outputs="sft_loss_plot",
                name="plot_sft_loss",
            ),
        ],
        namespace="sft",
        prefix_datasets_with_namespace=False,
    )
