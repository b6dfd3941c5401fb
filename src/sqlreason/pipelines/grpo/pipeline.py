"""Wiring of GRPO."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.grpo import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return SFT adapter and prompts -> certified rewards, GRPO adapter, history, rollouts, reward plot."""
    return Pipeline(
        [
            Node(nodes.certify_rewards, ["grpo_prompts", "params:grpo"], "certification", name="certify_rewards"),
            Node(
                nodes.train_student,
                [
                    "base_model",
                    "sft_adapter",
                    "grpo_prompts",
                    "certification",
                    "student_prompt",
                    "params:student",
                    "params:grpo",
                ],
                ["grpo_adapter", "grpo_history", "grpo_rollouts"],
                name="train_grpo",
            ),
            Node(nodes.plot_rewards, "grpo_history", "grpo_reward_plot", name="plot_grpo_rewards"),
        ]
    )
