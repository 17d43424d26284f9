"""Charges in arrears, minimums and flat prices of tiers: what a restore makes of them is in the loss report, and no
more. After all periods of before have ended, two servers have the difference that it says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billsync.app.recovery.verifying import verify
from billsync.report.recovery.losses.accounting import complete
from tests.support.old_organization import DAY, balances, empty_at_the_same_time, lived_through, restored
from tests.support.recoveries import recovery_of

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: shop, defaults: {plan: {currency: USD, billing_cadence: P1M, settlement_mode: credit_only},
  addon: {currency: USD}}}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
addons: [{key: more, name: More, instance_type: single, rate_cards: [ADDON]}]
plans:
- {key: pro, name: Pro, addons: [{addon: more}], phases: [{key: main, name: Main, rate_cards: [CARD]}]}
customers:
- {key: acme, name: Acme, subscription: {plan: pro, addons: [{addon: more}]},
   grants: [{key: g, name: G, amount: "5000", currency: USD, funding_method: none}]}
"""
FLAT = "{key: KEY, name: F, billing_cadence: CADENCE, payment_term: TERM, price: {type: flat, amount: '36.50'}}"
MINIMUM = """{feature: calls, billing_cadence: P1M, price: {type: unit, amount: "0.5"},
  commitments: {minimum_amount: "12"}}"""
TIER = """{feature: calls, billing_cadence: P1M, price: {type: graduated, tiers: [
  {up_to_amount: "5", flat_price: {amount: "3"}}, {unit_price: {amount: "1"}}]}}"""


def flat(key: str, cadence: str, term: str) -> str:
    return FLAT.replace("KEY", key).replace("CADENCE", cadence).replace("TERM", term)


@pytest.mark.parametrize(
    ("card", "addon", "said"),
    [
        (flat("fee", "P1M", "in_advance"), MINIMUM, {}),
        (flat("fee", "P1M", "in_advance"), TIER, {}),
        (flat("fee", "P1Y", "in_arrears"), MINIMUM, {"arrears-later": "-1.00"}),
        (flat("fee", "P1Y", "in_advance"), flat("late", "P3M", "in_arrears"), {"arrears-later": "-4.03"}),
    ],
)
def test_charges_in_arrears_cost_what_the_report_says(card: str, addon: str, said: dict[str, str]) -> None:
    old = lived_through([(0, SHOP.replace("CARD", card).replace("ADDON", addon))], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    found = restored(new, recovery)
    proof = verify(new.connection(), recovery, found.accounts)
    for world in (new, old):
        world.clock.advance((new.clock.now() - world.clock.now()).total_seconds() + 400 * DAY * (world is new))

    assert {one.code: str(one.money["USD"]) for one in found.accounts if one.money} == said
    difference = sum((Decimal(amount) for amount in said.values()), Decimal())
    assert balances(new)["acme"]["USD"] - balances(old)["acme"]["USD"] == -difference
    assert (proof.unexplained, complete(recovery, found.accounts)) == ((), ())
