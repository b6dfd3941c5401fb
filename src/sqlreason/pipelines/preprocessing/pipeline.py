"""Wiring of preprocessing."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.preprocessing import auditing, filtering, inputs, nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return traces and questions -> databases, verified and filtered traces, model inputs."""
    options, split = "params:preprocessing", "question_split"
    student = ["student_prompt", "base_model", "params:student"]
    return Pipeline(
        [
            Node(
                nodes.prepare_databases,
                ["sql_questions", "heldout_questions", "raw_prompts", split, "prepared_questions", options],
                "test_databases",
                name="prepare_databases",
            ),
            Node(
                nodes.verify_traces,
                ["cot_traces", "sql_questions", "test_databases", options],
                "verified_traces",
                name="verify_traces",
            ),
            Node(
                filtering.filter_traces,
                ["cot_traces", "verified_traces", "test_databases", "sql_questions", split, *student, options],
                ["filtered_traces", "rejected_traces"],
                name="filter_traces",
            ),
            Node(
                inputs.extract_features,
                ["sql_questions", "filtered_traces"],
                "sql_features",
                name="extract_features",
            ),
            Node(
                inputs.build_sft_examples,
                ["filtered_traces", "sql_features", "verified_traces", "test_databases", *student, options],
                "sft_examples",
                name="build_sft_examples",
            ),
            Node(
                inputs.build_grpo_prompts,
                ["sql_questions", split, "test_databases", "filtered_traces", *student, options],
                "grpo_prompts",
                name="build_grpo_prompts",
            ),
            Node(
                inputs.build_evaluation_prompts,
                ["heldout_questions", "test_databases", *student, options],
                "evaluation_prompts",
                name="build_evaluation_prompts",
            ),
            Node(
                auditing.summarise_outcomes,
                ["raw_prompts", "cot_traces", "filtered_traces", "rejected_traces"],
                "trace_outcomes",
                name="summarise_outcomes",
            ),
            Node(nodes.plot_outcomes, "trace_outcomes", "outcome_plot", name="plot_outcomes"),
            Node(
                auditing.audit_leakage,
                [
                    "sql_questions",
                    "raw_prompts",
                    "grpo_prompts",
                    split,
                    "evaluation_prompts",
                    "benchmark_questions",
                    options,
                ],
                "leakage_audit",
                name="audit_leakage",
            ),
            Node(
                nodes.plot_yield,
                ["raw_prompts", "rejected_traces", "filtered_traces"],
                "yield_plot",
                name="plot_yield",
            ),
        ]
    )
