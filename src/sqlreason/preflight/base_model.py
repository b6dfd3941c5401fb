"""Whether the student can be trained and asked as the parameters say: tokens, lengths, adapter, precision.

Everything that a training would refuse for reasons of the model is refused here, before the teacher is asked. Tokenizer
and configuration are read, of the weights the headers alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from sqlreason.data.tables import records
from sqlreason.preflight import machine
from sqlreason.preflight.diagnosis import Finding
from sqlreason.reasoning.prompts import Prompt, PromptOverBudget
from sqlreason.sql.parsing.dialects import own_dialect
from sqlreason.sql.sandbox.named_server import named_server
from sqlreason.students.checkpoints import checkpoint_files
from sqlreason.students.checkpoints.architecture import ALL_LINEAR, find_target_modules, linear_modules, longest_input
from sqlreason.students.checkpoints.chat import Chat, ChatError
from sqlreason.students.checkpoints.chat_templates import first_line
from sqlreason.students.checkpoints.checkpoint import Checkpoint, CheckpointError
from sqlreason.students.checkpoints.shared_vocabulary import VocabularyError, require_same
from sqlreason.students.checkpoints.tool_chat import with_tools
from sqlreason.students.prompting import StudentPrompts

SUBJECT = "student"
_LOOKED_AT = 16  # questions whose prompts are counted: the half with the longest databases, the half spread over all
_ROUNDED = 64  # bitsandbytes' 4-bit kernel of the CPU takes rows of whole blocks of this many weights
_BFLOAT16_FROM = 8.0  # compute capability of Ampere, the first with bfloat16: CUDA C++ Programming Guide, section 16
_DIALOGUE = (
    {"role": "system", "content": "s"},
    {"role": "user", "content": "u"},
    {"role": "assistant", "content": "<think>\nx\n</think>\n<sql>\nSELECT 1\n</sql>"},
    {"role": "user", "content": "v"},
)


def check_student(
    base_model: Checkpoint,
    student_prompt: Mapping[str, Any],
    parameters: Mapping[str, Any],
    questions: pd.DataFrame | None = None,
    teacher: Checkpoint | None = None,
) -> list[Finding]:
    """Look at a student.

    Args:
        base_model: The student before training.
        student_prompt: The catalog's prompt text.
        parameters: Of the environment, as Kedro resolves them.
        questions: The questions that it will be trained on, if they are at hand: columns sql_prompt, sql_context, sql.
        teacher: The catalog's `distillation_teacher`, if it is at hand.

    Returns:
        One line that tells how it is spoken to, and one for each thing that is refused or will disappoint.
    """
    student = parameters["student"]
    base_model = base_model.spoken_to(student["chat_template"], student["plain_template"])
    try:
        chat, config = base_model.load_chat(), base_model.load_config()
    except (CheckpointError, ChatError) as error:
        return [Finding("FAIL", SUBJECT, str(error), "")]
    findings = [Finding("OK", SUBJECT, f"{base_model.name}: {describe(chat)}")]
    prompt = Prompt.from_mapping(dict(student_prompt))
    findings += _check_files(base_model)
    findings += _check_head(chat)
    findings += _check_dialogue(chat, prompt, parameters)
    findings += _check_vocabulary(chat, config)
    findings += _check_window(config, parameters)
    findings += _check_tools(chat, config, parameters)
    findings += _check_adapter(config, parameters["sft"]["lora"]["target_modules"])
    findings += _check_precision(config, student)
    if questions is not None:
        findings += _check_prompts(chat, prompt, parameters["preprocessing"], questions)
    if teacher is not None:
        findings += _check_teacher(base_model, teacher, parameters["grpo"])
    return findings


def describe(chat: Chat) -> str:
    """Return in words how a student is spoken to."""
    facts = chat.facts
    parts = [
        f"answers end with {facts['end_of_turn']} (stops at {', '.join(facts['ends'])})",
        f"padding {facts['padding']}",
        f"the system text {facts['system']}",
    ]
    if facts["template"] == "plain":
        parts.append("the project's plain chat template")
    if facts["answer_begins_behind"]:
        parts.append(f"the prompt opens {facts['answer_begins_behind']}")
    if facts["template_arguments"]:
        parts.append(f"template arguments {facts['template_arguments']}")
    return "; ".join(parts)


def _check_files(base_model: Checkpoint) -> Iterator[Finding]:
    """Of a folder; a model of the hub is fetched whole, or not at all."""
    for fault in checkpoint_files.find_faults(base_model.folder) if base_model.folder else ():
        yield Finding("FAIL", SUBJECT, fault, "download it anew, or point base_model at a whole folder")


def _check_head(chat: Chat) -> Iterator[Finding]:
    """Some templates leave it to the model to begin its turn (gpt-oss its channel), some forget about it."""
    head = chat.unprompted_head()
    if head:
        message = f"its template writes {head!r} in front of an answer, and not at the end of a prompt: it is left out"
        yield Finding(
            "WARN", SUBJECT, message, "where an answer needs it, mend what the template calls generation prompt"
        )


def _check_dialogue(chat: Chat, prompt: Prompt, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """A correction, like an example in the prompt, is a dialogue of two questions; the template has to take it."""
    if not (prompt.examples or parameters["preprocessing"]["self_repairs"] or parameters["evaluation"]["self_repairs"]):
        return
    try:
        chat.prompt_ids(_DIALOGUE)
    except Exception as error:  # whatever a template of others raises is its refusal
        message = f"its chat template refuses a second question behind an answer: {error}"
        fix = "set preprocessing.self_repairs=0 and evaluation.self_repairs=0, and leave examples out of student_prompt"
        yield Finding("FAIL", SUBJECT, message, fix)


def _check_vocabulary(chat: Chat, config: Any) -> Iterator[Finding]:
    width = config.get_text_config().vocab_size
    highest = max([chat.padding.id, *chat.ends])
    if highest >= width:
        token = chat.tokenizer.convert_ids_to_tokens(highest) or "an end of its generation_config.json"
        message = f"its tokenizer has {token} as number {highest}, its model {width} words: they do not belong together"
        yield Finding("FAIL", SUBJECT, message, "name a base_model whose tokenizer is its own")


def _check_window(config: Any, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    positions = longest_input(config)
    budgets = {
        "preprocessing.max_completion_tokens": parameters["preprocessing"]["max_completion_tokens"],
        "grpo.trl.max_completion_length": parameters["grpo"]["trl"]["max_completion_length"],
        "evaluation.max_completion_tokens": parameters["evaluation"]["max_completion_tokens"],
    }
    asked = parameters["preprocessing"]["max_prompt_tokens"]
    name = max(budgets, key=lambda budget: budgets[budget])
    if positions is not None and asked + budgets[name] > positions:
        message = f"it reads {positions} tokens, not preprocessing.max_prompt_tokens={asked} + {name}={budgets[name]}"
        yield Finding("FAIL", SUBJECT, message, "lower one of the two, or name a base_model that reads more")


def _check_tools(chat: Chat, config: Any, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Where it is to be trained with tools: whether its template speaks of them, and their tokens find room."""
    if "tools" not in (parameters["grpo"]["environment"], parameters["distillation"]["environment"]):
        return
    try:
        speaking = with_tools(chat)
    except ChatError as error:
        yield Finding("FAIL", SUBJECT, str(error))
        return
    added = len(speaking.prompt_ids(_DIALOGUE[:2])) - len(chat.prompt_ids(_DIALOGUE[:2]))
    asked, written = (
        parameters["preprocessing"]["max_prompt_tokens"],
        parameters["grpo"]["trl"]["max_completion_length"],
    )
    positions = longest_input(config)
    if positions is not None and asked + added + written > positions:
        message = (
            f"it reads {positions} tokens, not preprocessing.max_prompt_tokens={asked} + {added} about tools + "
            f"grpo.trl.max_completion_length={written}"
        )
        yield Finding("FAIL", SUBJECT, message, "lower one of the two, or name a base_model that reads more")
    else:
        yield Finding("OK", SUBJECT, f"its template speaks of tools, which takes {added} tokens of each prompt")


