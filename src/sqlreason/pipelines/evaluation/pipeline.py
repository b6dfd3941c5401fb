"""Wiring of the evaluation."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.evaluation import nodes

STUDENTS = ("base", "sft", "grpo")
_ANSWERS = [f"{name}_answers" for name in STUDENTS]
_SCORES = [f"{name}_scores" for name in STUDENTS]
_OPTIONS = "params:evaluation"


def create_pipeline(**_: object) -> Pipeline:
    """Return prompts and adapters -> answers, scores, comparison, costs, figures, report."""
    return Pipeline(
        [*_answer(), *_score(), *_export_predictions(), *_compare(), *_report()],
        namespace="evaluation",
        prefix_datasets_with_namespace=False,
    )


def _answer() -> list[Node]:
    student = "params:student"
    return [
        Node(
            func=nodes.answer_as_base,
            inputs=["base_model", "evaluation_prompts", "checkpoints", student, _OPTIONS],
            outputs="base_answers",
            name="answer_as_base",
        ),
        *(
            Node(
                func=nodes.answer_with_adapter,
                inputs=[
                    "base_model",
                    f"{name}_adapter",
                    "evaluation_prompts",
                    "student_prompt",
                    "checkpoints",
                    student,
                    _OPTIONS,
                ],
                outputs=f"{name}_answers",
                name=f"answer_after_{name}",
            )
            for name in STUDENTS[1:]
        ),
    ]


def _score() -> list[Node]:
    return [
        Node(
            func=nodes.score_answers,
            inputs=["evaluation_prompts", f"{name}_answers", _OPTIONS],
            outputs=f"{name}_scores",
            name=f"score_{name}",
        )
        for name in STUDENTS
    ]


def _export_predictions() -> list[Node]:
    """Files for the scripts of Spider, BIRD and IBM, and the same scores made here."""
    return [
        *(
            Node(
                func=nodes.write_predictions,
                inputs=["heldout_questions", f"{name}_answers"],
                outputs=[f"{name}_spider_predictions", f"{name}_bird_predictions"],
                name=f"write_{name}_predictions",
            )
            for name in STUDENTS
        ),
        Node(
            func=nodes.write_ibm_records,
            inputs=["heldout_questions", *_ANSWERS],
            outputs="ibm_predictions",
            name="write_ibm_records",
        ),
        Node(
            func=nodes.score_benchmark,
            inputs=["heldout_questions", *_ANSWERS, _OPTIONS],
            outputs=["benchmark_metrics", "benchmark_report"],
            name="score_benchmark",
        ),
    ]


def _compare() -> list[Node]:
    return [
        Node(
            func=nodes.compare_students,
            inputs=_SCORES,
            outputs=["evaluation_metrics", "complexity_metrics"],
            name="compare_students",
        ),
        Node(
            func=nodes.check_forecast,
            inputs=[
                "grpo_forecast",
                "sft_scores",
                "grpo_scores",
                "sft_adapter",
                "grpo_adapter",
                "forecast_calibration",
            ],
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
                "initial_adapter",
                "grpo_profile",
                "grpo_history",
                "evaluation_metrics",
                "teacher",
                "params:prices",
                "params:grpo",
            ],
            outputs="costs",
            name="compute_costs",
        ),
    ]


def _report() -> list[Node]:
    return [
        Node(
            func=nodes.plot_results,
            inputs=["evaluation_metrics", "complexity_metrics", "costs"],
            outputs=["accuracy_plot", "complexity_plot", "cost_plot"],
            name="plot_results",
        ),
        Node(
            func=nodes.choose_examples,
            inputs=["evaluation_prompts", "sft_answers", "sft_scores", "grpo_answers", "grpo_scores", _OPTIONS],
            outputs="evaluation_examples",
            name="choose_examples",
        ),
        Node(
            func=nodes.describe_run,
            inputs=["teacher", "base_model", "grpo_prompts", "evaluation_prompts", "params:prices", _OPTIONS],
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
                "report_facts",
            ],
            outputs="evaluation_report",
            name="write_report",
        ),
    ]
