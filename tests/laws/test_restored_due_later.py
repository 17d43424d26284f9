"""Credit that a restore gives for fees in advance which are due only later in the running period."""

from __future__ import annotations

import pytest

from billsync.app.recovery.verifying import verify
from billsync.local.server.editions import KONNECT
from tests.support.old_organization import DAY, empty_at_the_same_time, restored, takes_no_credit
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
