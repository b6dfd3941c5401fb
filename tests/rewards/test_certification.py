"""The adversarial suite and the verdict on mixes of rewards, over questions of the embedded set."""

import pandas as pd
import pytest

from sqlreason.reasoning.format import parse
from sqlreason.rewards import REWARDS
from sqlreason.rewards.certification import Certificate, CertificationError, Entry, _question, certify
from sqlreason.rewards.exploits import EXPLOITS
from sqlreason.rewards.foreign import TotalReward
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Verifier

MIXED = {"execution": 1.0, "reasoning": 0.2, "length": 0.2}
ARTICLE = {"match_format_exactly": 1.0, "match_format_approximately": 1.0, "check_sql_reward": 1.0}
QUESTIONS = 3


@pytest.fixture(scope="module")
def rows(project):
    questions = pd.read_parquet(project / "data/01_raw/questions/train.parquet")
    chosen = questions[questions["sql"].str.contains("WHERE")].sample(QUESTIONS, random_state=5)
    with Verifier() as verifier:
        tasks = [prepare(verifier, row.id, row.sql_context, row.sql).task.to_json() for row in chosen.itertuples()]
    renamed = chosen.rename(columns={"sql": "gold_sql"}).assign(task=tasks)
    return renamed[["task", "sql_context", "gold_sql"]].to_dict("records")


@pytest.fixture(scope="module")
def certificates(rows):
    found = {}

    def certificate(**mix):
        key = tuple(mix)
        if key not in found:
            found[key] = certify(mix, rows, seed=1)
        return found[key]

    return certificate


def test_the_suite_has_at_least_sixty_exploits_with_names_of_their_own():
    assert len(EXPLOITS) >= 60 and len({exploit.name for exploit in EXPLOITS}) == len(EXPLOITS)


@pytest.mark.parametrize("mix", [{"execution": 1.0}, {"arctic": 1.0}, MIXED])
def test_sound_mixes_pass(certificates, mix):
    certificate = certificates(**mix)
    assert certificate.faults == []
    certificate.require()
    kinds = [entry.kind for entry in certificate.entries]
    assert kinds == sorted(kinds, key=("correct", "mutant", "exploit").index)
    assert kinds.count("exploit") >= 60 and kinds.count("correct") >= 8


def test_every_rewrite_of_the_gold_earns_the_full_execution_reward(certificates):
    correct = [entry for entry in certificates(execution=1.0).entries if entry.kind == "correct"]
    assert {entry.lowest for entry in correct} == {1.0}


def test_running_alone_earns_at_most_a_tenth(certificates):
    entries = {entry.name: entry for entry in certificates(execution=1.0).entries}
    for name in ("a table where nothing holds", "null per row", "limit 0"):
        assert entries[name].highest <= 0.1, name
    for name in ("select one", "drop", "attach", "the gold then a drop", "rows as VALUES"):
        assert entries[name].highest == 0.0, name


def test_the_articles_rewards_fail_and_training_is_refused(certificates):
    certificate = certificates(**ARTICLE)
    entries = {entry.name: entry for entry in certificate.entries}
    assert entries["the gold"].highest == pytest.approx(4.0)
    assert certificate.worst_correct == entries["select one"].highest == entries["drop"].highest == pytest.approx(2.8)
    assert len(certificate.faults) == 2
    with pytest.raises(CertificationError, match=r"exploits earn as much as the worst correct answer \(2.80\)"):
        certificate.require()


@pytest.mark.parametrize("name", ["format", "reasoning", "length", "teacher_similarity"])
def test_rewards_that_do_not_look_at_results_fail_alone(certificates, name):
    assert certificates(**{name: 1.0}).faults


def test_an_exploit_that_is_right_by_chance_is_no_exploit():
    context = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2), (3);"
    with Verifier() as verifier:
        task = prepare(verifier, "all", context, "SELECT * FROM t").task
    whole = {"task": task.to_json(), "sql_context": context, "gold_sql": "SELECT * FROM t"}
    names = {entry.name for entry in certify({"execution": 1.0}, [whole]).entries}
    assert "all of a table" not in names and "limit 0" in names


def test_a_question_about_a_tag_opens_no_exploit_and_its_right_answers_are_right():
    context = (
        "CREATE TABLE parts (id INT, name TEXT, n INT);"
        "INSERT INTO parts VALUES (1, '<sql>', 4), (2, '<think>', 5), (3, '</sql>', 6), (4, 'it''s', 9);"
    )
    gold = "SELECT id, n FROM parts WHERE name <> '<sql>' AND n > 4"
    with Verifier() as verifier:
        task = prepare(verifier, "tags", context, gold).task
    certificate = certify({"execution": 1.0}, [{"task": task.to_json(), "sql_context": context, "gold_sql": gold}])
    assert certificate.faults == [] and certificate.worst_correct == 1.0


def test_no_usable_question_is_an_error():
    with pytest.raises(ValueError, match="none of 1 questions"):
        certify({"execution": 1.0}, [{"task": "", "sql_context": "nothing", "gold_sql": "SELECT 1"}])


def test_a_certificate_read_back_from_its_table_says_the_same(certificates):
    certificate = certificates(**ARTICLE)
    table = pd.DataFrame([vars(entry) for entry in certificate.entries])
    again = Certificate(tuple(Entry(**row) for row in table.to_dict("records")))
    assert again.faults == certificate.faults and again.summary() == certificate.summary()


def test_grammar_exploits_break_the_grammar(rows):
    with Verifier() as verifier:
        question = _question(rows[0], verifier)
    for exploit in EXPLOITS:
        text = exploit.write(question)
        if exploit.family == "grammar":
            assert not parse(text).well_formed, exploit.name


def test_a_reward_that_gives_wrong_answers_no_number_is_refused(rows):
    """Where only right answers have a score, none is worth more than another, and nothing is taught."""
    execution = REWARDS["execution"]()

    def only_the_right(completions, **columns):
        return [score if score == 1.0 else None for score in execution(completions, **columns)]

    reward = TotalReward("only_the_right", only_the_right)
    certificate = certify({"only_the_right": 1.0}, rows[:1], exploits=EXPLOITS[:3], others=[reward])
    execution.close()
    assert certificate.faults == [
        "4 kinds of wrong answers have no score, so that none is worth less: "
        "mutants of the gold, select one, select zero, select null"
    ]
    table = pd.DataFrame([vars(entry) for entry in certificate.entries])
    assert Certificate(tuple(Entry(**row) for row in table.to_dict("records"))).faults == certificate.faults


def test_what_holds_the_gold_in_another_wording_is_a_family_of_its_own(rows):
    """It is no exploit of a reward that reads its own wording, so that such a family can be left out."""
    with Verifier() as verifier:
        question = _question(rows[0], verifier)
    for exploit in EXPLOITS:
        if exploit.family == "grammar":
            assert question.gold in exploit.write(question), exploit.name
