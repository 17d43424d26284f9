"""Credit that a restore gives for fees in advance which are due only later in the running period."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billsync.app.recovery.verifying import verify
from billsync.local.server.editions import KONNECT
from tests.support.old_organization import DAY, empty_at_the_same_time, lived_through, restored, takes_no_credit
from tests.support.recoveries import recovery_of
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

INVOICED = """
_info: {owner: shop}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: MODE
  phases:
  - {key: trial, name: T, duration: P5D, rate_cards: [{key: fee, name: Fee, price: {type: free}}]}
  - {key: main, name: M, rate_cards: [
      {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "30"}}]}
customers:
- {key: acme, name: A, subscription: {plan: pro}, grants: [
    {key: g, name: G, amount: "500", currency: USD, funding_method: none}]}
"""


@pytest.mark.generation("konnect@1.1")
@pytest.mark.parametrize(
    ("mode", "is_taken"),
    [
        ("credit_then_invoice", True),
        ("credit_then_invoice", False),
        pytest.param("credit_only", True, marks=pytest.mark.exhaustive),
        pytest.param("credit_only", False, marks=pytest.mark.exhaustive),
    ],
)
def test_credit_for_a_fee_that_is_due_later_is_no_departure_until_then(mode: str, is_taken: bool) -> None:
    """Then it fails where the fee doesn't take it: on an invoice, the customer pays twice."""
    old = World(seed=1, edition=KONNECT)
    old.sync(declared(INVOICED.replace("MODE", mode)))
    old.clock.advance(10 * DAY)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    found = restored(new, recovery)
    waiting = verify(new.connection(), recovery, found.accounts)
    with pytest.MonkeyPatch.context() as patched:
        if not is_taken:
            takes_no_credit(patched)
        new.clock.advance(6 * DAY)
        due = verify(new.connection(), recovery, found.accounts)

    assert waiting.unexplained == ()
    assert {line.code for one in waiting.departures for line in one.why} == {"fee-not-due"}
    if is_taken:
        assert due.departures == ()
    elif mode == "credit_then_invoice":
        assert {line.code for one in due.unexplained for line in one.why} == {"credit-not-taken"}


MONTHLY = """
_info: {owner: shop}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P3M
  settlement_mode: credit_then_invoice
  phases: [{key: main, name: M, rate_cards: [
    {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "30"}}]}]
customers:
- {key: acme, name: A, subscription: {plan: pro}, grants: [
    {key: g, name: G, amount: "500", currency: USD, funding_method: none}]}
"""


@pytest.mark.parametrize("is_taken", [True, False])
def test_credit_for_later_months_waits_unless_an_invoice_asks_for_them(is_taken: bool) -> None:
    """Of a quarterly plan with a monthly fee, months that haven't begun may be billed when they do. Where an invoice
    has asked for an amount, the customer may pay twice."""
    old = lived_through([(0, MONTHLY)], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    with pytest.MonkeyPatch.context() as patched:
        if not is_taken:
            takes_no_credit(patched)
        found = restored(new, recovery)
        waiting = verify(new.connection(), recovery, found.accounts)
        new.clock.advance(25 * DAY)
        later = verify(new.connection(), recovery, found.accounts)

    said = [one.how for one in found.accounts if one.code == "credit-may-not-pay"]
    assert ["60 USD of it is for later periods: a gift, if it wasn't invoiced before" in how for how in said] == [True]
    for proof, left in ((waiting, "60"), (later, "30")):
        if is_taken:
            assert [(one.want, one.difference) for one in proof.departures] == [
                (proof.departures[0].want, Decimal(left))
            ]
            assert {line.code for one in proof.departures for line in one.why} == {"fee-not-due"}
            assert proof.unexplained == ()
        else:
            assert "invoiced-twice" in {line.code for one in proof.unexplained for line in one.why}
