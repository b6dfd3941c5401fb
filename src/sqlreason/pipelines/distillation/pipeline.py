"""Wiring of distillation."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.distillation import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return questions -> prompts -> completions -> traces."""
    options = "params:distillation"
    return Pipeline(
        [
            Node(
                func=nodes.split_questions,
                inputs=["sql_questions", "params:split"],
                outputs="question_split",
                name="split_questions",
            ),
            Node(
                func=nodes.build_teacher_prompts,
                inputs=["sql_questions", "question_split", "teacher_prompt", "teacher_plan_prompt", options],
                outputs="raw_prompts",
                name="build_teacher_prompts",
            ),
            Node(
                func=nodes.estimate_teaching,
                inputs=["raw_prompts", "sql_questions", "teacher", "journal", options],
                outputs="teacher_estimate",
                name="estimate_teaching",
            ),
            Node(
                func=nodes.ask_teacher,
                inputs=["raw_prompts", "sql_questions", "teacher", "teacher_estimate", "journal", options],
                outputs="cot_completions",
                name="ask_teacher",
            ),
            Node(
                func=nodes.read_completions,
                inputs=["raw_prompts", "cot_completions"],
                outputs="cot_traces",
                name="read_completions",
            ),
        ],
        namespace="distillation",
        prefix_datasets_with_namespace=False,
    )
