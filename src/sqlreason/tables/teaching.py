"""Tables from the questions to the traces that are kept, and why the others fell out."""

from sqlreason.tables.definition import SCORE_COLUMNS, TableSchema

_QUESTION_COLUMNS = {
    "id": "identifier of the question, unique within its source",
    "domain": "subject area (optional)",
    "sql_prompt": "the question in English",
    "sql_context": "the database: CREATE TABLE and INSERT statements",
    "sql": "the gold query",
    "sql_explanation": "the gold query in a sentence or two (optional)",
    "sql_complexity": "class of the query, e.g. `aggregation`, `single join`",
    "sql_task_type": "e.g. `data retrieval`, `analytics and reporting`, `data manipulation` (optional)",
}

TEACHING: dict[str, TableSchema] = {
    "questions": TableSchema(
        "Questions with gold SQL, in the columns of gretelai/synthetic_text_to_sql.",
        _QUESTION_COLUMNS,
        text=True,
        optional=("domain", "sql_explanation", "sql_task_type"),
    ),
    "question_split": TableSchema(
        "Which stage uses which question; groups are whole, so that stages share no schema.",
        {
            "id": "question",
            "group": "hash of the schema's tables and columns, or the SQL template where there are few schemas",
            "for_teacher": "the teacher may be asked it",
            "for_grpo": "GRPO may train on it",
        },
    ),
    "raw_prompts": TableSchema(
        "What the teacher is asked.",
        {
            "id": "question",
            "messages": "chat messages, JSON; empty if no prompt could be built",
            "mode": "`blind`, or `hinted` where the gold was shown",
            "prompt_fingerprint": "hash of the teacher prompt's text",
            "reason": "why no prompt could be built, e.g. the context does not parse; empty otherwise",
        },
    ),
    "cot_completions": TableSchema(
        "What the teacher answered, as it came.",
        {
            "id": "question",
            "text": "the answer",
            "reasoning": "the provider's separate reasoning field, if any",
            "status": "`ok` or `failed`",
            "reason": "why it failed",
            "finish_reason": "stop, length, …",
            "model": "the teacher",
            "prompt_tokens": "tokens in the prompt",
            "completion_tokens": "tokens in the answer",
            "seconds": "latency of the call, seconds",
            "usd": "price of the call, US dollars",
        },
    ),
    "cot_traces": TableSchema(
        "Answers read by the strict parser.",
        {
            "id": "question",
            "mode": "`blind` or `hinted`",
            "think": "the reasoning",
            "sql": "the teacher's query",
            "well_formed": "the answer follows the grammar",
            "reason": "why the row fell out so far; empty if well-formed",
        },
    ),
    "verified_traces": TableSchema(
        "Well-formed traces, executed beside the gold.",
        {
            "id": "question",
            "mode": "`blind` or `hinted`",
            "think": "the reasoning",
            "sql": "the teacher's query",
            **{k: v for k, v in SCORE_COLUMNS.items() if k != "well_formed"},
            "plan_consistency": "share of the query's tables and columns that the reasoning names, 0 to 1",
        },
        allow_empty=True,
    ),
    "filtered_traces": TableSchema(
        "Traces that are kept, with the student's prompt.",
        {
            "id": "question",
            "mode": "`blind` or `hinted`",
            "prompt": "chat messages for the student, JSON",
            "completion": "the trace in the grammar",
            "agrees": "false for the incorrect traces kept on purpose",
            "prompt_tokens": "tokens by the student's tokenizer, chat template included",
            "completion_tokens": "likewise, end of turn included",
            "plan_consistency": "0 to 1",
            "sql_complexity": "class of the gold query",
        },
    ),
    "rejected_traces": TableSchema(
        "Questions that fell out, each with one reason.",
        {"id": "question", "stage": "where it fell out", "reason": "why", "detail": "the full message"},
        allow_empty=True,
    ),
}
