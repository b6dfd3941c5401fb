"""What an environment must have of its own, and names that nothing reads."""

import tarfile
from types import SimpleNamespace

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

from sqlreason.errors import BadInput
from sqlreason.preflight.environment_files import check_names, find_misspelt, require_environment, require_names
from sqlreason.settings import CONFIG_LOADER_ARGS

KNOWN = {"sql_questions", "teacher", "student_prompt", "base_model", "{student}_answers"}


@pytest.fixture
def conf(tmp_path):
    """A folder of settings: base, and the environments that a test adds by `conf(name, globals)`."""

    def add(name, text):
        (tmp_path / "conf" / name).mkdir(parents=True)
        if text is not None:
            (tmp_path / "conf" / name / "globals.yml").write_text(text)

    add("base", "root: data/base\nprices: {}\n")
    add("other", "root: data/other\nbenchmark: data/spider\n")
    add.folder = tmp_path / "conf"
    return add


def loader_of(conf, env):
    return OmegaConfigLoader(str(conf), env=env, **CONFIG_LOADER_ARGS)


def require(conf, env):
    require_environment(loader_of(conf, env), conf.parent)


def test_an_environment_that_does_not_exist_is_named_with_those_that_do(project):
    require(project / "conf", "demo")
    require(project / "conf", None)
    with pytest.raises(BadInput, match=r"no environment 'dmo'; conf/ has article, base, .*demo"):
        require(project / "conf", "dmo")


def test_no_shipped_environment_is_refused(project):
    bootstrap_project(project)
    for folder in (project / "conf").iterdir():
        if (folder / "globals.yml").exists():
            loader = loader_of(project / "conf", folder.name)
            require(project / "conf", folder.name)
            assert check_names(loader, loader["catalog"], pipelines) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "mine/globals.yml sets no `root`.*add root: data/mine"),
        ("prices: {}", "sets no `root`"),
        ("root:", "sets no `root`"),
        ("rot: data/mine", r"nothing reads rot \(did you mean root\?\)"),
        ("root: data/mine\nbenchmrk: data/bird", r"nothing reads benchmrk \(did you mean benchmark\?\)"),
        ("root: ./data/other/", "mine and other have the same root, ./data/other/"),
    ],
)
def test_an_environment_that_would_write_among_the_data_of_another_is_refused(conf, text, told):
    conf("mine", text)
    with pytest.raises(BadInput, match=told):
        require(conf.folder, "mine")


def test_what_is_wrong_with_another_environment_is_not_told_of_this_one(conf):
    conf("mine", "root: data/mine\nmy_folder: x\n")
    conf("torn", "root: [")
    conf("empty", None)
    require(conf.folder, "mine")


def test_settings_may_lie_in_an_archive(conf):
    with tarfile.open(conf.folder.parent / "conf.tar.gz", "w:gz") as archive:
        archive.add(conf.folder, "conf")
    require(conf.folder.parent / "conf.tar.gz", "other")
    with pytest.raises(BadInput, match="no environment 'mine'; conf/ has base, other"):
        require(conf.folder.parent / "conf.tar.gz", "mine")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sql_question", "sql_questions"),
        ("sql_questoins", "sql_questions"),
        ("student_promt", "student_prompt"),
        ("techer", "teacher"),
        ("base_modle", "base_model"),
        *((name, None) for name in ("my_questions", "sql_questions_b", "old_teacher", "teacher2", "{any}", "prompts")),
    ],
)
def test_only_what_is_nearly_a_known_name_is_taken_for_it(name, meant):
    assert find_misspelt([name, "teacher"], KNOWN) == ([f"{name} (did you mean {meant}?)"] if meant else [])


def test_an_entry_that_a_pipeline_of_the_user_reads_is_no_slip(project):
    loader = loader_of(project / "conf", "demo")
    with pytest.raises(BadInput, match=r"of the catalog: sql_question \(did you mean sql_questions\?\)"):
        require_names(loader, [*loader["catalog"], "sql_question"], {})
    require_names(loader, ["sql_question"], {"mine": SimpleNamespace(datasets=lambda: {"sql_question"})})
