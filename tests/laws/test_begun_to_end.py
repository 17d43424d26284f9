"""A subscription that is declared to end takes two calls: a run that breaks off between them is gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from re import fullmatch
from typing import Any

import httpx
import pytest

from billsync.core.lifecycle.chain_end import BEGUN_TO_END, OR_TAKEN_BACK
from billsync.core.observed.ownership import ENDING
from tests.support.faults import Killed
from tests.support.world import World, declared, rows_of

HEAD = """\
_info: {owner: us}
plans:
- {key: p, name: P, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, phases: [
    {key: default, name: D, rate_cards: [{key: fee, name: F, price: {type: flat, amount: "1"}}]}]}
- {key: q, name: Q, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, phases: [
    {key: default, name: D, rate_cards: [{key: fee, name: F, price: {type: flat, amount: "2"}}]}]}
customers:
"""
WITHOUT = declared(f"{HEAD}- {{key: acme, name: A, usage_attribution: {{subject_keys: [a]}}}}\n")
TIME = "2026-10-01T00:00:00Z"
"""The end of the first period by the tests' clock."""


def to_end(ends: str, plan: str = "p", more: str = "") -> str:
    until = f", ends: {ends}" if ends else ""
    who = "{key: acme, name: A, usage_attribution: {subject_keys: [a]}, subscription: {plan: %s%s%s}}"
    return f"{HEAD}- {who % (plan, until, more)}\n"


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    found.sync(WITHOUT)
    yield found
    found.close()


def subscription(world: World) -> dict[str, Any]:
    with world.http() as http:
        (row,) = (row for row in rows_of(http, "/subscriptions") if row["status"] in ("active", "canceled"))
    return row


class Deaf(httpx.BaseTransport):
    """A way to the server on which no cancel arrives."""

    silent = "cancel"

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and fullmatch(f".*/subscriptions/[^/]+/{self.silent}", request.url.path):
            raise Killed
        return self._inner.handle_request(request)


def broken_off(world: World, text: str, allow: Mapping[str, str] | None = None) -> None:
    """A run that dies at the call that sets the end."""
    with pytest.raises(Killed):
        world.sync(declared(text), wrap=Deaf, allow=allow)
    world.clock.advance(60)


@pytest.mark.parametrize("ends", ["at_renewal", TIME])
def test_the_end_of_a_beginning_that_broke_off_is_set(world: World, ends: str) -> None:
    """No flag is needed: the files always said so, and nobody has touched the subscription since."""
    broken_off(world, to_end(ends))

    run = world.sync(declared(to_end(ends)))
    again = world.plan(declared(to_end(ends)))

    assert run.plan.guards == ()
    assert [(change.verb, change.reason) for change in run.plan.pending] == [("cancelling", BEGUN_TO_END)]
    assert subscription(world)["active_to"] == "2026-10-01T00:00:00Z"
    assert (again.steps, again.pending) == ((), ())


def test_an_end_that_a_person_adds_needs_its_flag(world: World) -> None:
    world.sync(declared(to_end("")))

    assert [guard.code for guard in world.plan(declared(to_end("at_renewal"))).guards] == ["cancel"]


def test_another_end_than_it_was_begun_with_needs_its_flag(world: World) -> None:
    broken_off(world, to_end("at_renewal"))

    (guard,) = world.plan(declared(to_end("2026-11-01T00:00:00Z"))).guards

    assert (guard.code, OR_TAKEN_BACK in guard.reason) == ("cancel", False)


def test_an_end_that_somebody_took_back_needs_its_flag(world: World) -> None:
    """It can't be told apart from a run that broke off after something else was done: the guard names both."""
    world.sync(declared(to_end("at_renewal")))
    world.clock.advance(60)
    with world.http() as http:
        http.post(f"/subscriptions/{subscription(world)['id']}/unschedule-cancelation").raise_for_status()

    (guard,) = world.plan(declared(to_end("at_renewal"))).guards

    assert (guard.code, OR_TAKEN_BACK in guard.reason) == ("cancel", True)


def test_a_change_does_not_carry_the_mark_of_an_end(world: World) -> None:
    """The next link wasn't begun to end."""
    world.sync(declared(to_end("at_renewal")))
    before = subscription(world)["labels"]
    allow = {"revert": "", "cancel": ""}
    world.sync(declared(to_end("", "q", ", change: immediate")), allow=allow)
    after = subscription(world)["labels"]

    assert ENDING in before
    assert ENDING not in after
    assert [guard.code for guard in world.plan(declared(to_end("at_renewal", "q"))).guards] == ["cancel"]


ADDONS = """\
addons:
- {key: seats, name: S, currency: USD, instance_type: multiple, rate_cards: [
    {key: seats, name: S, price: {type: flat, amount: "5"}, billing_cadence: P1M}]}
plans:
- {key: p, name: P, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, addons: [{addon: seats}],"""


class DeafToAddons(Deaf):
    """A way to the server on which no add-on arrives."""

    silent = "addons"


def test_what_was_to_be_attached_before_the_end_is_attached_first(world: World) -> None:
    """A subscription that ends takes no add-on any more."""
    text = to_end("at_renewal", more=", addons: [{addon: seats}]")
    text = text.replace(
        "plans:\n- {key: p, name: P, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,", ADDONS
    )
    with pytest.raises(Killed):
        world.sync(declared(text), wrap=DeafToAddons)
    world.clock.advance(60)

    run = world.sync(declared(text))
    again = world.plan(declared(text))

    assert [step.verb for step in run.plan.steps] == ["attaching", "cancelling"]
    assert run.plan.guards == ()
    assert {result.reason for result in run.report.results} == {""}
    assert (again.steps, again.pending) == ((), ())
