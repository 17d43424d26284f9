"""What changed within the running period, where usage is priced: its money is in the loss report, and `verify` explains
the next charge by it, to the cent."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from billsync.app.recovery.resending import resend
from billsync.app.recovery.verifying import verify
from billsync.report.recovery.restore.choices import Choices, Usage
from tests.support.call_shop import send_calls
from tests.support.old_organization import DAY, empty_at_the_same_time, lived_through, restored
from tests.support.recoveries import events_of, recovery_of
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

SHOP = """
_info: {{owner: shop, defaults: {{plan: {{currency: USD, billing_cadence: P1M, settlement_mode: credit_only}},
  addon: {{currency: USD}}}}}}
meters: [{{key: calls, name: Calls, event_type: call, aggregation: count}}]
features: [{{key: calls, name: Calls, meter: calls}}, {{key: extra, name: Extra, meter: calls}}]
addons:
- {{key: seats, name: Seats, instance_type: multiple, rate_cards: [
    {{key: seat, name: Seat, billing_cadence: P1M, payment_term: in_arrears, price: {{type: flat, amount: "10"}}}}]}}
- {{key: more, name: More, instance_type: single, rate_cards: [
    {{feature: extra, billing_cadence: P1M, price: {{type: graduated, tiers: [
      {{up_to_amount: "10", unit_price: {{amount: "1"}}}}, {{unit_price: {{amount: "0.1"}}}}]}}}}]}}
plans:
- {{key: pro, name: Pro, addons: [{{addon: seats}}, {{addon: more}}], phases: [{{key: main, name: Main, rate_cards: [
    {{feature: calls, price: {{type: unit, amount: "0.5"}}}}]}}]}}
customers:
- {{key: acme, name: Acme, usage_attribution: {{subject_keys: [acme]}}, subscription: {{plan: pro, {addons}}}}}
"""
NONE, MORE = "addons: []", "addons: [{addon: more}]"
ONE, THREE = "addons: [{addon: seats}]", "addons: [{addon: seats, quantity: 3}]"
ALLOWED = {"change": "", "bills-twice": ""}


class Slow(httpx.BaseTransport):
    """A server on which each write takes two seconds; its clock is that of `world`."""

    def __init__(self, inner: httpx.BaseTransport, world: World) -> None:
        self._inner, self._world = inner, world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self._world.clock.advance(2)
        return self._inner.handle_request(request)


@pytest.mark.parametrize(
    ("before", "after", "usage", "said"),
    [
        (ONE, THREE, Usage.AT_START, {"arrears-cut": "-3.00", "charges-hidden": "-1.67"}),
        (ONE, THREE, Usage.NONE, {"arrears-cut": "-3.00", "charges-hidden": "-1.67", "usage-not-sent": "-25.00"}),
        (NONE, MORE, Usage.AT_START, {"usage-early": "2.0"}),
        (NONE, MORE, Usage.NONE, {"usage-not-sent": "-37.00"}),
        (MORE, MORE, Usage.AT_START, {}),
    ],
)
def test_what_changed_costs_what_the_report_says(before: str, after: str, usage: Usage, said: dict[str, str]) -> None:
    """20 calls, a change after five days, and 30 calls. Add-ons are attached seconds after the subscription began."""
    old = World(seed=1)
    for days, addons, calls in ((5, before, 20), (3, f"change: immediate, {after}", 30)):
        run = old.sync(declared(SHOP.format(addons=addons)), allow=ALLOWED)
        assert not run.plan.guards
        send_calls(old, calls)
        old.clock.advance(days * DAY)
    recovery, events = recovery_of(old, has_events=True), events_of(old)
    new, choices = empty_at_the_same_time(old, hours=0), Choices(usage=usage)

    found = restored(new, recovery, choices, wrap=lambda inner: Slow(inner, new), events=events)
    if usage is not Usage.NONE:
        resend(new.connection(), recovery, events, choices, found, lambda text: None)

    assert {one.code: one.money["USD"] for one in found.accounts if one.money} == {
        code: Decimal(amount) for code, amount in said.items()
    }
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()


LEAVING = """
_info: {owner: shop}
plans: [{key: pro, name: P, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, phases: [
  {key: main, name: M, rate_cards: [{key: fee, name: F, price: {type: flat, amount: "5"}, billing_cadence: P1M}]}]}]
customers:
- {key: gone, name: A, subscription: {plan: pro, ends: at_renewal}}
- {key: back, name: B, subscription: {plan: pro, ends: at_renewal}}
"""
STILL = "; files that still declare it begin it again: take it out of them"


@pytest.mark.parametrize(("days", "hours", "said"), [(40, 1, ""), (20, 24 * 20, " since the snapshot was taken")])
def test_who_has_left_is_named_as_files_would_subscribe_them_again(days: int, hours: float, said: str) -> None:
    """No server remembers an end after a restore; of a chain that goes on, the ended links need no such words."""
    old = lived_through([(0, LEAVING)], days=days)
    if not said:
        again = LEAVING.replace("key: back, name: B, subscription: {plan: pro, ends: at_renewal",
                                "key: back, name: B, subscription: {plan: pro, restart: true")  # fmt: skip
        old.sync(declared(again))
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=hours)

    found = restored(new, recovery)

    lines = sorted((str(one.customer), one.how) for one in found.accounts if one.code == "ended")
    left = f"it has ended{said}{STILL}"
    assert lines == [("back", left if said else "it has ended"), ("gone", left)]
    changes = [change.address.text for change in new.plan(declared(LEAVING)).changes if change.steps]
    assert "subscription/gone/default" in changes
