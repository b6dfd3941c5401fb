"""What must hold before the first node runs, or nothing is started and nothing is paid.

A `check_` finds, for the doctor, and a `require_` refuses by what it found: both know the same.
"""

import json
import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.data.places import local_path
from sqlreason.data.sources import encoding_of, read_lines
from sqlreason.errors import BadInput, failures
from sqlreason.options.checks import find_faults
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.preflight import base_model, extras, reach
from sqlreason.preflight.diagnosis import Finding
from sqlreason.rewards.certification import certify, prepare_rows
from sqlreason.rewards.sample_questions import sample_rows
from sqlreason.sql.parsing.dialects import own_dialect
from sqlreason.sql.sandbox.named_server import VARIABLE, named_server
from sqlreason.synthesis.schema.readers import dialect_of_place

logger = logging.getLogger(__name__)

SUBJECT = "catalog"
_MEND = "mend it, point the entry elsewhere, or first run the pipeline that makes it"


def require_parameters(parameters: Mapping[str, Any]) -> None:
    """Check the parameters of an environment.

    Raises:
        BadInput: If one is unknown, of a wrong type, out of its range, or contradicts another.
    """
    faults = find_faults(parameters)
    if faults:
        raise BadInput(
            "the parameters cannot be used:\n  "
            + "\n  ".join(faults)
            + "\nCorrect --params or conf/<environment>/parameters.yml; what each parameter holds stands in "
            "conf/base/parameters.yml, types and ranges in src/sqlreason/options/."
        )


def check_student(catalog: Any, parameters: Mapping[str, Any], inputs: Collection[str]) -> list[Finding]:
    """Look whether the student can be trained and asked as the parameters say.

    Args:
        catalog: The catalog.
        parameters: Of the environment, as Kedro resolves them.
        inputs: Free inputs of the pipeline that can be loaded; nothing is found without its student and its prompt,
            and its questions are looked at if they are among them.
    """
    if not {"base_model", "student_prompt"} <= set(inputs):
        return []
    asked = {name: catalog.load(name) for name in ("sql_questions", "distillation_teacher") if name in inputs}
    return base_model.check_student(
        catalog.load("base_model"),
        catalog.load("student_prompt"),
        parameters,
        questions=asked.get("sql_questions"),
        teacher=asked.get("distillation_teacher"),
    )


def require_student(catalog: Any, parameters: Mapping[str, Any], inputs: Collection[str]) -> None:
    """Check that the student can be trained and asked; warn of what will disappoint. Arguments as of `check_student`.

    Raises:
        BadInput: If a training would refuse the student, or it could not read a single question.
    """
    findings = check_student(catalog, parameters, inputs)
    for found in findings:
        logger.log(logging.WARNING if found.level == "WARN" else logging.INFO, "student: %s", found.message)
    refused = [f"{found.message}{found.fix and '. '}{found.fix}" for found in findings if found.level == "FAIL"]
    if refused:
        raise BadInput("the student cannot be trained:\n  " + "\n  ".join(refused) + "\nNothing has been started.")


def check_server(catalog: Any, synthesis: Mapping[str, Any], inputs: Collection[str], is_drawn: bool) -> Finding | None:
    """Look whether what is in PostgreSQL's SQL has a server that runs it, and whether one that is named can be used.

    Args:
        catalog: The catalog, its sources loaded.
        synthesis: The parameter.
        inputs: Free inputs of the pipeline that can be loaded.
        is_drawn: Whether questions are put to the database that `synthesis` names.

    Returns:
        None where no server is named or needed.
    """
    if server := named_server():
        return reach.check_server(server)
    if needing := sorted(_in_postgres(catalog, synthesis, inputs, is_drawn)):
        message = (
            f"{', '.join(needing)}: gold SQL in PostgreSQL's dialect needs a server that runs it, and none is named"
        )
        fix = (
            f"set {VARIABLE} to the URL of a database of a role without rights (docs/sandbox.md), or "
            "synthesis.dialect=sqlite for questions in SQLite's"
        )
        return Finding("FAIL", "postgres", message, fix)
    return None


def require_server(catalog: Any, parameters: Mapping[str, Any], pipeline: Any) -> None:
    """Check the server that a run needs, or is given.

    Args:
        catalog: The catalog, its sources loaded.
        parameters: Of the environment, as Kedro resolves them.
        pipeline: What is to be run.

    Raises:
        BadInput: If there is none, or it cannot be used.
    """
    is_drawn = any(node.name == "synthesis.draw_questions" for node in pipeline.nodes)
    found = check_server(catalog, parameters["synthesis"], pipeline.inputs(), is_drawn)
    if found is not None and found.level == "FAIL":
        instead = f"; or unset {VARIABLE}" if named_server() else ""
        raise BadInput(f"{found.message}. To mend it, {found.fix}{instead}. Nothing has been started.")


def _in_postgres(catalog: Any, synthesis: Mapping[str, Any], inputs: Collection[str], is_drawn: bool) -> Iterator[str]:
    """What of a run is in PostgreSQL's dialect: a database that questions are put to, sources that say so."""
    place = synthesis["database"]
    if is_drawn and place and (synthesis["dialect"] or dialect_of_place(place)) == "postgres":
        yield "synthesis.database"
    for name in {"sql_questions", "heldout_questions"} & set(inputs):
        dialects = set(catalog.load(name).get("dialect", ()))
        if any(own_dialect("", "", dialect, served=False) == "postgres" for dialect in dialects):
            yield name


