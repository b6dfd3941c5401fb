"""Tables that the trainers read and write, and the databases on which queries are compared."""

from sqlreason.data.tables.table_schema import TableSchema

TRAINING: dict[str, TableSchema] = {
    "sql_features": TableSchema(
        "Gold queries by syntax tree.",
        {
            "id": "question",
            "schema_fingerprint": "hash of the schema's tables and columns",
            "template": "the gold without names and literals",
            "kind": "select, insert, update, delete, …; `unparsable`",
            "n_tables": "tables read",
            "n_joins": "joins",
            "n_filters": "comparisons in WHERE and HAVING",
            "n_aggregates": "aggregate calls",
            "has_subquery": "a query within the query",
            "has_order": "the outermost query orders",
        },
    ),
    "test_databases": TableSchema(
        "The databases on which candidates are compared with the gold, prepared once.",
        {
            "id": "question",
            "split": "`train` or `heldout`",
            "status": "`ok`, or why the question cannot be used: gold_error, vacuous, …",
            "reason": "the engine's message",
            "task": "gold, engine and test databases as JSON; empty unless `ok`",
            "databases": "number of databases, the original included",
            "mutants": "wrong neighbours of the gold that were tried",
            "killed": "of these, told apart from the gold by the test databases",
        },
        key=None,
    ),
    "sft_examples": TableSchema(
        "Prompt and completion rows for supervised fine-tuning.",
        {
            "id": "question; that of a correction ends with `/corrected`",
            "kind": "`trace`, or `self_repair`: the prompt holds a failing answer and the engine's message",
            "prompt": "chat messages, JSON",
            "completion": "the trace in the grammar",
        },
        optional=("kind",),
    ),
    "grpo_prompts": TableSchema(
        "Prompts for GRPO: questions that the teacher was not asked.",
        {
            "id": "question",
            "prompt": "chat messages, JSON",
            "task": "gold and databases, JSON",
            "gold_sql": "the gold query",
            "sql_context": "the database as given",
            "sql_complexity": "class of the gold query",
            "teacher_think": "the teacher's reasoning, for the reward `teacher_similarity`; empty where it has none",
        },
    ),
    "sft_history": TableSchema(
        "One row a logged step of SFT.",
        {
            "step": "optimiser step",
            "loss": "mean loss per trained token, nats",
            "seconds": "since the start of training",
        },
        key=None,
    ),
    "certification": TableSchema(
        "The rewards of GRPO, tried on correct answers, mutants and exploits before a training is spent on them.",
        {
            "kind": "`correct`, `mutant` or `exploit`",
            "family": "what an exploit exploits",
            "name": "the rewrite or the exploit",
            "completions": "number scored",
            "lowest": "score of the mix",
            "mean": "likewise",
            "highest": "likewise",
            "passed": "an exploit never earns as much as the worst correct answer; correct answers beat mutants",
            "reason": "commonest reason code; of mutants the AUC",
        },
        key=None,
    ),
    "grpo_profile": TableSchema(
        "Rollouts of the student before GRPO, for the forecast and the curriculum.",
        {
            "id": "question",
            "temperature": "at which it was sampled",
            "completion": "the rollout",
            "reward": "weighted total",
            "right": "agrees with the gold on every test database, and ended its turn",
            "tokens": "generated tokens",
            "seconds": "its share of the batch's wall time",
        },
        key=None,
        allow_empty=True,
    ),
    "grpo_forecast": TableSchema(
        "What the profile says, one row a temperature.",
        {
            "temperature": "of the rollouts",
            "prompts": "profiled",
            "samples": "rollouts of each",
            "right": "share of right rollouts",
            "best_of_all": "share of prompts with a right rollout",
            "learnable": "share of prompts with right and wrong rollouts",
            "signal": "mean over prompts of p (1 - p), p being the share of right rollouts; decides on the temperature",
            "zero_variance_share": "share of prompts whose rollouts all earn the same",
            "completions_per_minute": "generated on this machine",
            "useful_groups_per_minute": "groups with right and wrong answers, of the configured size",
            "advised_group": "group size at which enough groups of learnable prompts are useful",
        },
        key=None,
        allow_empty=True,
    ),
    "grpo_history": TableSchema(
        "One row a step of GRPO, or of the method in its place.",
        {
            "step": "optimiser step",
            "reward": "mean reward of the step's completions",
            "kl": "KL to the reference (0 where beta is 0), of distillation divergence from the teacher; nats a token",
            "seconds": "since the start of training",
        },
        key=None,
        beside={
            "generated_tokens": "of the step's completions, replaced ones included",
            "replaced_groups": "groups without variance that were written anew (`grpo.dynamic_sampling`)",
            "joined_traces": "groups that a trace joined (`grpo.trace_in_failed_groups`)",
        },
    ),
    "grpo_rollouts": TableSchema(
        "What the student wrote during GRPO, or the method in its place.",
        {"step": "optimiser step", "id": "question", "completion": "the rollout", "reward": "weighted total"},
        key=None,
        allow_empty=True,
        beside={
            "trace": "not the student's: a trace that joined a group in which every sample failed",
            "credit": "advantage of each token, where tokens have their own (`grpo.credit: clause`)",
        },
    ),
}
