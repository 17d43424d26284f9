"""Customers have their own billing profile again before anything of theirs is invoiced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.pinning import Pinned, pin, until_customers
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.verifying import verify
from billsync.model.recovery import Accounted, Recovery
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
