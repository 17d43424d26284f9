"""What an observed entity must look like: exactly so before a step, and at least so where later steps add more."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.core.observed.expectation import differences_after, facts_apart, holds_after, holds_before
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, Symbol
from billsync.model.change import Expectation, FieldChange

PLAN = KINDS["plan"]


def plan(*addons: str, name: str = "Team", quantity: int | None = None) -> dict[str, Any]:
    limit = {} if quantity is None else {"max_quantity": quantity}
    members = tuple(
        {"addon": Symbol(Address("addon", (key,), 1)), "from_plan_phase": "default", **limit} for key in addons
    )
    return {"key": "team", "name": name, **({"addons": members} if members else {})}


@pytest.mark.parametrize(
    ("seen", "holds"),
    [
        (plan("a"), True),
        (plan("a", "b"), True),
        (plan("b"), False),
        (plan(), False),
        (plan("a", "b", name="Other"), False),
        (plan("a", quantity=3), False),
    ],
)
def test_a_list_may_show_more_than_its_promised_members_and_nothing_less(seen: dict[str, Any], holds: bool) -> None:
    expected = Expectation(plan("a"), ("draft", "active"), at_least=("addons",))

    found = holds_after(PLAN, expected, view=seen, status="draft")

    assert found is holds
    assert bool(differences_after(PLAN, expected, seen)) is not holds


def test_a_member_without_its_key_is_more_than_was_promised() -> None:
    seen = {**plan("a"), "addons": (*plan("a")["addons"], {"from_plan_phase": "default"})}

    found = holds_after(PLAN, Expectation(plan("a"), at_least=("addons",)), view=seen, status="draft")

    assert found


@pytest.mark.parametrize(("seen", "holds"), [(plan(), True), (plan("a"), True), (plan("a", name="Other"), False)])
def test_of_nothing_promised_any_list_is_more(seen: dict[str, Any], holds: bool) -> None:
    expected = Expectation(plan(), at_least=("addons",))

    found = holds_after(PLAN, expected, view=seen, status="draft")

    assert found is holds


@pytest.mark.parametrize(("seen", "holds"), [(plan("a"), True), (plan("a", "b"), False), (plan(), False)])
def test_without_a_word_about_more_members_a_list_is_exactly_as_it_is_said(seen: dict[str, Any], holds: bool) -> None:
    expected = Expectation(plan("a"))

    found = holds_after(PLAN, expected, view=seen, status="draft")

    assert found is holds
    assert holds_before(PLAN, expected, view=seen, status="draft") is holds


def test_a_fact_that_is_named_must_be_equal_and_others_are_ignored() -> None:
    expected = Expectation({"key": "a"}, facts={"active_to": None, "active_from": "2026-01-01T00:00:00Z"})
    same = {"active_to": None, "active_from": "2026-01-01T00:00:00Z", "renews_at": "2026-02-01T00:00:00Z"}
    ended = {**same, "active_to": "2026-02-01T00:00:00Z"}

    before = [holds_before(PLAN, expected, view={"key": "a"}, status="", facts=facts) for facts in (same, ended, {})]
    after = [holds_after(PLAN, expected, view={"key": "a"}, status="", facts=facts) for facts in (same, ended, {})]

    assert (before, after) == ([True, False, False], [True, False, False])
    assert facts_apart(expected, ended) == (FieldChange(("active_to",), "2026-02-01T00:00:00Z", None),)
