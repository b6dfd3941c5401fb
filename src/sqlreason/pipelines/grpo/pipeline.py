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
                "grpo_start",
                name="choose_grpo_start",
            ),
            Node(
                nodes.forecast_gains,
                ["base_model", "grpo_start", "grpo_prompts", "student_prompt", "params:student", "params:grpo"],
                ["grpo_profile", "grpo_forecast"],
                name="forecast_grpo",
            ),
            Node(
                nodes.train_student,
                [
                    "base_model",
                    "grpo_start",
                    "grpo_prompts",
                    "certification",
                    "grpo_profile",
                    "grpo_forecast",
                    "sft_examples",
                    "policy_teacher",
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
