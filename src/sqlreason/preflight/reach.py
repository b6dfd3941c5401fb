"""Checks of what a run reaches: the hub and its gated models, the teacher's server, a database, telemetry."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlreason.preflight.diagnosis import Finding

# Each switches off what one library would send; kedro's own is the file .telemetry.
TELEMETRY = {"HF_HUB_DISABLE_TELEMETRY": "1"}
_SECONDS = 10.0


def check_hub(entry: Mapping[str, Any]) -> tuple[Finding, str | None]:
    """Whether the base model can be had.

    Args:
        entry: The catalog's `base_model`.

    Returns:
        The finding, and the path of its config.json where that is at hand.
    """
    if entry.get("gguf"):
        return _make_of_gguf(entry)
    if entry.get("path"):
        config = Path(str(entry["path"])) / "config.json"
        if config.exists():
            return Finding("OK", "base model", f"folder {entry['path']}"), str(config)
        return Finding("FAIL", "base model", f"{config} is missing", "point base_model at a folder that has it"), None
    name, revision = str(entry.get("hub")), entry.get("revision") or "main"
    from huggingface_hub import get_token, try_to_load_from_cache

    cached = try_to_load_from_cache(name, "config.json", revision=revision)
    if isinstance(cached, str) and list(Path(cached).parent.glob("*.safetensors")):
        return Finding("OK", "base model", f"{name}@{revision} is in the cache of the hub"), cached
    return _ask_hub(name, revision, get_token())


def _make_of_gguf(entry: Mapping[str, Any]) -> tuple[Finding, str | None]:
    """The folder that is made of a GGUF file; made here where it is not there yet, as by a run."""
    from sqlreason.students.checkpoints.checkpoint import CheckpointError
    from sqlreason.students.checkpoints.dequantisation import GgufSource, open_gguf

    try:
        made = open_gguf(GgufSource(str(entry["gguf"]), entry.get("sha256")), Path(str(entry["path"])))
    except CheckpointError as error:
        return Finding("FAIL", "base model", str(error)), None
    return Finding("OK", "base model", f"folder {made.name}, made of {entry['gguf']}"), f"{made.name}/config.json"


def _ask_hub(name: str, revision: str, token: str | None) -> tuple[Finding, str | None]:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        HfApi().auth_check(name, token=token)  # one request; the download would try again for half a minute
        config = hf_hub_download(name, "config.json", revision=revision, token=token, etag_timeout=_SECONDS)
    except GatedRepoError:
        fix = f"accept its licence on huggingface.co/{name}" + ("" if token else ", and set HF_TOKEN")
        return Finding("FAIL", "hub", f"{name} is gated, and this token may not read it", fix), None
    except RepositoryNotFoundError:
        fix = "check the name in the catalog" + ("" if token else "; a private model needs HF_TOKEN")
        return Finding("FAIL", "hub", f"there is no model {name} for this token", fix), None
    except Exception as error:
        message = f"{name} is not in the cache and the hub cannot be reached: {str(error).splitlines()[0][:100]}"
        offline = "unset HF_HUB_OFFLINE, " if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
        return Finding("FAIL", "hub", message, f"{offline}mend the connection, or name a local folder"), None
    message = f"{name}@{revision} may be read" + ("" if token else " (no token, none needed)")
    return Finding("OK", "hub", message), config


def check_teacher(entry: Mapping[str, Any]) -> Finding:
    """Whether the teacher's server answers at its port; nothing is asked, so nothing is paid."""
    kind = str(entry.get("kind", ""))
    if kind == "scripted":
        return Finding("OK", "teacher", "scripted: no server, no bill")
    given = (entry.get("arguments") or {}).get("base_url")
    if not given:
        return Finding("OK", "teacher", f"{kind} {entry.get('model')}: its provider's own address, not tried")
    found = [_check_address(kind, url) for url in (given if isinstance(given, list) else [given])]
    return next((finding for finding in found if finding.level != "OK"), found[0])


