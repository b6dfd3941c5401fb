"""Make the tiny student: `PYTHONPATH=tools python -m tiny_student --folder data/06_models/tiny_student`."""

import argparse
import dataclasses
import logging
from pathlib import Path

from sqlreason.students.checkpoints.checkpoint import write_checkpoint
from tiny_student.making import Recipe, pretrain_student, write_corpus


def read_arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Return the folders and every field of the recipe."""
    parser = argparse.ArgumentParser(prog="python -m tiny_student", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="of the student; it is replaced as a whole")
    parser.add_argument("--checkpoints", type=Path, default=Path("data/tiny_student"), help="to go on from when killed")
    for field in dataclasses.fields(Recipe):
        kind = str if field.default is None else type(field.default)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """Write the corpus, train on it, write the checkpoint, and its history beside the checkpoints."""
    arguments = vars(read_arguments(given))
    folder, checkpoints = arguments.pop("folder"), arguments.pop("checkpoints")
    recipe = Recipe(**arguments)
    trained, history = pretrain_student(write_corpus(recipe), checkpoints, recipe)
    write_checkpoint(trained, folder)
    history.to_csv(checkpoints / "history.csv", index=False)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
