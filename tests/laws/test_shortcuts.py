"""Shortcuts give what the long way gives, for every value."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote, urlencode

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.apply.evidence import EMAIL, EmailMask
from billsync.live.transports import over_core, quick
from billsync.model.address import Address, Symbol
from billsync.model.value import Plain, canonical, certainly_equal
from tests.support.budgets import examples

ALIKE = st.sampled_from(
    [None, "", "1", 0, 1, True, False, Decimal(1), Decimal("1.0"), Decimal("-0"), Symbol(Address("plan", ("pro",)))]
)
VALUES = st.recursive(
    ALIKE,
    lambda inner: st.lists(inner, max_size=2) | st.tuples(inner) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=5,
)
TEXTS = st.text(st.sampled_from("ab@%40.: /é~+"), max_size=12)


@given(VALUES, VALUES)
@settings(max_examples=examples(200))
def test_what_is_certainly_equal_has_the_same_canonical_form(one: Plain, other: Plain) -> None:
    assert certainly_equal(one, one)
    assert not certainly_equal(one, other) or canonical(one) == canonical(other)


@given(TEXTS)
@settings(max_examples=examples(200))
def test_every_address_in_a_text_is_masked(text: str) -> None:
    assert (EmailMask().masked(text) != text) == (EMAIL.search(text) is not None)


@given(st.lists(st.tuples(st.sampled_from(["sort", "filter[key][eq]"]), TEXTS), max_size=2).map(tuple), TEXTS)
@settings(max_examples=examples(100))
def test_urls_are_written_as_the_standard_library_and_httpx_do(query: tuple[tuple[str, str], ...], name: str) -> None:
    url = "http://127.0.0.1:8888/api/v3/" + quote(name, safe="/~.@:+")
    whole = httpx.URL(url, params=query) if query else httpx.URL(url)
    host, address = over_core._address(url, query)

    assert quick._query(query) == urlencode(query)
    assert (host[1], address.target, address.port) == (whole.netloc, whole.raw_path, 8888)
    assert Address("plan", (name,)).text == "plan/" + quote(name, safe=" -_.~:+")
