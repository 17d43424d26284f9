"""Who was in the middle of a phase is restored differently: the days, and all the money, as two servers come to it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billsync.app.recovery.verifying import verify
from billsync.local.server.editions import AUGUST, KONNECT_LATER, Edition
from billsync.report.recovery.losses.accounting import complete
from tests.support.old_organization import DAY, balances, empty_at_the_same_time, restored
from tests.support.recoveries import recovery_of
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

FEE = "{{key: fee, name: Fee, billing_cadence: P1M, payment_term: {term}, price: {{type: flat, amount: '{amount}'}}}}"
SHOP = """
_info: {{owner: shop}}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  phases:
  - {{key: trial, name: T, duration: {lasts}, rate_cards: [{{key: fee, name: Fee, price: {{type: free}}}}]}}
  - {{key: half, name: H, duration: P1M, rate_cards: [{half}]}}
  - {{key: main, name: M, rate_cards: [{main}]}}
customers:
- {{key: acme, name: A, subscription: {{plan: pro}}, grants: [
    {{key: g, name: G, amount: "500", currency: USD, funding_method: none}}]}}
"""


@pytest.mark.parametrize(
    ("edition", "lasts", "term", "days", "hours", "said", "money"),
    [
        (AUGUST, "P14D", "in_advance", 6, 1, "phase trial lasts 6 days longer", "5.91"),
        (AUGUST, "P14D", "in_arrears", 6, 1, "phase trial lasts 6 days longer", "5.91"),
        (AUGUST, "P14D", "in_advance", 6, 240, "phase half lasts 2 days longer", "6.62"),
        (AUGUST, "P2M", "in_advance", 35, 1, "phase trial lasts 35 days longer", "34.88"),
        pytest.param(
            KONNECT_LATER, "P14D", "in_advance", 20, 1, "phase trial, which was over, lasts 14 days again", "14.30",
            marks=pytest.mark.generation("konnect@1.2"),
        ),
    ],
)  # fmt: skip
def test_the_middle_of_a_trial_costs_what_the_report_says(
    edition: Edition, lasts: str, term: str, days: int, hours: int, said: str, money: str
) -> None:
    half, main = (FEE.format(term=term, amount=amount) for amount in (10, 30))
    old = World(seed=1, edition=edition)
    old.sync(declared(SHOP.format(lasts=lasts, half=half, main=main)))
    old.clock.advance(days * DAY)
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=hours)

    found = restored(new, recovery)

    lines = [one for one in found.accounts if one.money]
    assert complete(recovery, found.accounts) == ()
    assert any(said in one.how and one.code == "phase-again" for one in found.accounts)
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    for world in (new, old):
        world.clock.advance((new.clock.now() - world.clock.now()).total_seconds() + 110 * DAY * (world is new))
    assert -sum(one.money["USD"] for one in lines) == Decimal(money)
    assert balances(new)["acme"]["USD"] - balances(old)["acme"]["USD"] == Decimal(money)
