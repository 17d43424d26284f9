"""A restore brings back what a recovery snapshot shows: content, credit to the cent, periods; a second one writes
nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billsync.app.ending import Ended
from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.owing import owe
from billsync.app.recovery.resending import Resent, resend
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.verifying import verify
from billsync.core.plan_file import to_json
from billsync.local.server.editions import KONNECT
from billsync.model.recovery import Fate, Recovery
from billsync.model.result import Status
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.proof.departures import Aspect
from billsync.report.recovery.restore.choices import Choices, InAdvance
from tests.support.call_shop import ACME, BIRCH, CATALOG, send_calls
from tests.support.clock import FakeClock
from tests.support.crash_harness import Wire
from tests.support.old_organization import (
    DAY,
    balances,
    balances_in,
    empty_at_the_same_time,
    lived_through,
    restored,
    writes_of_another,
)
from tests.support.old_shop import old_shop
from tests.support.recoveries import events_of, recovery_of
from tests.support.world import NoJournal, World, declared

pytestmark = pytest.mark.thorough

MORE_GRANTS = """
  - {key: paid, name: P, amount: "10", currency: USD, funding_method: invoice, purchase: {per_unit_cost_basis: "0.8"}}
  - {key: small, name: S, amount: "5", currency: USD, funding_method: none, priority: 1}
"""
FIRST = ACME.rstrip("\n") + MORE_GRANTS


def test_two_versions_with_their_subscribers_and_credit() -> None:
    """Both versions, of which somebody deleted the older one since, their subscribers with their anchors and what is
    left of each grant come back; files that say what was granted at first differ in nothing, and a second restore
    writes nothing."""
    files = CATALOG.format(fee="40") + FIRST + BIRCH
    old = lived_through([(0, CATALOG.format(fee="31") + FIRST), (12, files)], days=5)
    delete_version(old, 1)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    found = restored(new, recovery)

    assert complete(recovery, found.accounts) == ()
    assert balances(new) == {"acme": {"USD": 484}, "birch": {"USD": -40}}
    assert {one.what: one.code for one in found.accounts if one.fate is not Fate.RESTORED} == {
        "grant/acme/paid": "paid-before",
        "debt of birch in USD": "debt-as-fee",
    }
    assert not [change for change in new.plan(declared(files)).changes if change.code != "grandfathered"]
    assert writes_of_another(new, recovery) == ()


def delete_version(world: World, number: int) -> None:
    """Somebody deletes a version of the only plan."""
    with world.http() as http:
        (row,) = (row for row in http.get("plans").json()["data"] if row["version"] == number)
        assert http.delete(f"plans/{row['id']}").is_success
        assert [row["version"] for row in http.get("plans").json()["data"]] != [1, 2]


def test_what_began_since_the_snapshot_is_said_to_be_new() -> None:
    """Fees that the snapshot doesn't show as paid are given all the same; credit that has begun isn't pending."""
    later = """
- key: acme
  name: Acme
  subscription: {plan: pro, start: "2026-09-21T00:00:00Z"}
  grants: [{key: g, name: G, amount: "9", currency: USD, funding_method: none, effective_at: "2026-09-20T00:00:00Z"}]
"""
    old = lived_through([(0, CATALOG.format(fee="31") + later)], days=12)
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=24 * 13)

    found = restored(new, recovery)

    said = [(one.what, one.code, one.how) for one in found.accounts if one.fate is not Fate.RESTORED]
    how = "it began at 2026-09-21T00:00:00Z, after the snapshot: 25.83 USD of fees that the old server may have billed"
    since = "31 USD of fees fell due after the snapshot: only the old server may have asked for them"
    assert said == [
        ("subscription/acme/default", "new-period", f"{how} are given as credit"),
        ("subscription/acme/default", "charged-between", since),
    ]
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()


def test_a_server_with_nothing_is_restored_with_nothing() -> None:
    old = World(seed=1)
    recovery, wire = recovery_of(old), Wire()

    found = restored(empty_at_the_same_time(old), recovery, wrap=wire.wrap)

    assert (complete(recovery, found.accounts), found.plan.changes, wire.transport.writes) == ((), (), ())


@pytest.mark.parametrize("ahead", [-40 * DAY, 3600, 40 * DAY])
def test_the_servers_clock_decides(ahead: float) -> None:
    """This machine's may be wrong: what is left of the period, and so the fee that is given back, is the server's, and
    so is the time of the fee that makes a debt."""
    old = lived_through([(0, CATALOG.format(fee="31") + ACME + BIRCH)], days=12)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    connection = new.connection(clock=FakeClock(new.clock.now() + timedelta(seconds=ahead)))

    found = planned(connection, recovery, Choices())
    carry_out(connection, found.plan, journal=NoJournal(), known=found.known)
    owe(connection, found.debts)

    assert balances(new) == balances(old)


TRIAL = """
_info: {owner: shop}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  phases:
  - key: trial
    name: Trial
    duration: P14D
    rate_cards: [{key: fee, name: Fee, price: {type: free}}]
  - key: main
    name: Main
    rate_cards:
    - {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "30"}}
