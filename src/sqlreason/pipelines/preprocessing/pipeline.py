"""Wiring of preprocessing."""

from kedro.pipeline import Node, Pipeline

from sqlreason.data.trace_outcomes import summarise_outcomes
from sqlreason.pipelines.preprocessing import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return traces and questions -> databases, verified and filtered traces, model inputs."""
    options = "params:preprocessing"
    student = ["student_prompt", "base_model", "params:student"]
    return Pipeline(
        [
            Node(
                func=nodes.prepare_databases,
                inputs=[
                    "sql_questions",
                    "heldout_questions",
                    "raw_prompts",
                    "question_split",
                    "prepared_questions",
                    options,
                ],
                outputs="test_databases",
                name="prepare_databases",
            ),
            Node(
                func=nodes.verify_traces,
                inputs=["cot_traces", "sql_questions", "test_databases", options, "params:distillation"],
                outputs="verified_traces",
                name="verify_traces",
            ),
            Node(
                func=nodes.filter_traces,
                inputs=[
                    "cot_traces",
                    "verified_traces",
                    "test_databases",
                    "sql_questions",
                    "question_split",
                    *student,
                    options,
                ],
                outputs=["filtered_traces", "rejected_traces"],
                name="filter_traces",
            ),
            Node(
                func=nodes.extract_features,
                inputs=["sql_questions", "filtered_traces"],
                outputs="sql_features",
                name="extract_features",
            ),
            Node(
                func=nodes.build_sft_examples,
                inputs=["filtered_traces", "sql_features", "verified_traces", "test_databases", *student, options],
                outputs="sft_examples",
                name="build_sft_examples",
            ),
            Node(
                func=nodes.build_grpo_prompts,
                inputs=["sql_questions", "question_split", "test_databases", "filtered_traces", *student, options],
                outputs="grpo_prompts",
                name="build_grpo_prompts",
            ),
            Node(
                func=nodes.build_evaluation_prompts,
                inputs=["heldout_questions", "test_databases", *student, options],
                outputs="evaluation_prompts",
                name="build_evaluation_prompts",
            ),
            Node(
                func=summarise_outcomes,
                inputs=["raw_prompts", "cot_traces", "filtered_traces", "rejected_traces"],
                outputs="trace_outcomes",
                name="summarise_outcomes",
            ),
            Node(
                func=nodes.plot_outcomes,
                inputs="trace_outcomes",
                outputs="outcome_plot",
                name="plot_outcomes",
            ),
            Node(
                func=nodes.plot_yield,
                inputs="trace_outcomes",
                outputs="yield_plot",
                name="plot_yield",
            ),
            Node(
                func=nodes.audit_leakage,
                inputs=[
                    "sql_questions",
                    "raw_prompts",
                    "grpo_prompts",
                    "evaluation_prompts",
                    "benchmark_questions",
                    options,
                ],
                outputs="leakage_audit",
                name="audit_leakage",
            ),
        ],
        namespace="preprocessing",
        prefix_datasets_with_namespace=False,
    )
