"""Customers have their own billing profile again before anything of theirs is invoiced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.pinning import Pinned, pin, second_part, until_customers
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.verifying import verify
from billsync.model.recovery import Accounted, Recovery
from billsync.model.result import Status
from billsync.report.recovery.proof.departures import Aspect
from billsync.report.recovery.restore.choices import Choices
from tests.local.test_apps_and_profiles import profile
from tests.support.call_shop import ACME, BIRCH, CATALOG
from tests.support.crash_harness import Wire
from tests.support.old_organization import empty_at_the_same_time, lived_through
from tests.support.recoveries import recovery_of
from tests.support.world import NoJournal, World, rows_of

pytestmark = pytest.mark.thorough


def with_profile(world: World) -> str:
    """Make a profile, and return its id."""
    with world.http() as http:
        made: dict[str, Any] = http.post("/profiles", json=profile(http)).json()
    return str(made["id"])


def departs_in_billing(
    world: World, recovery: Recovery, accounts: Iterable[Accounted]
) -> list[tuple[str, str, str, bool]]:
    """Who has other billing than before: whose, what it was and is, and whether the loss report says so."""
    found = verify(world.connection(), recovery, accounts)
    assert found.compared[Aspect.BILLING] == 2
    several = [one for one in found.departures if one.aspect is Aspect.BILLING]
    return [(one.customer, one.want, one.have, one.is_explained) for one in several]


def test_a_profile_of_the_same_name_is_set_before_subscriptions() -> None:
    old = lived_through([(0, CATALOG.format(fee="31") + ACME + BIRCH)], days=3)
    eu = with_profile(old)
    with old.http() as http:
        acme = next(row["id"] for row in rows_of(http, "customers") if row["key"] == "acme")
        assert http.put(f"/customers/{acme}/billing", json={"billing_profile": {"id": eu}}).is_success
    recovery, new, again = recovery_of(old), empty_at_the_same_time(old), Wire()
    without = planned(new.connection(), recovery, Choices()).accounts
    assert {one.what for one in without if one.code == "billing"} == {"customer/acme"}

    here = with_profile(new)
    found = planned(new.connection(), recovery, Choices())
    first = until_customers(found.plan)
    carry_out(new.connection(), first, journal=NoJournal(), known=found.known)
    unpinned = [departs_in_billing(new, recovery, accounts) for accounts in ((), without)]
    done = [pin(new.connection(wire.wrap), found.pins, NoJournal()) for wire in (Wire(), again)]

    assert unpinned == [[("acme", "EU", "the default", is_explained)] for is_explained in (False, True)]
    assert departs_in_billing(new, recovery, ()) == []
    with new.http() as http:
        billing = [http.get(f"/customers/{row['id']}/billing").json() for row in rows_of(http, "customers")]
    assert {step.address.kind for step in first.steps} == {"meter", "feature", "customer"}
    assert [one.code for one in found.accounts if one.code == "billing"] == []
    assert [one["billing_profile"]["id"] == here for one in billing] == [True, False]
    assert (done, again.transport.writes) == ([Pinned(1, 0, {}), Pinned(0, 1, {})], ())


class Refusing(httpx.BaseTransport):
    """Sets nobody's billing."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and request.url.path.endswith("/billing"):
            return httpx.Response(412, json={"type": "about:blank", "title": "No", "status": 412, "detail": "no"})
        return self._inner.handle_request(request)


def test_whoever_lacks_its_billing_gets_nothing_that_another_profile_bills() -> None:
    """Neither grants nor a subscription; others get theirs. What failed in the first part isn't tried again."""
    old = lived_through([(0, CATALOG.format(fee="31") + ACME + BIRCH)], days=3)
    eu = with_profile(old)
    with old.http() as http:
        acme = next(row["id"] for row in rows_of(http, "customers") if row["key"] == "acme")
        assert http.put(f"/customers/{acme}/billing", json={"billing_profile": {"id": eu}}).is_success
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    with_profile(new)
    found, connection = planned(new.connection(), recovery, Choices()), new.connection()
    first = carry_out(connection, until_customers(found.plan), journal=NoJournal(), known=found.known)
    ended = {result.step.id: result for result in first.results}

    failed = pin(new.connection(Refusing), found.pins, NoJournal()).failed or {}
    rest, held = second_part(found.plan, ended, failed, connection.kinds)
    carry_out(connection, rest, journal=NoJournal(), known=found.known)
    feature = next(name for name, result in ended.items() if result.step.address.kind == "feature")
    broken = {**ended, feature: replace(ended[feature], status=Status.FAILED)}
    without_feature, blocked = second_part(found.plan, broken, (), connection.kinds)

    assert [*failed] == ["acme"]
    assert {(one.step.address.kind, one.step.address.names[0]) for one in held} == {
        ("grant", "acme"), ("subscription", "acme")
    }  # fmt: skip
    assert {one.status for one in held} == {Status.BLOCKED}
    with new.http() as http:
        assert len(rows_of(http, "subscriptions")) == 1
    assert {step.address.kind for step in without_feature.steps} == {"grant"}
    assert {one.step.address.kind for one in blocked} == {"plan", "subscription"}
