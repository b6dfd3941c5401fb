"""What is wrong with the parameters of an environment, in words: types, and every contradiction between parameters.

A type or a range stands with its parameter in the other modules of this package; what two parameters say against each
other stands here and nowhere else. All of it is known before the first node runs, and so before the teacher is paid.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sqlreason.options.distillation_options import SplitOptions
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.options.option_types import Options
from sqlreason.options.parameters import PARAMETERS
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.options.sft_options import SFTOptions, StudentOptions
from sqlreason.options.trl_options import FAULTS, GRPOArguments, SFTArguments, TrainerArguments
from sqlreason.students.training.setup import UNSLOTH_TOKENS
from sqlreason.students.training.tracking import TRACKERS


def find_faults(parameters: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the parameters of an environment, one line a fault; empty if nothing is.

    Args:
        parameters: Top-level parameter -> its values, as the configuration and `--params` give them.
    """
    known = {*PARAMETERS, "tracking"}
    faults = [f"{name} is unknown; known are {', '.join(sorted(known))}" for name in sorted(set(parameters) - known)]
    tracker = parameters.get("tracking")
    if tracker is not None and tracker not in TRACKERS:
        faults.append(f"tracking = {tracker!r}: input should be null, {', '.join(TRACKERS[:-1])} or {TRACKERS[-1]}")
    read: dict[str, Any] = {}
    for name, kind in PARAMETERS.items():
        try:
            read[name] = kind.model_validate(parameters.get(name, {}))
        except ValidationError as error:
            for fault in error.errors():
                faults += _describe_fault(name, kind, dict(fault))
    return faults or list(find_contradictions(Chosen.among(read)))


@dataclass(frozen=True)
class Chosen:
    """The parameters that can contradict each other."""

    split: SplitOptions
    preprocessing: PreprocessingOptions
    student: StudentOptions
    sft: SFTOptions
    grpo: GRPOOptions

    @classmethod
    def among(cls, parameters: Mapping[str, Any]) -> "Chosen":
        """Return those of all parameters, by name."""
        return cls(**{field.name: parameters[field.name] for field in fields(cls)})

    @property
    def trainers(self) -> dict[str, TrainerArguments]:
        """The blocks of trl's arguments by the parameter that holds them."""
        return {"sft": self.sft.trl, "grpo": self.grpo.trl}


def find_contradictions(chosen: Chosen) -> Iterator[str]:
    """Yield in words what parameters, each right by itself, say against each other."""
    for check in CHECKS:
        yield from check(chosen)


def _one_length(chosen: Chosen) -> Iterator[str]:
    for name, trl in chosen.trainers.items():
        if (trl.num_train_epochs is None) == (trl.max_steps is None):
            yield (
                f"{name}.trl: give exactly one of num_train_epochs and max_steps, not "
                f"num_train_epochs={trl.num_train_epochs} and max_steps={trl.max_steps}; set the other to null"
            )


def _ranks_are_launched(chosen: Chosen) -> Iterator[str]:
    student = chosen.student
    if (student.launch == "ranks") != (student.ranks > 1) or (student.accelerate and student.launch != "ranks"):
        yield (
            f"student: launch={student.launch} with ranks={student.ranks}: several, or accelerate, need launch=ranks"
        )
    if student.accelerate and not Path(student.accelerate).is_file():
        yield f"student: accelerate={student.accelerate} is no file; make one with `accelerate config`"


def _ranks_share_a_step(chosen: Chosen) -> Iterator[str]:
    ranks, grpo = chosen.student.ranks, chosen.grpo.trl
    for name, trl in chosen.trainers.items():
        passes = trl.gradient_accumulation_steps
        if passes % ranks:
            yield (
                f"{name}.trl.gradient_accumulation_steps = {passes} forward passes a step cannot be shared by "
                f"student.ranks = {ranks}; make it a multiple, and {name}.trl.per_device_train_batch_size smaller"
            )
        elif trl is grpo and trl.rows_of_a_step // ranks % grpo.num_generations:
            yield (
                "grpo.trl.per_device_train_batch_size x gradient_accumulation_steps / student.ranks = "
                f"{trl.rows_of_a_step // ranks} completions a step and rank are no whole groups of "
                f"num_generations={grpo.num_generations}; make it a multiple"
            )


