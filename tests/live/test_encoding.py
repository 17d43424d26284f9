from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.live.protocol.encoding import NotJson, decode, encode
from billsync.model.address import Address, Symbol
from billsync.model.value import FloatFound


def test_a_decimal_is_written_as_an_exact_number() -> None:
    body = {"limit": Decimal("100000000000000000000.10"), "rate": Decimal("1E-7"), "amount": "0.002"}

    written = encode(body)

    assert written == b'{"limit":100000000000000000000.1,"rate":0.0000001,"amount":"0.002"}'


def test_a_fraction_is_read_as_a_decimal_and_a_whole_number_as_an_int() -> None:
    assert decode(b'{"a": 0.1, "b": 3, "c": 1e2}') == {"a": Decimal("0.1"), "b": 3, "c": Decimal("1E+2")}


def test_a_float_never_gets_into_a_body() -> None:
    with pytest.raises(FloatFound):
        encode({"amount": [0.1]})


def test_an_unbound_symbol_never_gets_into_a_body() -> None:
    with pytest.raises(TypeError):
        encode({"id": Symbol(Address("plan", ("pro",)))})


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"<html>", b"NaN", b"[" * 200_000, b"\xff\xfe", b"{} {}"])
def test_what_is_not_complete_json_is_told_apart(content: bytes) -> None:
    with pytest.raises(NotJson):
        decode(content)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(-(10**9), 10**9, places=7),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_what_was_written_reads_back_equal(value: object) -> None:
    assert decode(encode(value)) == value
