"""Tables of the evaluation: its questions, the answers and the verdicts on them."""

from sqlreason.data.tables.table_schema import CONVERSATION, SCORE_COLUMNS, TOOL_COLUMNS, TableSchema

EVALUATION: dict[str, TableSchema] = {
    "evaluation_prompts": TableSchema(
        "The evaluation.",
        {
            "id": "question",
            "prompt": "chat messages, JSON",
            "task": "gold and databases, JSON",
            "sql_prompt": "the question",
            "sql_context": "the database as given",
            "gold_sql": "the gold query",
            "sql_complexity": "class of the gold query",
        },
    ),
    "answers": TableSchema(
        "A student's answers to the evaluation.",
        {
            "id": "question",
            "text": "the answer",
            "tokens": "generated tokens, those of all samples and corrections",
            "finished": "the student ended its turn within the budget",
            "seconds": "its share of the batch's wall time",
            "first": "the answer before any correction",
            "retries": "how often the student was told that its query does not run, and answered again",
            "too_long": "its query does not run, and a correction would be longer than what the student reads",
            "adapter": "digest of the adapter that wrote it; empty for the untrained student",
            "votes": "samples of which it is the winner; 1 for a greedy answer",
        },
        optional=("first", "retries", "too_long", "adapter", "votes"),
        beside={**TOOL_COLUMNS, **CONVERSATION},
    ),
    "scores": TableSchema(
        "A student's answers, judged.",
        {
            "id": "question",
            "sql_complexity": "class of the gold query",
            "finished": "the student ended its turn within the budget",
            **SCORE_COLUMNS,
            "agrees_spider": "Spider's test-suite script would count it right on them; for comparison only",
            "agrees_bird": "BIRD's script (EX) would count it right on the original database; for comparison only",
            "plan_consistency": "share of the query's tables and columns that the reasoning names, 0 to 1",
            "tokens": "generated tokens, those of all samples and corrections",
            "seconds": "its share of the batch's wall time",
            "retries": "how often the student was told that its query does not run, and answered again",
        },
        optional=("retries",),
        beside=TOOL_COLUMNS,
    ),
    "forecast_check": TableSchema(
        "What was forecast for each finished training on rewards, and what came of it.",
        {
            "run": "digest of the trained adapter",
            "way": "how was trained",
            "headroom": "points between greedy answers and the best of the forecast's samples",
            "points": "gain that was forecast",
            "low": "of its interval",
            "high": "likewise",
            "go": "the forecast advised the training",
            "gained": "points on the evaluation",
            "questions": "their number",
            "inside": "the gain lies in the interval",
            "well_advised": "a go that paid, or a no-go that did not",
        },
        key="run",
        allow_empty=True,
    ),
}