def _reused_completions_are_saved(chosen: Chosen) -> Iterator[str]:
    trl = chosen.grpo.trl
    if chosen.grpo.method == "grpo" and trl.save_steps % trl.num_iterations:
        yield (
            f"grpo.trl.save_steps = {trl.save_steps} must be a multiple of num_iterations = {trl.num_iterations}: "
            "completions that are used again are not kept in a checkpoint"
        )


def _prefixes_are_shared_in_one_order(chosen: Chosen) -> Iterator[str]:
    if not chosen.sft.share_prefixes:
        return
    if "train_sampling_strategy" in chosen.sft.trl.arguments:
        yield (
            "sft: share_prefixes=true puts rows that begin alike together, sft.trl.train_sampling_strategy orders them "
            "otherwise; leave one of the two out"
        )
    if chosen.student.backend == "unsloth":
        yield (
            "sft: share_prefixes=true needs an attention mask, which unsloth's attention does not take; set "
            "sft.share_prefixes=false or student.backend=transformers"
        )


def _unsloth_is_alone(chosen: Chosen) -> Iterator[str]:
    student = chosen.student
    if student.backend == "unsloth" and student.launch != "child":
        yield (
            "student: backend=unsloth trains in a process of its own, on one GPU, not with "
            f"launch={student.launch}; set launch=child, or backend=transformers"
        )


def _unsloth_reads_whole_rows(chosen: Chosen) -> Iterator[str]:
    budget, trl = chosen.preprocessing, chosen.grpo.trl
    tokens = budget.max_prompt_tokens + max(budget.max_completion_tokens, trl.max_completion_length)
    if chosen.student.backend == "unsloth" and tokens > UNSLOTH_TOKENS:
        yield (
            f"preprocessing.max_prompt_tokens = {budget.max_prompt_tokens} with completions makes rows of up to "
            f"{tokens} tokens, and student.backend = 'unsloth' is loaded for {UNSLOTH_TOKENS}; lower it, or set "
            "student.backend=transformers"
        )


def _unsloth_writes_its_completions(chosen: Chosen) -> Iterator[str]:
    grpo = chosen.grpo
    if chosen.student.backend != "unsloth" or grpo.method != "grpo" or grpo.trl.beta:
        return  # with beta, transformers trains GRPO
    for name, given, none in (("trl.use_vllm", grpo.trl.use_vllm, "false"), ("dev_prompts", grpo.dev_prompts, "0")):
        if given:
            yield (
                f"grpo.{name} = {given!r} with student.backend = 'unsloth' and grpo.trl.beta = 0: unsloth writes its "
                f"completions itself, without it; set grpo.{name}={none}, or student.backend=transformers"
            )


def _vllm_needs_whole_weights(chosen: Chosen) -> Iterator[str]:
    if chosen.grpo.trl.use_vllm and chosen.student.quantization:
        yield (
            f"grpo.trl.use_vllm = True with student.quantization = {chosen.student.quantization!r}: the adapter would "
            "be merged into rounded weights at each step; set grpo.trl.use_vllm=false or student.quantization=null"
        )


def _a_curriculum_is_profiled(chosen: Chosen) -> Iterator[str]:
    grpo = chosen.grpo
    if not grpo.forecast.prompts and grpo.curriculum != "off":
        yield "grpo: a curriculum needs the forecast; make forecast.prompts larger than 0"


def _every_prompt_teaches(chosen: Chosen) -> Iterator[str]:
    if chosen.grpo.method == "distillation" and chosen.grpo.curriculum != "off":
        yield (
            f"grpo: curriculum={chosen.grpo.curriculum} chooses prompts whose rollouts differ in reward; distillation "
            "learns from every answer, so set curriculum: off"
        )


def _the_teacher_knows_more(chosen: Chosen) -> Iterator[str]:
    if chosen.grpo.distillation.teacher == "self" and chosen.grpo.distillation.hint is None:
        yield (
            "grpo.distillation: the student that reads what it has read before teaches itself nothing; give a hint "
            "with {gold}, or set teacher: distillation_teacher, another model of the same vocabulary"
        )


