import pytest

from sqlreason.teachers.prices import Prices, describe


def test_prices_describe_themselves_with_source_and_date():
    assert describe(Prices()) == "free"
    assert describe(Prices(usd_per_hour=8.3, source="a page")) == "usd_per_hour 8.3, source a page"


@pytest.mark.parametrize("entry", [{"usd": 1}, {"usd_per_hour": -1}, {"usd_per_hour": True}, {"usd_per_hour": "1"}])
def test_faulty_prices_are_refused(entry):
    with pytest.raises(ValueError, match=r"accept|from 0 on"):
        Prices.from_mapping(entry)
