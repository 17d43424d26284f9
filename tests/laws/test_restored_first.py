"""The credit that a restore gives for a fee in advance is drawn before every other grant of the customer, also before
those for the fee's feature of the first priority; where one ends too soon for that, the loss report names it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from billsync.app.recovery.verifying import verify
from billsync.model.recovery import Accounted, Recovery
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.proof.parts import parts_by_customer
from tests.support.old_organization import empty_at_the_same_time, lived_through, paused, restored, writes_of_another
from tests.support.recoveries import recovery_of
from tests.support.world import World

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: shop}
features: [{key: seats, name: Seats}, {key: calls, name: Calls}]
addons:
- {key: more, name: More, currency: USD, instance_type: multiple, rate_cards: [
    {feature: seats, name: M, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "3"}}]}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  addons: [{addon: more}]
  phases:
  - key: main
    name: Main
    rate_cards:
    - {feature: seats, name: S, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "10"}}
    - {feature: calls, name: C, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "7"}}
    - {key: fee, name: F, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "5"}}
customers:
- key: acme
  name: Acme
  grants:
  - {key: free, name: F, amount: "50", currency: USD, funding_method: none, priority: 1}
  - {key: seats, name: S, amount: "100", currency: USD, funding_method: none, priority: 1,
     filters: {features: [seats, calls]}TERMS}
  subscription: {plan: pro, addons: [{addon: more, quantity: 2}]}
"""
ENDS = {
    "never": "",
    "after the period": ", expires_after: P1Y",
    "with the period": ", expires_after: P1M",
    "within the period": ", expires_after: P20D",
    "soon": ", expires_after: P11D",
}


LINE = (
    "grant/acme/seats: {} USD of it pays a fee in advance that is billed again, as it ends before the credit for that "
    "fee: as much of that is left for {} until 2026-10-01T00:00:00Z, which the customer can't use for {}"
)
LINES = [LINE.format("4.66", "calls", "seats"), LINE.format("10.64", "seats", "calls")]


def shop(terms: str) -> tuple[World, Recovery]:
    """A shop after ten days of its first month, and its snapshot."""
    old = lived_through([(0, SHOP.replace("TERMS", terms))], days=10)
    return old, recovery_of(old)


def rests(recovery: Recovery) -> Mapping[str, Decimal]:
    """What is left of each grant that has anything left, by key."""
    return {key: one.left for key, one in parts_by_customer(recovery)["acme"].rests.items() if one.left}


def swaps(accounts: tuple[Accounted, ...]) -> list[str]:
    return [f"{one.what}: {one.how}" for one in accounts if one.code == "drawn-instead"]


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param(ENDS["never"], marks=pytest.mark.exhaustive),
        pytest.param(ENDS["after the period"], marks=pytest.mark.exhaustive),
        ENDS["with the period"],
        ENDS["within the period"],
    ],
)
def test_the_credit_for_a_fee_is_drawn_before_every_grant(terms: str) -> None:
    old, recovery = shop(terms)
    new = empty_at_the_same_time(old)

    found = restored(new, recovery)
    proof = verify(new.connection(), recovery, found.accounts)

    assert rests(recovery_of(new)) == rests(recovery)
    assert (proof.departures, swaps(found.accounts), complete(recovery, found.accounts)) == ((), [], ())
    assert writes_of_another(new, recovery) == ()


def test_a_grant_that_ends_too_soon_and_pays_the_fee_is_named() -> None:
    """Credit that was over before the fee is billed would be worse: so it ends with its period, and is left instead."""
    old, recovery = shop(ENDS["soon"])
    new = empty_at_the_same_time(old)

    found = restored(new, recovery)
    proof = verify(new.connection(), recovery, found.accounts)
    again = restored(new, recovery)

    lines = swaps(found.accounts)
    assert lines == LINES
    assert (proof.unexplained, swaps(again.accounts)) == ((), lines)


def test_a_grant_that_ends_soon_for_the_feature_alone_loses_nothing() -> None:
    """What is left for the fee pays for the same, and for longer."""
    old = lived_through([(0, SHOP.replace("[seats, calls]", "[seats]").replace("TERMS", ENDS["soon"]))], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    found = restored(new, recovery)

    assert swaps(found.accounts) == []
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()


def test_a_credit_that_expired_while_a_restore_paused_is_given_again() -> None:
    """It ended before a grant that would have been drawn first, and that one is over, too."""
    old, recovery = shop(ENDS["within the period"])
    new = empty_at_the_same_time(old)
    paused(new, recovery, hours=24 * 12)

    found = restored(new, recovery)
    proof = verify(new.connection(), recovery, found.accounts)

    left = rests(recovery_of(new))
    assert left["free"] == rests(recovery)["free"]
    assert len(left) == 2  # and what is left of the credit for the fee without a feature
    codes = {"expired-since": {"USD": rests(recovery)["seats"]}, "fee-smaller": {"USD": Decimal(-2)}}
    assert {one.code: one.money for one in found.accounts if one.code in codes} == codes
    assert proof.unexplained == ()
    assert writes_of_another(new, recovery) == ()