def _check_adapter(config: Any, target_modules: Sequence[str] | str) -> Iterator[Finding]:
    """PEFT says nothing of a module that it does not find, as long as it finds another."""
    try:
        missing = find_target_modules(config, target_modules)
        there = linear_modules(config)
    except Exception as error:  # of transformers and torch, of every kind, about configurations that make no model
        yield Finding("FAIL", SUBJECT, f"no language model can be made of its config.json: {first_line(error)[:300]}")
        return
    if missing and target_modules == ALL_LINEAR:
        message = f"LoRA cannot adapt its layers {', '.join(missing)}, so that all-linear means less than it says"
        yield Finding("WARN", SUBJECT, message, f"name what is meant in sft.lora.target_modules: {', '.join(there)}")
    elif missing:
        message = f"sft.lora.target_modules names {', '.join(missing)}, to which LoRA cannot be added in this model"
        yield Finding("FAIL", SUBJECT, message, f"set it to all-linear, or to some of {', '.join(there)}")


def _check_precision(config: Any, student: Mapping[str, Any]) -> Iterator[Finding]:
    if student["quantization"] == "nf4" and not machine.has_gpu():
        text = config.get_text_config()
        sizes = {name: getattr(text, name, None) for name in ("hidden_size", "intermediate_size")}
        odd = {name: size for name, size in sizes.items() if isinstance(size, int) and size % _ROUNDED}
        if odd:
            message = (
                f"student.quantization=nf4 on a CPU needs multiples of {_ROUNDED}, and its configuration has {odd}"
            )
            yield Finding("FAIL", SUBJECT, message, "set student.quantization=null")
    capability = machine.compute_capability()
    if student["dtype"] == "bfloat16" and capability is not None and capability < _BFLOAT16_FROM:
        message = f"student.dtype=bfloat16, which a GPU of compute capability {capability} does not multiply"
        yield Finding("FAIL", SUBJECT, message, "set student.dtype=auto or float32")


