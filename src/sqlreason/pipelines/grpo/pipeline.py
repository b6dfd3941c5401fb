"""Wiring of GRPO."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.grpo import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return SFT adapter and prompts -> certified rewards, forecast, GRPO adapter, history, rollouts, reward plot."""
    return Pipeline(
        [
            Node(nodes.certify_rewards, ["grpo_prompts", "params:grpo"], "certification", name="certify_rewards"),
            Node(
                nodes.choose_start,
                [
                    "base_model",
                    "sft_adapter",
                    "sft_examples",
                    "student_prompt",
                    "checkpoints",
                    "params:student",
                    "params:sft",
                    "params:grpo",
                ],
                "initial_adapter",
                name="choose_initial_adapter",
            ),
            Node(
                nodes.forecast_gains,
                ["base_model", "initial_adapter", "grpo_prompts", "student_prompt", "params:student", "params:grpo"],
                ["grpo_profile", "grpo_forecast"],
                name="forecast_grpo",
            ),
            Node(
                nodes.train_student,
                [
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
                ["grpo_adapter", "grpo_history", "grpo_rollouts"],
                name="train_grpo",
            ),
            Node(nodes.plot_rewards, ["grpo_history", "grpo_adapter"], "grpo_reward_plot", name="plot_grpo_rewards"),
        ]
    )
