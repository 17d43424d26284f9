"""A restore that pauses between the credit for a fee in advance and its subscription: what is left of the credit has a
name and an amount, and nothing is given twice."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.turning import Overdue
from billsync.app.recovery.verifying import COMPARED, verify
from billsync.local.server.editions import KONNECT
from billsync.model.recovery import Recovery
from billsync.model.result import Status
from billsync.report.recovery.losses.accounting import complete, loss_report
from billsync.report.recovery.proof.departures import Aspect
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.snapshot.lines import lines_of, recovery_in
from tests.support.call_shop import ACME, BIRCH, CATALOG
from tests.support.old_organization import (
    balances,
    empty_at_the_same_time,
    left_of_fees,
    lived_through,
    paused,
    restored,
    writes_of_another,
)
from tests.support.recoveries import recovery_of
from tests.support.world import NoJournal, World, declared

pytestmark = pytest.mark.thorough

LEFT = {"acme": Decimal("1.00"), "birch": Decimal("1.00")}
"""Of a fee of 30 for 30 days, a day's part."""


@pytest.fixture
def late() -> tuple[World, Recovery, World]:
    """An organization, its snapshot, and the one into which a restore began a day ago; somebody owes a fee."""
    old = lived_through([(0, CATALOG.format(fee="30") + ACME + BIRCH)], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    paused(new, recovery, hours=24)
    return old, recovery, new


def test_what_is_left_of_a_credit_has_its_amount(late: tuple[World, Recovery, World]) -> None:
    """In the account of the run that goes on, and in the proof, with that account or without one."""
    old, recovery, new = late

    found = restored(new, recovery)

    assert complete(recovery, found.accounts) == ()
    assert loss_report(found.accounts).money["USD"].seller == 2
    assert left_of_fees(found.accounts) == LEFT
    assert {key: one["USD"] for key, one in balances(new).items()} == {
        key: one["USD"] + LEFT[key] for key, one in balances(old).items()
    }
    compared = recovery_in(lines_of(recovery), COMPARED)
    for accounts in (found.accounts, tuple(one for one in found.accounts if one.code != "fee-smaller")):
        proof = verify(new.connection(), compared, accounts, lambda: recovery)
        said = {one.customer: (one.difference, {line.code for line in one.why}) for one in proof.departures}
        assert said == {key: (amount, {"fee-smaller"}) for key, amount in LEFT.items()}
    assert writes_of_another(new, recovery) == ()


def test_a_cent_more_than_what_is_left_is_not_explained(late: tuple[World, Recovery, World]) -> None:
    """Once the fee is booked, nothing is taken for a fee that is to come."""
    _, recovery, new = late
    found = restored(new, recovery)
    with new.http() as http:
        acme = next(row for row in http.get("customers").json()["data"] if row["key"] == "acme")
        cent = {"name": "Cent", "currency": "USD", "amount": "0.01", "funding_method": "none"}
        assert http.post(f"customers/{acme['id']}/credits/grants", json=cent).status_code == 201

    proof = verify(new.connection(), recovery, found.accounts)

    assert [(one.customer, one.aspect) for one in proof.unexplained] == [("acme", Aspect.BALANCE)]


def test_a_plan_file_that_is_carried_out_late_names_what_is_left() -> None:
    """In its own report, before anything is written."""
    old = lived_through([(0, CATALOG.format(fee="30") + ACME + BIRCH)], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    saved = planned(new.connection(), recovery, Choices()).plan
    new.clock.advance(86_400)

    fresh, late = (planned(new.connection(), recovery, Choices(), plan_file=one).accounts for one in (None, saved))

    assert (left_of_fees(fresh), left_of_fees(late)) == ({}, LEFT)
    assert complete(recovery, late) == ()


class Passing(httpx.BaseTransport):
    """Two hours pass while the first grant is made."""

    def __init__(self, world: World, inner: httpx.BaseTransport) -> None:
        self._clock, self._inner, self._hours = world.clock, inner, 2

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/credits/grants"):
            self._clock.advance(3600 * self._hours)
            self._hours = 0
        return self._inner.handle_request(request)


def test_nobody_is_subscribed_whose_period_ended_during_the_run() -> None:
    """The credit is for the fee of the old period, and expired with it: the next run gives that of the new one."""
    old = lived_through([(0, CATALOG.format(fee="30") + ACME + BIRCH)], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=20 * 24 - 1)
    connection = new.connection(lambda inner: Passing(new, inner))
    found = planned(connection, recovery, Choices())

    overdue = Overdue(found.plan, found.while_runs, connection.clock)
    report = carry_out(connection, found.plan, journal=NoJournal(), known=found.known, overdue=overdue)
    again = restored(new, recovery)

    stale = {one.step.address.text for one in report.results if one.status is Status.STALE}
    assert stale == {"subscription/acme/default", "subscription/birch/default"}
    assert verify(new.connection(), recovery, again.accounts).unexplained == ()
    assert balances(new) == balances(old)


@pytest.mark.generation("konnect@1.1")
def test_konnect_shows_no_start_and_what_is_left_is_named_all_the_same() -> None:
    """By the subscription's creation, in a later proof and in the account of another run."""
    old = World(seed=1, edition=KONNECT)
    old.sync(declared(CATALOG.format(fee="30") + ACME + BIRCH))
    old.clock.advance(10 * 86_400)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    paused(new, recovery, hours=24)
    restored(new, recovery)
    new.clock.advance(60)

    proof = verify(new.connection(), recovery)
    again = restored(new, recovery)

    said = {one.customer: (one.difference, {line.code for line in one.why}) for one in proof.departures}
    assert said == {key: (amount, {"fee-smaller"}) for key, amount in LEFT.items()}
    assert left_of_fees(again.accounts) == LEFT
