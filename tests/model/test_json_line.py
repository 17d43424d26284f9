"""JSON on one line, as journals have it."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from billsync.model.value import Written, json_line, json_line_quickly, jsonable

TEXTS = st.text() | st.text(st.sampled_from('"\\/\b\f\n\r\t\0\x1b\x7f\x85\u2028\ud83d\ude00😀é,: []{}'))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.decimals(-(10**9), 10**9, places=7),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner) | st.lists(inner).map(tuple),
    max_leaves=20,
)


@given(VALUES)
def test_a_line_that_is_written_quickly_is_the_same(value: object) -> None:
    pytest.importorskip("msgspec")
    plain = jsonable({"event": value, "planned": Written(value=jsonable(value))})

    assert json_line_quickly(plain) == json_line(plain)
