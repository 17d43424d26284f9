from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.live.protocol.encoding import NotJson, decode, decode_quickly, encode
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


@pytest.mark.parametrize(
    "content", [b"", b'{"a": ', b"<html>", b"NaN", b"[" * 200_000, b"\xff\xfe", b"{} {}", b"[1e99999999999999999999]"]
)
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


ODD = [
    *(b"-0", b"1E400", b"0.10", b"-1.0e-2", b"01", b"1.", b"NaN", b"-Infinity", b"1e99999999999999999999", b"9" * 5000),
    *(
        b"18446744073709551616",
        b"-9223372036854775809",
        b"12345678901234567890.5",
        b"true",
        b"nul",
        b'"\xff"',
        b'"\xc0\x80"',
    ),
    *(
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\xed\xa0\x80"',
        b'"\\u0000"',
        b'"\\/"',
        b'"a\tb"',
        b'"\x7f"',
        b"\xef\xbb\xbf",
    ),
    *(
        b'{"a":1,"a":2}',
        b'{"a":1,}',
        b"[1,]",
        b"{1:2}",
        b"[" * 3000 + b"]" * 3000,
        b" ",
        b"\x0c",
        b"\0",
        b"//",
        b'{"":{}}',
    ),
]
"""Texts that readers of JSON take differently."""


def outcome(read: Callable[[bytes], object], content: bytes) -> str:
    """The value with its types, or that there is none."""
    try:
        return repr(read(content))
    except NotJson:
        return "not JSON"


@given(json_values, st.lists(st.sampled_from(ODD), max_size=3), st.integers(0))
def test_json_is_read_quickly_as_it_is_read_else(value: object, odd: list[bytes], seed: int) -> None:
    """Also with odd texts in it at random places, and cut anywhere."""
    pytest.importorskip("msgspec")
    content, random = encode(value), Random(seed)
    for text in odd:
        begin, end = sorted(random.randint(0, len(content)) for _ in range(2))
        content = random.choice([content[:begin] + text + content[end:], b'{"a":%s, "b" :[%s ]}' % (text, content)])

    assert outcome(decode_quickly, content) == outcome(decode, content)
