"""Wiring of SFT."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.sft import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return base model and examples -> adapter, history, loss plot."""
    return Pipeline(
        [
            Node(
                nodes.train_student,
                ["base_model", "sft_examples", "student_prompt", "checkpoints", "params:student", "params:sft"],
                ["sft_adapter", "sft_history"],
                name="train_sft",
            ),
            Node(
                nodes.show_tokens,
                ["base_model", "sft_examples", "params:student"],
                "sft_tokens_page",
                name="show_sft_tokens",
            ),
            Node(nodes.plot_loss, "sft_history", "sft_loss_plot", name="plot_sft_loss"),
        ]
    )
