"""Wiring of the evaluation."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.evaluation import nodes

# The report's name for each figure.
PLOTS = {
    "accuracy": "accuracy_plot",
    "accuracy_by_complexity": "complexity_plot",
    "trace_yield": "yield_plot",
    "training_loss": "sft_loss_plot",
    "grpo_rewards": "grpo_reward_plot",
    "costs": "cost_plot",
}


def create_pipeline(**_: object) -> Pipeline:
    """Return prompts and adapters -> answers, scores, comparison, bill, figures, report."""
    student, options = "params:student", "params:evaluation"
    answers = [
        Node(
            nodes.answer_as_base,
            ["base_model", "evaluation_prompts", student, options],
            "base_answers",
            name="answer_as_base",
        ),
        *(
            Node(
                nodes.answer_with_adapter,
                ["base_model", f"{name}_adapter", "evaluation_prompts", "student_prompt", student, options],
                f"{name}_answers",
                name=f"answer_after_{name}",
            )
            for name in ("sft", "grpo")
        ),
    ]
    scores = [
        Node(
            nodes.score_answers,
            ["evaluation_prompts", f"{name}_answers", options],
            f"{name}_scores",
            name=f"score_{name}",
        )
        for name in ("base", "sft", "grpo")
    ]
    return Pipeline(
        [
            *answers,
            *scores,
            Node(
                nodes.compare_students,
                ["base_scores", "sft_scores", "grpo_scores"],
                ["evaluation_metrics", "complexity_metrics"],
                name="compare_students",
            ),
            Node(
                nodes.compute_costs,
                [
                    "cot_completions",
                    "sft_history",
                    "grpo_history",
                    "base_answers",
                    "sft_answers",
                    "grpo_answers",
                    "teacher_estimate",
                    "filtered_traces",
                    "teacher",
                    "params:prices",
                ],
                "costs",
                name="compute_costs",
            ),
            Node(
                nodes.plot_results,
                ["evaluation_metrics", "complexity_metrics", "costs"],
                ["accuracy_plot", "complexity_plot", "cost_plot"],
                name="plot_results",
            ),
            Node(
                nodes.choose_examples,
                ["evaluation_prompts", "sft_answers", "sft_scores", "grpo_answers", "grpo_scores", options],
                "evaluation_examples",
                name="choose_examples",
            ),
            Node(
                nodes.write_report,
                {
                    "metrics": "evaluation_metrics",
                    "by_complexity": "complexity_metrics",
                    "ledger": "costs",
                    "told": "evaluation_examples",
                    "raw_prompts": "raw_prompts",
                    "rejected": "rejected_traces",
                    "filtered": "filtered_traces",
                    "grpo_prompts": "grpo_prompts",
                    "prompts": "evaluation_prompts",
                    "tokens_page": "sft_tokens_page",
                    "options": options,
                    "teacher": "teacher",
                    "base_model": "base_model",
                    "prices": "params:prices",
                    **PLOTS,
                },
                "evaluation_report",
                name="write_report",
            ),
        ]
    )
