"""Wiring of GRPO."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.grpo import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return SFT adapter and prompts -> certified rewards, forecast, GRPO adapter, history, rollouts, reward plot."""
    return Pipeline(
        [
            Node(
                func=nodes.certify_rewards,
                inputs=["grpo_prompts", "params:grpo"],
                outputs="certification",
                name="certify_rewards",
            ),
            Node(
                func=nodes.choose_start,
                inputs=[
                    "base_model",
                    "sft_adapter",
                    "sft_examples",
                    "student_prompt",
                    "checkpoints",
                    "params:student",
                    "params:sft",
                    "params:grpo",
                ],
                outputs="initial_adapter",
                name="choose_initial_adapter",
            ),
            Node(
                func=nodes.forecast_gains,
                inputs=[
                    "base_model",
                    "initial_adapter",
                    "grpo_prompts",
                    "student_prompt",
                    "checkpoints",
                    "forecast_calibration",
                    "params:student",
                    "params:grpo",
                ],
                outputs=["grpo_profile", "grpo_forecast"],
                name="forecast_grpo",
            ),
            Node(
                func=nodes.train_student,
                inputs=[
                    "base_model",
                    "initial_adapter",
                    "grpo_prompts",
                    "certification",
                    "grpo_profile",
                    "grpo_forecast",
                    "sft_examples",
                    "distillation_teacher",
                    "student_prompt",
                    "checkpoints",
                    "params:student",
                    "params:sft",
                    "params:grpo",
                ],
                outputs=["grpo_adapter", "grpo_history", "grpo_rollouts"],
                name="train_grpo",
            ),
            Node(
                func=nodes.plot_rewards,
                inputs=["grpo_history", "grpo_adapter"],
                outputs="grpo_reward_plot",
                name="plot_grpo_rewards",
            ),
        ],
        namespace="grpo",
        prefix_datasets_with_namespace=False,
    )
