"""The questions of an evaluation as a task of Inspect, judged as `harness_task` judges them.

`inspect eval FOLDER/inspect_task.py --model …`, with the folder that `kedro sqlreason harness` writes. Inspect tells
why an answer stopped, so that one which was cut off is wrong however it reads, as in the pipeline.
"""

import json
from pathlib import Path
from typing import Any

from sqlreason.benchmarks.harness_task import QUESTIONS, judge


def make_task(folder: Path, max_completion_tokens: int) -> Any:
    """Return Inspect's task over the questions of a folder.

    Args:
        folder: With the questions.
        max_completion_tokens: Limit of an answer, its end included.
    """
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, GenerateConfig
    from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
    from inspect_ai.solver import TaskState, generate

    def sample(doc: dict[str, Any]) -> Sample:
        messages: list[ChatMessage] = [ChatMessageSystem(content=doc["system"])] if doc["system"] else []
        return Sample(
            id=doc["id"], input=[*messages, ChatMessageUser(content=doc["user"])], target=doc["gold_sql"], metadata=doc
        )

    @scorer(metrics=[accuracy(), stderr()], name="verdict")  # type: ignore[untyped-decorator]  # it is installed apart
    def verdict() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            ended = state.output.stop_reason != "max_tokens"
            found = judge(state.metadata, [state.output.completion if ended else ""])
            return Score(value=found["accuracy"], answer=state.output.completion, metadata=found)

        return score

    lines = (folder / QUESTIONS).read_text(encoding="utf-8").split("\n")
    return Task(
        dataset=MemoryDataset([sample(json.loads(line)) for line in lines if line]),
        solver=generate(),
        scorer=verdict(),
        config=GenerateConfig(temperature=0.0, max_tokens=max_completion_tokens),
    )