def _check_address(kind: str, url: str) -> Finding:
    parts = urlsplit(str(url))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=_SECONDS).close()
    except OSError as error:
        fix = "start the server, or correct base_url of the catalog's entry teacher"
        return Finding("FAIL", "teacher", f"nothing answers at {parts.hostname}:{port} ({error})", fix)
    if kind == "OpenAILLM" and not os.environ.get("OPENAI_API_KEY"):
        fix = "export OPENAI_API_KEY; servers of your own accept any text"
        return Finding("WARN", "teacher", f"{parts.hostname}:{port} answers, OPENAI_API_KEY is not set", fix)
    return Finding("OK", "teacher", f"{parts.hostname}:{port} answers")


def check_database(place: str) -> Finding:
    """Whether a database can be read and, with these rights, not be written.

    Args:
        place: As `synthesis.database`: sqlite:///FILE, duckdb:///FILE, postgresql://USER@HOST/NAME, or a bare file.
    """
    from sqlreason.synthesis.schema.readers import ACCEPTED, open_source

    name = place.rpartition("/")[2]
    try:
        with open_source(place, _SECONDS) as reader:
            tables = len(reader.schema().tables)
    except Exception as error:
        return Finding("FAIL", "database", f"{name} cannot be read: {str(error).splitlines()[0]}", f"give {ACCEPTED}")
    message = f"{name}: {tables} tables, opened read-only"
    file = Path(place.partition(":///")[2] if "://" in place else place)
    if file.is_file() and os.access(file, os.W_OK):
        fix = f"chmod a-w {name} makes sure for other programs too"
        return Finding("WARN", "database", f"{message}; the file itself could be written by you", fix)
    return Finding("OK", "database", message)


def check_server(server: str) -> Finding:
    """Whether the PostgreSQL server of the sandbox answers, and its role may do what it must and nothing more.

    Args:
        server: Its URL, as the environment names it.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    from sqlreason.errors import SqlReasonError
    from sqlreason.sql.sandbox.named_server import VARIABLE, reachable
    from sqlreason.sql.verifier import Verifier

    try:
        with create_engine(reachable(server), poolclass=NullPool).connect() as connection:
            writable = [name for (name,) in connection.execute(text(_WRITABLE))]
        with Verifier(server=server) as verifier:
            found = verifier.run("CREATE TABLE tried (a INT)", "SELECT count(*) FROM tried", "postgres")
            stats = verifier.stats()
    except ModuleNotFoundError:
        return Finding("FAIL", "postgres", "its driver is missing", "pip install -e '.[postgresql]'")
    except (SQLAlchemyError, SqlReasonError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return Finding("FAIL", "postgres", f"the server of {VARIABLE} cannot be used: {cause}", _ROLE)
    if writable:
        message = f"the role of {VARIABLE} may write tables that are no sandbox's: {', '.join(writable)}"
        return Finding("FAIL", "postgres", message, _ROLE)
    if found.status != "ok":
        return Finding("FAIL", "postgres", f"no schema can be made on the server of {VARIABLE}: {found.reason}", _ROLE)
    message = f"{', '.join(stats['libraries'])} answers, its role can do no more than make schemas"
    if "functions" in stats["guards"]:
        return Finding("OK", "postgres", message)
    fix = "have a superuser run the statements of docs/sandbox.md in its database once"
    return Finding("WARN", "postgres", f"{message}, and call pg_sleep and the like, which we refuse", fix)


_WRITABLE = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1 LIMIT 3
"""
_ROLE = (
    "make a database and a role of its own: CREATE ROLE sandbox LOGIN; CREATE DATABASE sandbox OWNER sandbox; and name "
    "postgresql://sandbox@HOST/sandbox (docs/sandbox.md)"
)


def check_telemetry(project: Path) -> Finding:
    """Whether nothing reports home: Kedro's consent file, the hub's switch; unsloth's is set by the training itself."""
    file = project / ".telemetry"
    consents = not file.exists() or "consent: false" not in file.read_text(encoding="utf-8")
    on = [name for name, off in TELEMETRY.items() if os.environ.get(name) != off]
    if consents or on:
        what = [".telemetry does not say `consent: false`"] * consents + [f"{name} is not 1" for name in on]
        return Finding("WARN", "telemetry", "; ".join(what), "write `consent: false` into .telemetry, export the rest")
    return Finding("OK", "telemetry", "off")
