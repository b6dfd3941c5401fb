"""What asking will cost, before it does; and the article's bill."""

from dataclasses import replace

import pandas as pd
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.reporting import costs
from sqlreason.teachers.asking import Request, ask, keys_of
from sqlreason.teachers.clients.scripted import count_tokens
from sqlreason.teachers.estimate import estimate, load_tokenizer
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.prices import Prices
from sqlreason.teachers.teacher import Teacher

from .conftest import ANSWER, reply
from .test_asking import requests, teacher


def estimated(who, prompts, path, **options):
    with Journal(path / "journal.sqlite") as journal:
        keys = keys_of(who, prompts)
        return estimate(who, prompts, keys, journal, **{"answer_tokens": 200, "concurrency": 4, **options})


def test_before_any_answer_the_length_is_assumed_and_the_approximation_stated(tmp_path):
    who = Teacher("OpenAILLM", "m", prices=Prices(usd_per_million_input=1.0, usd_per_million_output=2.0))
    found = estimated(who, requests(10), tmp_path)
    assert found.prompt_tokens == sum(count_tokens(request.messages) for request in requests(10))
    assert (found.requests, found.missing, found.completion_tokens, found.hours) == (10, 10, 2000, 0.0)
    assert found.usd == pytest.approx((found.prompt_tokens + 2 * 2000) / 1e6)
    assert "an approximation" in found.basis and "assumed at 200" in found.basis


def test_prompts_are_counted_by_the_teachers_own_tokenizer_where_the_catalog_names_one(project, tmp_path):
    folder = str(project / "data/06_models/tiny_student")
    found = estimated(Teacher("OpenAILLM", "m", tokenizer=folder), requests(3), tmp_path)
    tokenizer = load_tokenizer(folder)
    assert found.prompt_tokens == sum(len(tokenizer.encode(request.messages).ids) for request in requests(3))


def test_an_estimate_from_a_pilot_meets_the_bill_and_knows_what_is_paid(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(prompt=12, completion=40 + number % 5))
    who = teacher(server, Prices(usd_per_million_output=100.0))
    with Journal(tmp_path / "journal.sqlite") as journal:
        ask(who, requests(25), journal, progress=lambda _: None)
    found = estimated(who, requests(200), tmp_path)
    assert (found.requests, found.missing) == (200, 175) and "as measured over 25" in found.basis
    with Journal(tmp_path / "journal.sqlite") as journal:
        paid = sum(c.usd for c in ask(who, requests(200), journal, progress=lambda _: None))
    assert found.total_usd == pytest.approx(paid, rel=0.02)
    assert estimated(who, requests(200), tmp_path).usd == 0


def test_what_was_paid_for_replies_that_cannot_be_read_is_spent(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply({} if number == 2 else ANSWER))
    who = teacher(server, Prices(usd_per_million_output=20_000.0))  # a dollar an answer
    with Journal(tmp_path / "journal.sqlite") as journal:
        ask(who, requests(3), journal, max_failed_share=1.0, progress=lambda _: None)
    found = estimated(who, requests(3), tmp_path)
    assert (found.missing, found.spent_usd) == (1, 3.0)


@pytest.fixture
def article(project):
    bootstrap_project(project)
    with KedroSession.create(project, env="article") as session:
        yield session.load_context()


def test_the_articles_figures_give_its_bill(article, tmp_path):
    """5,000 answers in 1 h 45 min on four L40S came to 14.52 dollars, 2.90 for a thousand."""
    who, budget = article.catalog.load("teacher"), article.params["distillation"].budget
    prompts = [Request(f"id{n}", f'[{{"role": "user", "content": "{n}"}}]') for n in range(5000)]
    found = estimated(who, prompts, tmp_path)
    assert found.usd == pytest.approx(14.52, abs=0.01) and found.hours == pytest.approx(1.75, abs=0.001)
    assert found.usd <= budget.max_usd + 0.01
    paid = who.prices.of_seconds(1.75 * 3600)
    completions = pd.DataFrame(
        {"seconds": 1.26, "prompt_tokens": 500, "completion_tokens": 250, "usd": [paid / 5000] * 5000}
    )
    bill = costs.compute_costs(
        completions, {}, teacher=who.name, usd_per_hour=0.69, hardware="", estimated=found.usd, kept=5000
    ).iloc[0]
    assert bill["cost"] == pytest.approx(14.52, abs=0.01) and bill["estimated"] == pytest.approx(14.52, abs=0.01)
    assert 1000 * bill["cost_per_trace"] == pytest.approx(2.90, abs=0.01)


def test_the_articles_teacher_has_an_address(article):
    who = article.catalog.load("teacher")
    assert who.arguments["endpoint_name"]


@pytest.mark.parametrize("env", ["base", "article", "cluster"])
def test_every_price_has_a_source_and_a_date(project, env):
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        table = session.load_context().config_loader["globals"]["prices"]
    for name, entry in table.items():
        prices = Prices.from_mapping(entry)
        assert prices.source and prices.date and (prices.unknown or not prices.free), name


def test_more_samples_cost_more(tmp_path):
    who = replace(Teacher("OpenAILLM", "m"), prices=Prices(usd_per_million_output=1.0))
    prompts = [replace(request, sample=sample) for request in requests(4) for sample in range(3)]
    assert estimated(who, prompts, tmp_path).completion_tokens == 3 * 4 * 200
