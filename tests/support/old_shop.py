"""A shop with a history on the embedded server: two versions of a plan and of its add-on, an archived plan with a
subscriber, a scheduled change, an end, and a start to come."""

from __future__ import annotations

from datetime import datetime

import httpx

from tests.support.clock import START, FakeClock
from tests.support.old_organization import DAY
from tests.support.world import World, declared

ALLOWED = {"cancel": "", "dearer-plan": "", "bills-twice": ""}
GRANT = 'grants: [{key: g, name: G, amount: "500", currency: USD, funding_method: none}]'
OLD = """
- key: old
  name: Old
  phases: [{key: main, name: Main, rate_cards: [
    {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "7"}}]}]
"""
FIRST = f"""
- {{key: acme, name: Acme, usage_attribution: {{subject_keys: [acme]}}, {GRANT},
    subscription: {{plan: pro, addons: [{{addon: seats, quantity: 2}}]}}}}
- {{key: birch, name: Birch, subscription: {{plan: old}}, {GRANT}}}
"""
THEN = f"""
- {{key: cedar, name: Cedar, subscription: {{plan: pro, addons: [{{addon: seats, quantity: 3}}]}}, {GRANT}}}
- {{key: dune, name: Dune, subscription: {{plan: basic}}, {GRANT}}}
- {{key: elm, name: Elm, subscription: {{plan: basic, ends: at_renewal}}, {GRANT}}}
- {{key: fig, name: Fig, subscription: {{plan: basic, start: "2026-10-20T00:00:00Z"}}, {GRANT}}}
"""


def shop(fee: str, seat: str, customers: str) -> str:
    """Its files, with the fee of its plan `pro` and the price of a seat."""
    return f"""
_info: {{owner: shop, defaults: {{plan: {{currency: USD, billing_cadence: P1M, settlement_mode: credit_only}}}}}}
meters: [{{key: calls, name: Calls, event_type: call, aggregation: count}}]
features: [{{key: calls, name: Calls, meter: calls}}]
addons:
- key: seats
  name: Seats
  currency: USD
  instance_type: multiple
  rate_cards: [
    {{key: seat, name: Seat, billing_cadence: P1M, price: {{type: flat, amount: "{seat}"}}, payment_term: in_advance}}]
plans:
- key: pro
  name: Pro
  phases: [{{key: main, name: Main, rate_cards: [
    {{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "{fee}"}}}},
    {{feature: calls, price: {{type: unit, amount: "0.5"}}}}]}}]
  addons: [{{addon: seats}}]
- key: basic
  name: Basic
  phases: [{{key: main, name: Main, rate_cards: [
    {{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "10"}}}},
    {{key: late, name: Late, billing_cadence: P1M, payment_term: in_arrears, price: {{type: flat, amount: "3"}}}}]}}]
{OLD}
customers:
{customers}
"""


Prices = tuple[str, str]
"""The fee of the plan `pro`, and the price of a seat."""


def old_shop(
    start: datetime = START, first: Prices = ("30", "5"), then: Prices = ("40", "6"), others: str = ""
) -> World:
    """The shop, 17 days after its first customers came, with its first prices, and those since its tenth day. `others`
    are more customers, who came on that day."""
    world = World(seed=1, clock=FakeClock(start))
    _sync(world, shop(*first, FIRST), days=10)
    _sync(world, shop(*then, FIRST + THEN + others), days=5)
    changing = THEN.replace("Dune, subscription: {plan: basic}", "Dune, subscription: {plan: pro, change: at_renewal}")
    _sync(world, shop(*then, FIRST + changing + others), days=0)
    with world.http() as http:
        _archive(http, "old")
    world.clock.advance(2 * DAY)
    return world


def _sync(world: World, text: str, *, days: float) -> None:
    run = world.sync(declared(text), allow=ALLOWED)
    assert not run.plan.guards, run.plan.guards
    assert not [result.reason for result in run.report.results if result.reason]
    world.clock.advance(days * DAY)


def _archive(http: httpx.Client, key: str) -> None:
    plan = next(row for row in http.get("plans").json()["data"] if row["key"] == key)
    assert http.post(f"plans/{plan['id']}/archive").is_success
