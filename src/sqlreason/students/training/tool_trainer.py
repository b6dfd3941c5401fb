"""GRPO with the tools of a session: trl's environments, with our own turns between them.

trl makes an environment for each rollout (`environment_factory`), resets it with the row, hands it to the rewards, and
leaves out of the loss what the environment said. Between turns it has a loop of its own, in whose place stands the one
of `generation.episodes`, so that a student is asked in training as it is in the evaluation.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlreason.environments.session import SessionFactory
from sqlreason.environments.trl_environment import SqlTools
from sqlreason.students.checkpoints.tool_chat import ToolChat
from sqlreason.students.generation.episodes import Episode, Turns, play
from sqlreason.students.training import trl_private
from sqlreason.students.training.grpo_trainer import GroupTrainer
from sqlreason.students.training.rollouts import Writer

#: A template that trl takes for one with tools. It asks for no more than its own loop needs, which is not used here.
_PASSED = (
    "{% for message in messages %}{{ message.role }} {{ message.content }} {{ message.tool_calls or [] }}"
    "{{ eos_token }}{% endfor %}"
)


class StudentTools(SqlTools):
    """The environment of a rollout.

    Attributes:
        episode: What was said in it, once that has ended.
    """

    episode: Episode | None = None


class ToolTrainer(GroupTrainer):
    """Our trainer of GRPO for students with tools, with these differences (trl's private names in brackets).

    1. The turns are written by our own generation, where there is a writer (`_generate_single_turn`).
    2. What happens between turns is `episodes.play` (`_tool_call_loop`), and each environment holds its episode.
    3. trl's look at the template's calls of tools is passed by: prompts, calls and results are those of `ToolChat`.

    Args:
        chat: The student's tokenizer with its chat template and its tools.
        writer: Writer of the turns; None leaves them to vLLM.
        sessions: Opens the episodes.
        options: Of our trainer.
    """

    chat: ToolChat

    def __init__(self, *, chat: ToolChat, writer: Writer | None, sessions: SessionFactory, **options: Any) -> None:
        self.writer = writer
        with _accepted(chat.tokenizer):
            super().__init__(chat=chat, environment_factory=lambda: StudentTools(sessions), **options)

    def _generate_single_turn(self, prompt_ids: Sequence[list[int]], *others: Any, **options: Any) -> Any:
        if self.writer is None:
            return super()._generate_single_turn(prompt_ids, *others, **options)
        return self.writer.write_groups(self, prompt_ids), None

    def _tool_call_loop(
        self,
        prompts: Any,
        prompt_ids: Sequence[list[int]],
        completion_ids: Sequence[list[int]],
        completions: Any,
        logprobs: Sequence[list[float]] | None,
        images: Any,
        multimodal_fields: Any,
    ) -> tuple[Any, ...]:
        episodes = []
        for place, environment in enumerate(cast(Sequence[StudentTools], self.environments)):
            assert environment.session is not None  # trl has reset it with its row
            environment.episode = Episode(self.chat, prompt_ids[place], environment.session, self.limit)
            environment.episode.take(completion_ids[place], logprobs[place] if logprobs is not None else None)
            episodes.append(environment.episode)
        play(episodes, self._write)
        told = [episode.told for episode in episodes]
        for name in ("turns", "tool_tokens"):
            trl_private.figures(self)[f"tools/{name}"].append(sum(one[name] for one in told) / len(told))
        return (
            [episode.own for episode in episodes],
            [[{"role": "assistant", "content": episode.text}] for episode in episodes],
            [episode.ids for episode in episodes],
            logprobs and [episode.logps for episode in episodes],
            sum(one["tool_calls"] for one in told),
            sum(one["tool_errors"] for one in told),
            [[] for _ in episodes],
        )

    def _count_tokens(self, completions: Sequence[Sequence[int]]) -> int:
        """Without what tools said, which the student did not write."""
        episodes = [environment.episode for environment in cast(Sequence[StudentTools], self.environments)]
        return sum(sum(episode.own) for episode in episodes if episode is not None)

    def _write(self, rows: list[list[int]], room: int, turn: int) -> Turns:
        if self.writer is None:
            return Turns(*super()._generate_single_turn(rows, None, {}, num_generations=1))
        return Turns(self.writer.write_turn(self, rows, room, turn))


@contextmanager
def _accepted(tokenizer: Any) -> Iterator[None]:
    published, tokenizer.chat_template = tokenizer.chat_template, _PASSED
    try:
        yield
    finally:
        tokenizer.chat_template = published
