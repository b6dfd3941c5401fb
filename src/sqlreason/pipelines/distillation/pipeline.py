"""Wiring of distillation."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.distillation import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return questions -> prompts -> completions -> traces."""
    return Pipeline(
        [
            Node(
                nodes.build_teacher_prompts,
                inputs=["sql_questions", "teacher_prompt", "params:split", "params:distillation"],
                outputs="raw_prompts",
                name="build_teacher_prompts",
            ),
            Node(
                nodes.ask_teacher,
                inputs=["raw_prompts", "sql_questions", "teacher", "params:distillation"],
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
