"""Values of results on their way to the parent: none is lost, none passes for another, none takes more than it may."""

import json
import math
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from sqlreason.sql.sandbox.worker.equivalence import canonical, same_value
from sqlreason.sql.sandbox.worker.protocol import HEADER, decode, encode
from sqlreason.sql.sandbox.worker.wire_values import packed_rows, unpacked

PLAIN = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary()),
    st.decimals(allow_nan=False),
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
IMITATIONS = [
    *(["blob", "zz"], {"blob": "zz"}, {"blob": 1}, ["integer", "0x1"], ["list", []], "['list', []]", ["float", 1]),
]


def sent(value, most=1_000_000):
    """What arrives of a row with that value."""
    frame = encode({"rows": packed_rows([(value,)], most)})
    return [unpacked(cell) for row in decode(frame[HEADER.size :])["rows"] for cell in row]


@given(VALUES)
@settings(max_examples=100)
def test_every_value_arrives_as_it_was(value) -> None:
    (arrived,) = sent(value)
    assert arrived == value and type(arrived) is type(value)


def test_no_value_passes_for_the_form_of_another() -> None:
    for value in IMITATIONS:
        assert sent(value) == [value]
    forms = {json.dumps(packed_rows([(value,)], 1_000)) for value in [*IMITATIONS, b"zz"]}
    assert len(forms) == len(IMITATIONS) + 1


def test_what_python_has_no_counterpart_for_arrives_as_text() -> None:
    assert sent({date(2020, 1, 1): 1}) == [{"2020-01-01": 1}]
    assert sent(date(2020, 1, 1)) == ["2020-01-01"]
    assert math.isnan(sent(math.nan)[0]) and sent(Decimal("-Infinity")) == [Decimal("-Infinity")]
    assert sent(10**400) == [10**400] and sent(10**5_000) == [hex(10**5_000)]


def test_a_result_is_cut_at_the_row_that_takes_too_much() -> None:
    rows = [("x" * 1_000,)] * 5
    assert len(packed_rows(rows, 3_100)) == 3
    assert packed_rows([([["x" * 100] * 100],)], 5_000) == [] == packed_rows([(b"x" * 5_000,)], 9_000)
    assert packed_rows([("é" * 1_000,)], 5_000) == []  # six characters each as JSON has it


STRANGE = [
    *(10**400, Decimal(10) ** 400, Decimal("1e1000000000"), Decimal("-1e400") / 3),
    *(math.nan, Decimal("NaN"), Decimal("sNaN"), math.inf, Decimal("-Infinity"), 1.5, None, "nan", b"nan"),
    *([1.5, [10**400]], {"a": {1: math.nan}}, {}, [], date.max),
]


def test_any_two_values_can_be_compared() -> None:
    forms = [canonical(value) for value in STRANGE]
    for i, one in enumerate(forms):
        assert [j for j, other in enumerate(forms) if same_value(one, other)] == [
            j for j in range(len(forms)) if j == i or {i, j} <= {0, 1} or {i, j} <= {4, 5, 6}
        ], STRANGE[i]
        assert hash(one) is not None
