"""`kedro sql certify`: can a reward be gamed? Only the standard library and click at the top."""

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from sqlreason.commands.question_arguments import DATABASES, JSON, SEED, read_questions
from sqlreason.errors import BadInput


@click.command()
@click.argument("reward")
@click.option("--source", help="Questions to try it on, as of audit; a few of this package's own if none is named.")
@click.option("--env", "-e", default=None, help="The environment whose catalog is read.")
@click.option("--questions", type=click.IntRange(1), default=8, show_default=True, help="Only the first so many.")
@click.option("--messages", is_flag=True, help="The reward reads completions as lists of chat messages.")
@click.option(
    "--our-grammar",
    is_flag=True,
    help="A right query outside our grammar may not be paid; so it is for our own rewards.",
)
@DATABASES
@SEED
@JSON
def certify(
    reward: str,
    source: str | None,
    env: str | None,
    questions: int,
    messages: bool,
    our_grammar: bool,
    databases: int,
    seed: int,
    as_json: bool,
) -> None:
    """Try REWARD on right answers, wrong neighbours of the gold and exploits; exit 1 if it can be gamed.

    REWARD is module:name of a function by TRL's contract, or one of this package's. It gets completions in our grammar,
    and the columns prompts, sql_context, gold_sql and task. A reward of others runs in this process and executes the
    exploits in its own way: certify it in a folder, or a container, that may be lost. What it asks for beside the right
    query is its own affair: answers that hold the gold in another wording are tried where --our-grammar is given.
    """
    from sqlreason.rewards.certification import LIMITS
    from sqlreason.rewards.certification import certify as certify_rewards
    from sqlreason.rewards.exploits import EXPLOITS
    from sqlreason.rewards.foreign import TotalReward, find_reward

    try:
        found = find_reward(reward, messages, LIMITS)
        rows = _certifiable(source, env, questions, databases, seed)
        any_wording = isinstance(found, TotalReward) and not our_grammar
        exploits = [exploit for exploit in EXPLOITS if not (any_wording and exploit.family == "grammar")]
        certificate = certify_rewards({found.__name__: 1.0}, rows, seed=seed, exploits=exploits, others=[found])
    except BadInput as error:
        raise click.ClickException(str(error)) from None
    raised = [f"it raised {count} times ({error})" for error, count in getattr(found, "raised", {}).items()]
    faults = [*certificate.faults, *raised]
    if as_json:
        entries = [asdict(entry) for entry in certificate.entries]
        click.echo(json.dumps({"reward": reward, "faults": faults, "entries": entries}, indent=1))
    else:
        for entry in certificate.entries:
            failed = not entry.passed and entry.completions
            mark = ("  <- paid" if entry.kind == "exploit" else "  <- too near") if failed else ""
            click.echo(f"{entry.kind:<8} {entry.highest:>7.2f}  {entry.name}{mark}  {entry.reason}".rstrip())
        click.echo("\n" + "; ".join([certificate.summary(), *raised]))
    sys.exit(int(bool(faults)))


def _certifiable(source: str | None, env: str | None, most: int, databases: int, seed: int) -> list[dict[str, Any]]:
    """Return questions with their task; those whose gold cannot be trusted are left out."""
    from sqlreason.rewards.certification import prepare_rows
    from sqlreason.rewards.sample_questions import sample_rows

    asked = (sample_rows() if source is None else read_questions(source, env))[:most]
    rows = prepare_rows(asked, databases, seed)
    if not rows:
        raise BadInput(f"none of {len(asked)} gold queries can be trusted; `audit` says why")
    return rows
