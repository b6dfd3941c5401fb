"""A small real question table, the demo's options, and its databases, prepared once."""

import pandas as pd
import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.data.tables import TABLES
from sqlreason.pipelines.distillation import nodes as distillation
from sqlreason.pipelines.preprocessing import nodes as preprocessing
from sqlreason.students.checkpoints.checkpoint import Checkpoint


@pytest.fixture(scope="session")
def options(project):
    """`options(name, **changes)`: the demo's parameters of a pipeline with a few changes."""
    bootstrap_project(project)
    with KedroSession.create(project, env="demo") as session:
        parameters = session.load_context().params
    return lambda name, **changes: parameters[name].model_copy(update=changes)


@pytest.fixture(scope="session")
def questions(project):
    """Forty embedded questions over many schemas."""
    frame = pd.read_parquet(project / "data/01_raw/questions/train.parquet")
    return frame.sample(40, random_state=3).reset_index(drop=True)


@pytest.fixture(scope="session")
def heldout(project):
    """Eight held-out questions."""
    return pd.read_parquet(project / "data/01_raw/questions/heldout.parquet").head(8)


@pytest.fixture(scope="session")
def prompt_text(project):
    """`prompt_text("teacher")`: the catalog's prompt text."""
    return lambda who: yaml.safe_load((project / f"data/01_raw/prompts/{who}.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def base_model(project):
    """The tiny student; the tests use its tokenizer and its manners, not its skill."""
    return Checkpoint(str(project / "data/06_models/tiny_student"))


@pytest.fixture(scope="session")
def student(options):
    """How the demo's student is loaded and spoken to."""
    return options("student")


@pytest.fixture(scope="session")
def question_split(questions, options):
    return distillation.split_questions(questions, options("split"))


@pytest.fixture(scope="session")
def raw_prompts(questions, question_split, prompt_text, options):
    texts = (prompt_text("teacher"), prompt_text("teacher_plan"))
    return distillation.build_teacher_prompts(
        questions, question_split, *texts, options("distillation", questions=None)
    )


@pytest.fixture(scope="session")
def preparing(options):
    """Options of preprocessing that suit the small table."""
    small = {"workers": 1, "databases": 1, "grpo_prompts": 8, "evaluation_prompts": 6, "examples": None}
    return lambda **changes: options("preprocessing", **{**small, **changes})


@pytest.fixture(scope="session")
def databases(questions, heldout, raw_prompts, question_split, preparing):
    return preprocessing.prepare_databases(questions, heldout, raw_prompts, question_split, None, preparing())


@pytest.fixture(scope="session")
def traces(questions, raw_prompts):
    """One trace a prompt that answers with the gold."""
    golds = questions.set_index("id")["sql"]
    rows = [
        {
            "id": id_, "sample": 0, "status": "ok", "mode": "blind", "think": "Read the rows.", "sql": golds[id_],
            "well_formed": True, "reason": "",
        }
        for id_ in raw_prompts["id"]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(TABLES["cot_traces"].columns))
