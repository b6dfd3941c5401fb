from dataclasses import dataclass

import pytest

from sqlreason.teachers.ledger import COLUMNS, Prices, bill_completions, bill_hours, describe, hourly_rate


@dataclass
class Paid:
    prompt_tokens: int
    completion_tokens: int
    usd: float


def test_the_figures_of_the_article_give_its_bill():
    prices = Prices(usd_per_hour=round(hourly_rate(14.52, 1.75), 2), source="the article", date="2025-05")
    assert prices.usd_per_hour == 8.30
    bill = bill_hours("distillation", "5,000 answers on 4x L40S", 1.75, prices)
    assert tuple(bill.columns) == COLUMNS
    assert bill.iloc[0]["usd"] == pytest.approx(14.52, abs=0.01)
    assert bill.iloc[0]["usd"] / 5000 == pytest.approx(0.0029, abs=0.0001)


def test_tokens_are_billed_by_the_million():
    prices = Prices(usd_per_million_input=2.0, usd_per_million_output=8.0)
    bill = bill_completions("distillation", [Paid(1000, 500, 0.006), Paid(2000, 250, 0.006)], prices)
    assert list(bill["quantity"]) == [3000, 750]
    assert list(bill["usd"]) == pytest.approx([0.006, 0.006])
    assert bill["usd"].sum() == pytest.approx(sum((0.006, 0.006)))


def test_what_was_paid_beyond_the_tokens_is_time():
    prices = Prices(usd_per_hour=3.6)
    bill = bill_completions("distillation", [Paid(10, 10, 0.001), Paid(10, 10, 0.002)], prices)
    hours = bill[bill["unit"] == "hours"].iloc[0]
    assert hours["usd"] == pytest.approx(0.003)
    assert hours["quantity"] * 3600 == pytest.approx(3.0)


def test_prices_describe_themselves_with_source_and_date():
    assert describe(Prices()) == "free"
    assert describe(Prices(usd_per_hour=8.3, source="a page")) == "usd_per_hour 8.3, source a page"


@pytest.mark.parametrize("entry", [{"usd": 1}, {"usd_per_hour": -1}, {"usd_per_hour": True}, {"usd_per_hour": "1"}])
def test_faulty_prices_are_refused(entry):
    with pytest.raises(ValueError, match=r"accept|from 0 on"):
        Prices.from_mapping(entry)


def test_a_bill_needs_hours():
    with pytest.raises(ValueError, match="positive number of hours"):
        hourly_rate(14.52, 0)
