"""Wiring of distillation."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.distillation import asking, nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return questions -> prompts -> completions -> traces."""
    return Pipeline(
        [
            Node(
                nodes.split_questions,
                inputs=["sql_questions", "params:split"],
                outputs="question_split",
                name="split_questions",
            ),
            Node(
                nodes.build_teacher_prompts,
                inputs=[
                    "sql_questions",
                    "question_split",
                    "teacher_prompt",
                    "teacher_plan_prompt",
                    "params:distillation",
                ],
                outputs="raw_prompts",
                name="build_teacher_prompts",
            ),
            Node(
                asking.estimate_teaching,
                inputs=["raw_prompts", "sql_questions", "teacher", "journal", "params:distillation"],
                outputs="teacher_estimate",
                name="estimate_teaching",
            ),
            Node(
                asking.ask_teacher,
                inputs=[
                    "raw_prompts",
                    "sql_questions",
                    "teacher",
                    "teacher_estimate",
                    "journal",
                    "params:distillation",
                ],
                outputs="cot_completions",
                name="ask_teacher",
            ),
            Node(
                nodes.read_completions,
                inputs=["raw_prompts", "cot_completions"],
                outputs="cot_traces",
                name="read_completions",
            ),
        ]
    )
