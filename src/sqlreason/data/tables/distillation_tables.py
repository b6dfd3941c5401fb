"""Tables from the questions to the traces that are kept, and why the others fell out."""

from sqlreason.data.tables.table_schema import SCORE_COLUMNS, TableSchema

_QUESTION_COLUMNS = {
    "id": "identifier of the question, unique within its source",
    "domain": "subject area (optional)",
    "sql_prompt": "the question in English",
    "sql_context": "the database: CREATE TABLE and INSERT statements",
    "sql": "the gold query",
    "sql_explanation": "the gold query in a sentence or two (optional)",
    "sql_complexity": "class of the query, e.g. `aggregation`, `single join`",
    "sql_task_type": "e.g. `data retrieval`, `analytics and reporting`, `data manipulation` (optional)",
    "dialect": "engine whose SQL it is and that runs it: `duckdb`, `postgres`; empty for SQLite (optional)",
}

#: Of a teacher with tools.
_CONVERSATION = {"conversation": "what teacher and tools said behind the prompt, JSON; calls stand in the turns' text"}

TEACHING: dict[str, TableSchema] = {
    "questions": TableSchema(
        "Questions with gold SQL, in the columns of gretelai/synthetic_text_to_sql.",
        _QUESTION_COLUMNS,
        text=True,
        optional=("domain", "sql_explanation", "sql_task_type", "dialect"),
        beside={
            "database": "a SQLite or DuckDB file in place of `sql_context` or beside it: a path within the project, or "
            "`sqlite:///PATH`, `duckdb:///PATH`; or `postgresql://ROLE@HOST/NAME`; queries are judged on it",
            "column_descriptions": "what its columns mean, JSON: `{table: {column: text}}`; shown with the schema",
            "other_golds": "further right queries, a list",
        },
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
            "hinted_messages": "the same with the gold shown, for where the blind answers fail; empty if never",
            "mode": "`blind`, or `hinted` where `messages` show the gold",
            "style": "`plan` or `free` reasoning",
            "prompt_fingerprint": "hash of the teacher prompt's text",
            "reason": "why no prompt could be built, e.g. the context does not parse; empty otherwise",
        },
    ),
    "teacher_estimate": TableSchema(
        "What asking is going to cost, reckoned before the first call; one row.",
        {
            "requests": "questions times samples",
            "missing": "of these, not in the journal yet",
            "prompt_tokens": "to be read for the missing ones",
            "completion_tokens": "to be written for them",
            "hours": "that they take; 0 where the speed is unknown",
            "usd": "that they cost, US dollars",
            "spent_usd": "that the others have cost already, and replies to any of which no answer came",
            "basis": "how this was reckoned",
        },
        key=None,
    ),
    "cot_completions": TableSchema(
        "What the teacher answered, as it came; cut from the journal.",
        {
            "id": "question",
            "sample": "which of several answers to the question, from 0 on",
            "mode": "`blind`, or `hinted` where the gold was shown",
            "text": "the answer",
            "reasoning": "the provider's separate reasoning field, if any",
            "status": "`ok` or `failed`",
            "reason": "why it failed",
            "finish_reason": "stop, length, refusal, tool_calls, …",
            "model": "the teacher",
            "prompt_tokens": "tokens in the prompt; 0 where the provider does not say",
            "completion_tokens": "tokens in the answer; 0 where the provider does not say",
            "seconds": "latency of the call, seconds",
            "usd": "price of the call, and of earlier ones of which no answer came, US dollars",
            "request_id": "the provider's name for the call",
        },
        key=None,
        beside={
            "turns": "of a teacher with tools (`distillation.environment`); tokens, seconds, dollars are of all",
            "tool_calls": "of its turns",
            "tool_errors": "calls that failed",
            **_CONVERSATION,
        },
    ),
    "cot_traces": TableSchema(
        "Answers read by the strict parser.",
        {
            "id": "question",
            "sample": "which of several answers to the question, from 0 on",
            "status": "`ok`, `rejected` (an answer that cannot be used) or `failed` (no answer)",
            "mode": "`blind` or `hinted`",
            "think": "the reasoning",
            "sql": "the teacher's query",
            "well_formed": "the answer follows the grammar",
            "reason": "why the row fell out so far; empty if well-formed",
        },
        key=None,
        beside=_CONVERSATION,
    ),
    "verified_traces": TableSchema(
        "Well-formed traces, executed beside the gold.",
        {
            "id": "question",
            "sample": "which of several answers to the question, from 0 on",
            "mode": "`blind` or `hinted`",
            "think": "the reasoning",
            "sql": "the teacher's query",
            **{k: v for k, v in SCORE_COLUMNS.items() if k != "well_formed"},
            "agreement": "share of the question's well-formed answers whose query gives the same rows, 0 to 1",
            "plan_consistency": "share of the query's tables and columns that the reasoning names, 0 to 1",
            "unknown_names": "names in the reasoning that neither schema nor query knows",
        },
        key=None,
        beside={
            **_CONVERSATION,
            "replay": "what a tool did not say again when its call was executed anew; empty if nothing",
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
            "agreement": "share of the question's well-formed answers whose query gives the same rows, 0 to 1",
            "prompt_tokens": "tokens by the student's tokenizer, chat template included",
            "completion_tokens": "likewise, end of turn included",
            "plan_consistency": "0 to 1",
            "sql_complexity": "class of the gold query",
        },
        beside=_CONVERSATION,
    ),
    "trace_outcomes": TableSchema(
        "What became of every question that was to be asked.",
        {
            "id": "question",
            "outcome": "`kept`, `rejected` or `failed`",
            "stage": "where it fell out; empty if kept",
            "reason": "why; empty if kept",
            "mode": "`blind` or `hinted`, where a trace is kept",
            "answers": "answers that the teacher gave to it",
        },
    ),
    "leakage_audit": TableSchema(
        "What training, evaluation and a named benchmark have in common; one row a pair.",
        {
            "left": "`sft`, `grpo`, `evaluation`",
            "right": "`grpo`, `evaluation`, `benchmark`",
            "left_questions": "questions of the left part",
            "right_questions": "questions of the right part",
            "schemas": "schemas that occur in both",
            "same_questions": "questions of the right part that stand word for word in the left",
            "near_duplicates": "questions of the right part that nearly repeat one of the left",
            "same_queries": "gold queries of the right part that stand word for word in the left",
            "example": "a near-duplicate pair",
        },
        key=None,
    ),
    "rejected_traces": TableSchema(
        "Questions that fell out, each with one reason.",
        {"id": "question", "stage": "where it fell out", "reason": "why", "detail": "the full message"},
        allow_empty=True,
    ),
}
