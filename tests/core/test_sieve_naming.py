"""Rows that name one of some ids, found by their bytes."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

pytest.importorskip("msgspec", reason="rows are sieved by msgspec")

from billsync.core.sieve.alike import naming
from billsync.live.protocol.encoding import decode

IDS = st.text("01AZ", min_size=1, max_size=4) | st.text('0Az-é"\\ ', max_size=4)


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[str], Any]:
    """Some ids, and a row in which they and texts like them stand in several places."""
    ids = draw(st.lists(IDS, min_size=1, max_size=4))
    texts = st.sampled_from(ids) | IDS | st.just("0A1Z0A1Z")
    leaves = texts | texts.map(lambda text: f"{text},{text}") | st.integers() | st.none()
    value = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.just("field"), inner))
    return ids, {"row": draw(value), "other": draw(value)}


@given(rows(), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_a_row_names_an_id_that_stands_anywhere_in_it(
    given: tuple[list[str], Any], separators: tuple[str, str]
) -> None:
    ids, row = given

    is_named = naming(ids, decode)(json.dumps(row, separators=separators, ensure_ascii=False).encode())

    assert is_named is any(f'"{json.dumps(each)[1:-1]}"' in json.dumps(row) for each in ids)