def _the_teacher_answers_the_prompts(chosen: Chosen) -> Iterator[str]:
    if "teacher_similarity" in chosen.grpo.rewards and chosen.split.grpo_share:
        yield (
            f"grpo.rewards.teacher_similarity with split.grpo_share = {chosen.split.grpo_share}: prompts that are kept "
            "from the teacher have no answer of it to compare with; set split.grpo_share=0, as the article does, or "
            "leave the reward out"
        )


def _tools_are_of_grpo(chosen: Chosen) -> Iterator[str]:
    if chosen.grpo.environment != "tools":
        return
    if chosen.grpo.method != "grpo":
        yield (
            f"grpo.environment = 'tools' with grpo.method = {chosen.grpo.method!r}: its teacher reads single answers; "
            "set grpo.method=grpo, or grpo.environment=single"
        )
    if chosen.student.backend == "unsloth":
        yield (
            "grpo.environment = 'tools' with student.backend = 'unsloth', whose trainer writes single answers; set "
            "student.backend=transformers, or grpo.environment=single"
        )
    together = "student.accelerate" if chosen.student.accelerate else "grpo.trl.use_vllm"
    if chosen.student.ranks > 1 and (chosen.student.accelerate or chosen.grpo.trl.use_vllm):
        yield (
            f"grpo.environment = 'tools' with student.ranks = {chosen.student.ranks} and {together}: ranks that write "
            "together would wait for one whose episodes take fewer turns; leave one of the two out"
        )


#: Parameters with a block of trl's arguments, and that block.
TRAINERS: dict[type[Options], type[TrainerArguments]] = {SFTOptions: SFTArguments, GRPOOptions: GRPOArguments}

#: Each yields a sentence for a contradiction of one kind.
CHECKS: tuple[Callable[[Chosen], Iterator[str]], ...] = (
    _one_length,
    _ranks_are_launched,
    _ranks_share_a_step,
    _reused_completions_are_saved,
    _prefixes_are_shared_in_one_order,
    _unsloth_is_alone,
    _unsloth_reads_whole_rows,
    _unsloth_writes_its_completions,
    _vllm_needs_whole_weights,
    _a_curriculum_is_profiled,
    _every_prompt_teaches,
    _the_teacher_knows_more,
    _the_teacher_answers_the_prompts,
    _tools_are_of_grpo,
)


def _describe_fault(name: str, kind: type[Options], fault: Mapping[str, Any]) -> list[str]:
    path = ".".join([name, *(str(part) for part in fault["loc"])])
    if fault["type"] == FAULTS:
        return [f"{path}.{sentence}" for sentence in fault["ctx"]["faults"]]
    if fault["type"] == "extra_forbidden":
        parent, _, own = path.rpartition(".")
        known = sorted(_fields(kind, fault["loc"][:-1]))
        return [f"{path} is unknown; {parent} has {', '.join(known)}{_suggest(kind, name, own)}"]
    if fault["type"] == "missing":
        return [f"{path} is missing"]
    if fault["type"] == "value_error":
        return [f"{path}: {fault['ctx']['error']}"]
    return [f"{path} = {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"]


def _suggest(kind: type[Options], name: str, own: str) -> str:
    """Return a question with the near name, for what stands beside the block of trl's arguments and not in it."""
    places = {known: f"{name}.{known}" for known in kind.model_fields}
    if kind in TRAINERS:
        places |= {known: f"{name}.trl.{known}" for known in TRAINERS[kind].model_fields}
    near = difflib.get_close_matches(own, places, n=1, cutoff=0.5)
    return f"; did you mean {places[near[0]]}?" if near else ""


def _fields(kind: type[Options], path: tuple[str | int, ...]) -> Iterator[str]:
    """Yield the names that the options at a path may have."""
    for part in path:
        inner = kind.model_fields[str(part)].annotation
        if not (isinstance(inner, type) and issubclass(inner, Options)):
            return
        kind = inner
    yield from kind.model_fields
