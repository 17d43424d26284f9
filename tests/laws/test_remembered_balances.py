"""A balance that is remembered without its time is what it is by itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.budgets import examples

pytest.importorskip("msgspec", reason="there is a quick dump only where rows are decoded by compiled code")

from billsync.app.dump import credit

BEGINS = (
    '{"retrieved_at":"2026-11-30T17:32:43.834209Z", ',
    '{"retrieved_at": "2026-02-30T17:32:43Z", ',
    '{"retrieved_at": "2026-11-30T17:32:43Z",',
    '{"retrieved_at": null, ',
    '{"retrieved_at": "2026-11-30T17:32:43Z", "retrieved_at": 1, ',
    "{",
)
LEFT = '{"currency": "USD", "settled": "%s", "live": "1.50", "pending": "0"}'
amounts = st.sampled_from(("1", "1.50", "1e3", "", "-0.1"))
balances = st.lists(amounts.map(LEFT.__mod__), max_size=2).map(lambda left: f'"balances": [{", ".join(left)}]')
ends = st.sampled_from(("}", ', "balances": []}', ', "retrieved_at": ""}', "", "} ", "}\x00"))


@settings(max_examples=examples(200))
@given(st.lists(st.tuples(st.sampled_from(BEGINS), balances, ends).map("".join), max_size=6))
def test_a_remembered_balance_is_what_it_is_by_itself(bodies: list[str]) -> None:
    for body in map(str.encode, bodies):
        assert credit._read(body) == credit._decoded(body)
