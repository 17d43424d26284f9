"""The server's rule for labels, against its own pattern."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.labels import key_problem, value_problem

SERVERS_RULE = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9._-]?[a-zA-Z0-9])?){1,63}")
TEXTS = st.text("ab1._-", min_size=1, max_size=12)


@given(TEXTS)
def test_a_value_is_legal_if_and_only_if_the_servers_pattern_says_so(text: str) -> None:
    assert (value_problem(text) is None) is (SERVERS_RULE.fullmatch(text) is not None)


@given(TEXTS)
def test_a_key_is_legal_if_it_matches_the_servers_pattern(text: str) -> None:
    """A key is legal if it matches the server's pattern and has no reserved prefix."""
    assert (key_problem(text) is None) is (SERVERS_RULE.fullmatch(text) is not None and not text.startswith("_"))


@pytest.mark.parametrize(
    ("key", "legal"),
    [("x" * 189, True), ("x" * 190, False), ("x.y" * 63, True), ("x.y" * 64, False), ("x" * 188 + ".x", False)],
)
def test_a_key_may_be_as_long_as_the_servers_pattern_lets_it(key: str, legal: bool) -> None:
    assert (key_problem(key) is None) is legal


@pytest.mark.parametrize("key", ["kong", "kicker", "meshwork", "openmeter_x", "insomnia", "kuma1", "konnect.a"])
def test_reserved_prefixes_are_prefixes_of_the_text(key: str) -> None:
    assert key_problem(key) is not None


@pytest.mark.parametrize("text", ["", "x" * 64, "é", "a b", "a/b", "a\n"])
def test_values_of_another_length_or_alphabet_are_refused(text: str) -> None:
    assert value_problem(text) is not None