def _check_prompts(chat: Chat, prompt: Prompt, budget: Mapping[str, Any], questions: pd.DataFrame) -> Iterator[Finding]:
    """Count the tokens of some prompts, those of the longest databases among them."""
    limit = budget["max_prompt_tokens"]
    build = StudentPrompts(prompt, chat, max_prompt_tokens=limit, sample_rows=budget["sample_rows"])
    lost: list[str] = []
    counted = 0
    for row in records(_choose(questions)):
        try:
            own = own_dialect(row["sql_context"], row["sql"], row.get("dialect", ""), served=bool(named_server()))
            build.messages(row["sql_prompt"], row["sql_context"], row["sql"], dialect=own)
            counted += 1
        except PromptOverBudget as error:
            lost.append(str(error))
        except ValueError:
            continue  # a schema that cannot be read is told, with its reason, where the questions are prepared
    if lost and not counted:
        message = f"none of {len(lost)} questions that were looked at fits: {min(lost, key=len)}"
        yield Finding("FAIL", SUBJECT, message, "raise preprocessing.max_prompt_tokens")
    elif lost:
        message = f"{len(lost)} of {len(lost) + counted} questions, the longest among them, are left out"
        yield Finding("WARN", SUBJECT, f"{message}: {lost[0]}", "raise preprocessing.max_prompt_tokens to keep them")


def _choose(questions: pd.DataFrame) -> pd.DataFrame:
    """Some of the questions: half of them those of the longest databases, half spread over all the others."""
    given, half = questions.dropna(subset=["sql_prompt", "sql_context", "sql"]), _LOOKED_AT // 2
    ranked = given.iloc[given["sql_context"].str.len().argsort(kind="stable")]
    longest, others = ranked.tail(half), ranked.head(-half)
    return pd.concat([others.iloc[:: max(1, len(others) // half)].head(half), longest])


def _check_teacher(base_model: Checkpoint, teacher: Checkpoint, grpo: Mapping[str, Any]) -> Iterator[Finding]:
    if grpo["method"] != "distillation" or grpo["distillation"]["teacher"] != "distillation_teacher":
        return
    try:
        require_same(base_model, teacher)
    except (VocabularyError, CheckpointError) as error:
        yield Finding("FAIL", SUBJECT, str(error))
