"""Fees that nobody asks for after a restore have their money in the loss report, to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.verifying import verify
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.report.recovery.losses.accounting import complete, loss_report
from billsync.report.recovery.proof.departures import Aspect
from billsync.report.recovery.restore.choices import Choices, InAdvance
from tests.support.old_organization import empty_at_the_same_time, lived_through, restored
from tests.support.recoveries import recovery_of
from tests.support.world import NoJournal, World, declared

pytestmark = pytest.mark.thorough

FEE = "name: {key}, billing_cadence: P1M, payment_term: {key}, price: {{type: flat, amount: '{amount}'}}"
CARDS = [
    f"    - {{key: {key}, {FEE.format(key=key, amount=amount)}}}"
    for key, amount in (("in_advance", 30), ("in_arrears", 12))
]
SHOP = f"""
_info: {{owner: shop}}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  phases:
  - key: main
    name: Main
    rate_cards:
{chr(10).join(CARDS)}
customers:
- {{key: acme, name: Acme, subscription: {{plan: pro}}}}
"""

TRIAL = "\n  - {key: trial, name: T, duration: P14D, rate_cards: [{key: sso, name: S, price: {type: free}}]}"


@pytest.fixture(scope="module")
def shop() -> tuple[World, Recovery]:
    """A shop after ten days of a month of thirty, and its snapshot."""
    world = lived_through([(0, SHOP)], days=10)
    return world, recovery_of(world)


def costs(found: tuple[Accounted, ...], *codes: str) -> dict[str, Decimal]:
    return {one.code: one.money["USD"] for one in found if one.code in codes}


def test_a_subscription_that_waits_costs_what_was_paid_and_its_arrears(shop: tuple[World, Recovery]) -> None:
    """In the report of a later run, too, before it begins and after."""
    old, recovery = shop
    new, codes = empty_at_the_same_time(old), ("fee-unused", "fee-unasked", "charged-between", "charges-hidden")

    found = restored(new, recovery, Choices(InAdvance.WAIT))
    again = planned(new.connection(), recovery, Choices())
    new.clock.advance(24 * 21 * 3600)
    begun = planned(new.connection(), recovery, Choices())

    for one in (found, again):
        assert costs(one.accounts, *codes) == {"fee-unused": Decimal("19.96"), "fee-unasked": -12}
    assert costs(begun.accounts, *codes) == {}
    assert complete(recovery, found.accounts) == ()


def test_periods_that_ended_before_the_restore_cost_their_fees(shop: tuple[World, Recovery]) -> None:
    """The second month began before the restore, with a fee in advance."""
    old, recovery = shop
    found = planned(empty_at_the_same_time(old, hours=24 * 50).connection(), recovery, Choices())

    assert costs(found.accounts, "charged-between", "charges-hidden") == {"charged-between": -42}


def test_a_fee_within_the_running_period_is_lost_once() -> None:
    """A trial ended between the snapshot and the restore: the fee after it is in the line about the next charge,
    with that in arrears for a day."""
    old = lived_through([(0, SHOP.replace("phases:", f"phases:{TRIAL}"))], days=10)
    recovery = recovery_of(old)

    found = restored(new := empty_at_the_same_time(old, hours=24 * 5), recovery)

    assert loss_report(found.accounts).money["USD"].seller == Decimal("16.40")
    assert costs(found.accounts, "charged-between") == {}
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()


def test_a_lost_subscription_has_no_cost_of_another_beginning() -> None:
    """Its plan is another's there."""
    old = lived_through([(0, SHOP.replace("phases:", f"phases:{TRIAL}"))], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    new.sync(declared(SHOP.replace("owner: shop", "owner: other").partition("customers:")[0]))

    (line,) = (one for one in planned(new.connection(), recovery, Choices()).accounts if one.kind == "subscription")

    assert (line.fate, line.money) == (Fate.LOST, {})


def test_a_restore_that_takes_hours_is_explained_by_what_it_said_before() -> None:
    """The trial begins again later than was thought, and its end moves with it, which nothing else explains."""
    old = lived_through([(0, SHOP.replace("phases:", f"phases:{TRIAL}"))], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    connection = new.connection()
    found = planned(connection, recovery, Choices())
    new.clock.advance(6 * 3600)

    carry_out(connection, found.plan, journal=NoJournal(), known=found.known)
    proof = verify(connection, recovery, found.accounts)
    off = verify(connection, recovery, [one for one in found.accounts if one.code != "phase-again"])

    assert (proof.unexplained, [one.aspect for one in proof.departures]) == ((), [Aspect.DUE])
    assert [one.aspect for one in off.unexplained] == [Aspect.DUE]


def test_what_a_row_does_not_show_is_in_the_report_and_explained(shop: tuple[World, Recovery]) -> None:
    old, recovery = shop
    promises = {name: replace(one, due={"USD": Decimal(47)}) for name, one in recovery.promises.items()}
    recovery, new = replace(recovery, promises=promises), empty_at_the_same_time(old, hours=0)

    found = restored(new, recovery)

    assert costs(found.accounts, "charged-between", "charges-hidden") == {"charges-hidden": -5}
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
