"""Ended is ended: whatever links a customer had, a chain begins only where nothing was sold, or `restart` lets it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_chains import BEGINS, PLANS, SEVERAL, link, outcomes, planned

KEYS = ("default", "other")
RESTARTS = st.sampled_from([False, True, 2, 3])


@st.composite
def histories(draw: st.DrawFn) -> tuple[Any, ...]:
    """Links that ended, of one customer, in their order: ours or made elsewhere, on any plan, some of them restarts."""
    number = draw(st.integers(0, 5))
    return tuple(link(place + 1, draw(st.sampled_from([*PLANS, "gone"])), **draw(_labels())) for place in range(number))


@st.composite
def _labels(draw: st.DrawFn) -> dict[str, str]:
    if draw(st.booleans()):
        return {}
    restart = draw(st.sampled_from([{}, {"billsync_restart": "1"}, {"billsync_restart": "2"}]))
    return {"billsync_owner": "payments", "billsync_key": draw(st.sampled_from(KEYS)), "billsync_plan": "P1", **restart}


def used(history: tuple[Any, ...], key: str) -> int:
    """The highest restart that a key has used up."""
    labels = [row.fields["labels"] for row in history if row.fields["labels"].get("billsync_key") == key]
    return max((int(found.get("billsync_restart", 0)) for found in labels), default=0)


@given(histories(), RESTARTS)
def test_what_ended_begins_again_only_by_a_restart_that_is_not_used_up(history: tuple[Any, ...], restart: Any) -> None:
    mine = [row for row in history if row.fields["labels"].get("billsync_key") in (None, "default")]

    outcome = outcomes(history, default={"plan": "small", "restart": restart})["default"]

    assert (outcome == BEGINS) is (not mine or int(restart) > used(history, "default"))


@given(histories(), RESTARTS)
def test_an_ended_subscription_is_not_sold_again_without_a_flag(history: tuple[Any, ...], restart: Any) -> None:
    """Where several subscriptions are allowed, an ended subscription is not started again without a flag.

    Each ended link stands in the way of a key that it may have been, or a guard names it.
    """
    declared = {key: {"plan": "small", "restart": restart} for key in KEYS}

    plan = planned(history, SEVERAL, **declared)

    begun = {change.address.key for change in plan.changes if change.is_pending}
    for key in begun:
        mine = [row for row in history if row.fields["labels"].get("billsync_key") in (None, key)]
        assert not mine or int(restart) > used(history, key)


@given(histories(), RESTARTS)
def test_a_restart_is_used_up_by_what_it_begins(history: tuple[Any, ...], restart: Any) -> None:
    """So the next run says the same of what ended then, and begins nothing."""
    if not restart or outcomes(history, default={"plan": "small", "restart": restart})["default"] != BEGINS:
        return
    marks = {"billsync_owner": "payments", "billsync_key": "default", "billsync_restart": str(int(restart))}
    running, ended = (link(9, "P1", status=status, **marks) for status in ("active", "inactive"))

    declared = {"plan": "small", "restart": restart}

    assert outcomes((*history, running), default=declared) == {"default": "-"}
    assert outcomes((*history, ended), default=declared) == {"default": "chain-ended"}
