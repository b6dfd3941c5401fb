"""Wiring of the evaluation."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.evaluation import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return prompts and adapters -> answers, scores, comparison, costs, figures, report."""
    student, options = "params:student", "params:evaluation"
    answers = [
        Node(
            func=nodes.answer_as_base,
            inputs=["base_model", "evaluation_prompts", student, options],
            outputs="base_answers",
            name="answer_as_base",
        ),
        *(
            Node(
                func=nodes.answer_with_adapter,
                inputs=["base_model", f"{name}_adapter", "evaluation_prompts", "student_prompt", student, options],
                outputs=f"{name}_answers",
                name=f"answer_after_{name}",
            )
            for name in ("sft", "grpo")
        ),
    ]
    scores = [
        Node(
            func=nodes.score_answers,
            inputs=["evaluation_prompts", f"{name}_answers", options],
            outputs=f"{name}_scores",
            name=f"score_{name}",
        )
        for name in ("base", "sft", "grpo")
    ]
    every = ["base_answers", "sft_answers", "grpo_answers"]
    predictions = [
        *(
            Node(
                func=nodes.write_predictions,
                inputs=["heldout_questions", f"{name}_answers"],
                outputs=[f"{name}_spider_predictions", f"{name}_bird_predictions"],
                name=f"write_{name}_predictions",
            )
            for name in ("base", "sft", "grpo")
        ),
        Node(
            func=nodes.write_ibm_records,
            inputs=["heldout_questions", *every],
            outputs="ibm_predictions",
            name="write_ibm_records",
        ),
        Node(
            func=nodes.score_benchmark,
            inputs=["heldout_questions", *every, options],
            outputs=["benchmark_metrics", "benchmark_report"],
            name="score_benchmark",
        ),
    ]
    return Pipeline(
        [
            *answers,
            *scores,
            *predictions,
            Node(
                func=nodes.compare_students,
                inputs=["base_scores", "sft_scores", "grpo_scores"],
                outputs=["evaluation_metrics", "complexity_metrics"],
                name="compare_students",
            ),
            Node(
                func=nodes.check_forecast,
                inputs=["grpo_forecast", "sft_scores", "grpo_scores", "grpo_adapter", "forecast_calibration"],
                outputs="forecast_check",
                name="check_forecast",
            ),
            Node(
                func=nodes.compute_costs,
                inputs=[
                    "cot_completions",
                    "teacher_estimate",
                    "trace_outcomes",
                    "sft_history",
                    "grpo_history",
                    "evaluation_metrics",
                    "teacher",
                    "params:prices",
                ],
                outputs="costs",
                name="compute_costs",
            ),
            Node(
                func=nodes.plot_results,
                inputs=["evaluation_metrics", "complexity_metrics", "costs"],
                outputs=["accuracy_plot", "complexity_plot", "cost_plot"],
                name="plot_results",
            ),
            Node(
                func=nodes.choose_examples,
                inputs=["evaluation_prompts", "sft_answers", "sft_scores", "grpo_answers", "grpo_scores", options],
                outputs="evaluation_examples",
                name="choose_examples",
            ),
            Node(
                func=nodes.describe_run,
                inputs=["teacher", "base_model", "grpo_prompts", "evaluation_prompts", "params:prices", options],
                outputs="report_facts",
                name="describe_run",
            ),
            Node(
                func=nodes.write_report,
                inputs=[
                    "evaluation_metrics",
                    "complexity_metrics",
                    "evaluation_examples",
                    "trace_outcomes",
                    "costs",
                    "sft_loss_plot",
                    "grpo_reward_plot",
                    "sft_tokens_page",
                    "grpo_credit_page",
                    "report_facts",
                ],
                outputs="evaluation_report",
                name="write_report",
            ),
        ],
        namespace="evaluation",
        prefix_datasets_with_namespace=False,
    )
