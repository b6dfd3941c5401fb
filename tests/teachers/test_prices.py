import pytest

from sqlreason.teachers.prices import Prices, describe


def test_prices_describe_themselves_with_source_and_date():
    assert describe(Prices()) == "free"
    assert describe(Prices(usd_per_hour=8.3, source="a page")) == "usd_per_hour 8.3, source a page"


@pytest.mark.parametrize("entry", [{"usd": 1}, {"usd_per_hour": -1}, {"usd_per_hour": True}, {"usd_per_hour": "1"}])
def test_faulty_prices_are_refused(entry):
    with pytest.raises(ValueError, match=r"accept|from 0 on"):
        Prices.from_mapping(entry)


def test_a_price_that_nobody_entered_is_unknown_and_one_of_0_is_free():
    assert describe(Prices.from_mapping({"source": "enter your provider's price"})) == "unknown"
    assert describe(Prices.from_mapping({"usd_per_hour": 0})) == "free"
    with pytest.raises(ValueError, match="unknown"):
        Prices.from_mapping({"unknown": True})