def require_machine(parameters: Mapping[str, Any], nodes: Sequence[str]) -> None:
    """Check that this machine has what the nodes need beyond the locked packages; warn of what will hardly end on it.

    Raises:
        BadInput: If it lacks something.
    """
    lacks = list(extras.find_lacks(parameters, nodes))
    if lacks:
        raise BadInput(
            "this machine cannot run it:\n  " + "\n  ".join(lacks) + "\nNothing has been started; "
            "`kedro doctor --env=…` tells all that an environment needs."
        )
    for doubt in extras.find_doubts(parameters, nodes):
        logger.warning("%s", doubt)


def require_sound_rewards(parameters: Mapping[str, Any], nodes: Sequence[str]) -> None:
    """Try a mix of rewards on a question of this package's, before the teacher is paid and the student trained.

    The node `grpo.certify_rewards` tries it on the run's own questions, which are there after the teacher. The default,
    `execution` alone, is not tried here: tests do.

    Args:
        parameters: Of the environment, as Kedro resolves them.
        nodes: Names of what is to be run; nothing is tried where none trains on rewards.

    Raises:
        CertificationError: If it can be gamed, and that is not to be a warning.
    """
    grpo = GRPOOptions.model_validate(parameters["grpo"])
    stops = grpo.method == "grpo" and grpo.certification.on_failure == "stop"
    if "grpo.train_grpo" in nodes and stops and set(grpo.rewards) != {"execution"}:
        logger.info("rewards: %s are tried on a question of our own", ", ".join(grpo.rewards))
        certify(grpo.rewards, prepare_rows(sample_rows()[:1]), min_auc=grpo.certification.min_auc).require()


def require_writable(project: Path, root: str) -> None:
    """Make the folder of an environment's data, or say why nothing can be written there.

    Raises:
        BadInput: If it cannot be made or written, or lies elsewhere than on a disk of this machine.
    """
    folder = project / local_path(root, "root")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(
            f"the data folder {folder} cannot be written ({error.strerror}); change its rights, free some space, "
            "or set `root` in conf/<environment>/globals.yml to another folder"
        ) from error


def take_sources(pipeline: Any, catalog: Any, entries: Mapping[str, Any]) -> None:
    """Load whatever the pipeline does not make itself, and hand tables on to its nodes from memory.

    Raises:
        BadInput: If an entry of the catalog cannot be loaded, or is refused by the check of its columns; or if it takes
            from earlier runs what this run makes.
    """
    refused = list(check_sources(pipeline, catalog, entries).values())
    if refused:
        messages = "\n".join(found.message for found in refused)
        fixes = "; ".join(dict.fromkeys(found.fix for found in refused))
        raise BadInput(f"{messages}\nTo go on, {fixes}. Nothing has been started.")


def check_sources(pipeline: Any, catalog: Any, entries: Mapping[str, Any]) -> dict[str, Finding]:
    """Load whatever the pipeline does not make itself, and hand tables on to its nodes from memory.

    So that a source behind an address is fetched once a run, however many nodes read it.

    Returns:
        What cannot be used, by the name of its entry.
    """
    refused: dict[str, Finding] = {}
    for name in sorted(pipeline.inputs()):
        made = sorted(set(entries.get(name, {}).get("names", ())) & pipeline.all_outputs())
        if made:
            message = f"the catalog entry '{name}' takes from earlier runs what this one makes ({', '.join(made)})"
            refused[name] = Finding("FAIL", SUBJECT, message, "run the pipelines one after the other")
        elif not name.startswith("params:") and name in catalog:
            entry = entries.get(name) or catalog.config_resolver.resolve_pattern(name)
            try:
                data = catalog.load(name)
            except Exception as error:
                logger.debug("Loading '%s' failed.", name, exc_info=True)
                refused[name] = Finding("FAIL", SUBJECT, _tell_refusal(name, entry, error), _MEND)
                continue
            if isinstance(data, pd.DataFrame):
                catalog[name] = data
    return refused


def _tell_refusal(name: str, entry: Mapping[str, Any], error: Exception) -> str:
    """The cause, and not what Kedro wraps around it."""
    place = entry.get("filepath") or entry.get("path") or entry.get("type")
    is_unsaved = type(error.__cause__).__name__ == "VersionNotFoundError"  # Kedro's, whose text is the whole dataset
    cause = "no version of it was saved yet" if is_unsaved else failures.find_cause(error)
    return f"the catalog entry '{name}' ({place}) cannot be used: {cause}{locate_fault(entry)}"


def locate_fault(entry: Mapping[str, Any]) -> str:
    """Return what is wrong with a text file, as the end of a sentence; empty where nothing is found.

    That is the mark of an encoding that the entry does not name, or the line of JSON lines that is no JSON.
    """
    path, options = Path(entry.get("filepath", "")), entry.get("load_args") or {}
    if not path.is_file():
        return ""
    encoding = encoding_of(path)
    understood = "utf-8" if options.get("lines") else "utf-8-sig"  # pandas passes over that mark in CSV alone
    if encoding not in ("utf-8", understood, options.get("encoding")):
        return f" (it begins with the mark of {encoding}: add encoding: {encoding} to the entry's load_args)"
    if not options.get("lines"):
        return ""
    for number, line in read_lines(path, errors="replace"):
        try:
            json.loads(line)
        except (ValueError, RecursionError) as error:
            return f" (line {number} is no JSON: {error})"
    return ""
