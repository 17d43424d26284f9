"""Members whose equal parts are kept once say the same as before."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.config.quick import sharing
from tests.support.budgets import examples

SCALARS = st.sampled_from(
    (None, True, False, 0, 1, "", "0", "1", "true", "null", "[1]", Decimal("1.0"), Decimal("1.00"))
)
values = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner), max_leaves=4
)
members = st.lists(st.dictionaries(st.sampled_from("abc"), values), max_size=20)


@settings(max_examples=examples(60))
@given(members, st.integers(0, 4), st.integers(1, 8))
def test_shared_parts_are_what_they_were(found: list[Any], tried: int, settled: int) -> None:
    before, usual = repr(found), (sharing.TRIED, sharing.SETTLED)

    sharing.TRIED, sharing.SETTLED = tried, settled
    sharing.Shared().keep(found)
    sharing.TRIED, sharing.SETTLED = usual

    assert repr(found) == before


def test_equal_parts_are_kept_once() -> None:
    found: list[Any] = [{"labels": {"tier": "gold"}, "grants": [{"priority": number % 2}]} for number in range(4)]

    sharing.Shared().keep(found)

    assert found[3]["labels"] is found[0]["labels"]
    assert [one["grants"] is found[1]["grants"] for one in found] == [False, True, False, True]