customers:
- {key: acme, name: Acme, subscription: {plan: pro}, grants: [
    {key: welcome, name: W, amount: "500", currency: USD, funding_method: none}]}
"""


def test_phases_that_were_past_and_one_that_was_running() -> None:
    """Who was past a trial goes on past it; the middle of a trial begins again, and is told with days and money."""
    old = lived_through([(0, TRIAL), (20, TRIAL + BIRCH)], days=5)
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=0)

    found = restored(new, recovery)

    lines = {one.what: one for one in found.accounts if one.fate is not Fate.RESTORED and one.count}
    assert balances(new) == balances(old)
    assert set(lines) == {"subscription/birch/default"}
    assert lines["subscription/birch/default"].code == "phase-again"
    said = "its phase trial lasts 5 days longer than it would have; its next charge is 5 USD less"
    assert lines["subscription/birch/default"].how == said
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    assert writes_of_another(new, recovery) == ()


@pytest.fixture(scope="module")
def shop() -> tuple[World, Recovery]:
    """A shop with everything, and its recovery snapshot."""
    world = old_shop()
    return world, recovery_of(world)


ARREARS = {"dune": Decimal("0.71"), "elm": Decimal("0.71")}
"""The part of fees in arrears for the time before the new beginning, which the loss report names."""


@pytest.mark.parametrize("in_advance", InAdvance)
def test_a_whole_shop_comes_back(shop: tuple[World, Recovery], in_advance: InAdvance) -> None:
    """Versions, add-ons, a scheduled change, ends, starts and archives come back, the loss report explains all that
    departs, and a second restore writes nothing."""
    old, recovery = shop
    new, choices = empty_at_the_same_time(old, hours=2), Choices(in_advance)

    found = restored(new, recovery, choices)

    assert complete(recovery, found.accounts) == ()
    assert (balances(new) == balances(old)) is (in_advance is not InAdvance.BILL)
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    assert writes_of_another(new, recovery, choices) == ()


def test_the_next_charges_are_those_that_there_would_have_been(shop: tuple[World, Recovery]) -> None:
    """After the next renewals, credit is as where nothing was lost, but for fees in arrears of the time before."""
    old, recovery = old_shop(), shop[1]
    new = empty_at_the_same_time(old, hours=2)
    restored(new, recovery)
    for world in (old, new):
        world.clock.advance(datetime(2026, 11, 2, tzinfo=UTC).timestamp() - world.clock.now().timestamp())

    have, want = balances(new), balances(old)

    assert {name: have[name]["USD"] - want[name]["USD"] for name in want if have[name] != want[name]} == ARREARS


def test_a_plan_file_of_a_restore_runs_twice_and_writes_once(shop: tuple[World, Recovery]) -> None:
    """The steps of versions that later ones archive are done, too, when it runs again."""
    old, recovery = shop
    new = empty_at_the_same_time(old)
    text = to_json(planned(new.connection(), recovery, Choices()).plan)
    again = Wire()

    first, second = new.run_plan_file(text), new.run_plan_file(text, wrap=again.wrap)

    assert {result.status for result in first.results} == {Status.DONE}
    assert {result.status for result in second.results} == {Status.ALREADY}
    assert again.transport.writes == ()


@pytest.fixture(scope="module")
def past_a_trial() -> Recovery:
    """The recovery snapshot of somebody who is past a trial."""
    return recovery_of(lived_through([(0, TRIAL)], days=20))


def on_konnect(recovery: Recovery) -> World:
    """An empty organization there, at the same time."""
    new = World(seed=2, edition=KONNECT)
    new.clock.advance((recovery.header.taken_at - new.clock.now()).total_seconds())
    return new


@pytest.mark.generation("konnect@1.1")
def test_what_konnect_cannot_do_is_accounted_for_by_name(shop: tuple[World, Recovery]) -> None:
    """Add-ons and a later start are lost there; nothing is compensated that can't begin, and a second run writes
    nothing."""
    recovery = shop[1]
    new = on_konnect(recovery)

    found = restored(new, recovery)

    lines = {one.what: (one.fate, one.code) for one in found.accounts if one.fate is not Fate.RESTORED}
    assert complete(recovery, found.accounts) == ()
    assert lines["subscription/acme/default"] == (Fate.DIFFERENT, "addons-not-attached")
    assert lines["subscription/fig/default"] == (Fate.LOST, "begins-later")
    assert balances(new) == balances_in(recovery)
    assert writes_of_another(new, recovery) == ()


@pytest.mark.generation("konnect@1.1")
def test_on_konnect_phases_that_were_over_come_again(past_a_trial: Recovery) -> None:
    """Konnect begins nobody in a later phase: the loss report says for how long, and what that costs."""
    new = on_konnect(past_a_trial)

    found = restored(new, past_a_trial)

    (line,) = (one for one in found.accounts if one.fate is not Fate.RESTORED and one.count)
    said = "its phase trial, which was over, lasts 14 days again; its next charge is 30 USD less"
    assert (line.fate, line.code, line.how) == (Fate.DIFFERENT, "phase-again", said)
    assert balances(new) == balances_in(past_a_trial)
    assert writes_of_another(new, past_a_trial) == ()


@pytest.mark.generation("konnect@1.1")
def test_the_next_charge_on_konnect_is_the_one_that_there_would_have_been() -> None:
    """Though neither server shows any start: fees are given back, and usage is billed by the new subscription, once it
    has begun."""
    old = World(seed=1, edition=KONNECT)
    old.sync(declared(CATALOG.format(fee="31") + ACME))
    old.clock.advance(12 * DAY)
    send_calls(old, 1)
    recovery, events = recovery_of(old, has_events=True), events_of(old)
    new = on_konnect(recovery)

    found = restored(new, recovery, events=events)
    resent = resend(new.connection(), recovery, events, Choices(), found, lambda text: None)
    for world in (old, new):
        world.clock.advance(20 * DAY)

    said = {one.what: one.code for one in found.accounts if one.fate is not Fate.RESTORED}
    assert (said["subscription/acme/default"], said["usage of acme"]) == ("times-unshown", "usage-at-start")
    assert resent == Resent(sent=1)
    assert balances(new) == balances(old) == {"acme": {"USD": Decimal("437.5")}}


@pytest.mark.generation("konnect@1.1")
def test_konnect_begins_nobody_with_the_next_period(past_a_trial: Recovery) -> None:
    with pytest.raises(Ended, match="only at once"):
        planned(on_konnect(past_a_trial).connection(), past_a_trial, Choices(InAdvance.WAIT))


@pytest.mark.generation("konnect@1.1")
def test_a_fee_that_a_phase_bills_again_is_given_back() -> None:
    """Somebody past a short trial is in it again on Konnect, and billed for the rest of a period that was paid: once
    the next period is billed, credit is as where nothing was lost."""
    old = World(seed=1, edition=KONNECT)
    old.sync(declared(TRIAL.replace("P14D", "P5D")))
    old.clock.advance(10 * DAY)
    recovery = recovery_of(old)
    new = on_konnect(recovery)

    found = restored(new, recovery)
    for world in (old, new):
        world.clock.advance(24 * DAY)

    (line,) = (one for one in found.accounts if one.fate is not Fate.RESTORED)
    assert (line.code, dict(line.money)) == ("phase-again", {})
    assert balances(new) == balances(old)


def test_what_is_invoiced_is_compared_and_the_credit_for_it_taken() -> None:
    """Whether the invoice of a fee that was paid before takes the credit for it, no server shows before: that is
    doubted, and never counts as restored. Where it does, everything is as it was."""
    invoiced = (CATALOG.format(fee="31") + ACME).replace("credit_only", "credit_then_invoice")
    old = lived_through([(0, invoiced)], days=12)
    send_calls(old, 3)
    old.clock.advance(5)
    recovery, events = recovery_of(old, has_events=True), events_of(old)
    new = empty_at_the_same_time(old, hours=0)

    found = restored(new, recovery, events=events)
    resend(new.connection(), recovery, events, Choices(), found, lambda text: None)

    said = {one.kind: (one.fate, one.code) for one in found.accounts if one.kind == "subscription"}
    proof = verify(new.connection(), recovery, found.accounts)
    assert said == {"subscription": (Fate.DIFFERENT, "credit-may-not-pay")}
    assert [promise.due for promise in recovery.promises.values()] == [{"USD": Decimal("32.5")}]
    assert (proof.compared[Aspect.DUE], proof.departures) == (1, ())


def test_an_invoice_that_took_no_credit_for_a_fee_paid_before_is_named() -> None:
    """Whatever the loss report says: the customer pays twice."""
    invoiced = (CATALOG.format(fee="31") + BIRCH).replace("credit_only", "credit_then_invoice")
    old = lived_through([(0, invoiced)], days=12)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    restored(new, recovery, Choices(InAdvance.BILL))
    recovery_of(new)  # which lets the server make its invoice, before there is credit for it
    with new.http() as http:
        (birch,) = http.get("customers").json()["data"]
        credit = {"key": "restore:late", "name": "Fee", "currency": "USD", "amount": "5", "funding_method": "none"}
        assert http.post(f"customers/{birch['id']}/credits/grants", json=credit).is_success

    (found,) = verify(new.connection(), recovery).unexplained

    assert (found.aspect, found.difference) == (Aspect.BALANCE, Decimal(5))
    assert [(line.code, "(paid, 18." in line.how) for line in found.why] == [("invoiced-twice", True)]
