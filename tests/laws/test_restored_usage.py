"""Usage that no bill counts after a restore costs what the loss report says, and `verify` explains no cent more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from billsync.app.reading.forecast import read_forecast_facts
from billsync.app.recovery.resending import resend
from billsync.app.recovery.verifying import verify
from billsync.model.moment import moment_text
from billsync.model.recovery import Accounted, Recovery
from billsync.report.forecast.customer import customer_forecast
from billsync.report.recovery.losses.accounting import EVENT, complete
from billsync.report.recovery.proof.departures import Aspect
from billsync.report.recovery.restore.choices import Choices, InAdvance, Usage
from billsync.report.recovery.snapshot.items import Event
from tests.support.old_organization import empty_at_the_same_time, lived_through, restored
from tests.support.recoveries import events_of, recovery_of
from tests.support.world import World

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: shop, defaults: {plan: {currency: USD, billing_cadence: P1M, settlement_mode: credit_only}}}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans:
- {key: units, name: Units, phases: [{key: main, name: Main, rate_cards: [
    {feature: calls, price: {type: unit, amount: "0.5"}, discounts: {usage: "20"}},
    {key: late, name: Late, billing_cadence: P1M, payment_term: in_arrears, price: {type: flat, amount: "31"}},
    {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "7"}}]}]}
- {key: tiers, name: Tiers, phases: [{key: main, name: Main, rate_cards: [
    {feature: calls, price: {type: graduated, tiers: [
      {up_to_amount: "10", flat_price: {amount: "3"}}, {up_to_amount: "30", unit_price: {amount: "1"}},
      {unit_price: {amount: "0.1"}}]}}]}]}
- {key: least, name: Least, phases: [{key: main, name: Main, rate_cards: [
    {feature: calls, price: {type: unit, amount: "1"}, commitments: {minimum_amount: "40"}}]}]}
- {key: most, name: Most, phases: [{key: main, name: Main, rate_cards: [
    {feature: calls, price: {type: unit, amount: "1"}, commitments: {maximum_amount: "5.5"}}]}]}
customers:
"""
CALLS = {"units": 51, "tiers": 51, "least": 39, "most": 51, "free": 20}
COSTS = {"units": "15.5", "tiers": "22.1", "most": "5.5"}
"""Within free units and a minimum, usage adds nothing to the charge."""

CUSTOMER = """
- {{key: {0}, name: A, usage_attribution: {{subject_keys: [{0}]}}, subscription: {{plan: {1}}}, grants: [
    {{key: g, name: G, amount: "500", currency: USD, funding_method: none}}]}}
"""


@pytest.fixture(scope="module")
def shop() -> tuple[World, Recovery, tuple[Event, ...]]:
    """A shop whose customers used something, its recovery snapshot, and their events."""
    customers = "".join(CUSTOMER.format(key, "units" if key == "free" else key) for key in CALLS)
    world = lived_through([(0, SHOP + customers)], days=10)
    calls = [
        {"specversion": "1.0", "id": f"{key}-{number}", "source": "test", "type": "call", "subject": key}
        for key, count in CALLS.items()
        for number in range(count)
    ]
    with world.http() as http:
        for start in range(0, len(calls), 100):
            assert http.post("/events", json=calls[start : start + 100]).is_success
    world.clock.advance(5)
    return world, recovery_of(world, has_events=True), events_of(world)


@pytest.mark.parametrize(
    ("choices", "is_in_snapshot", "code"),
    [
        (Choices(), True, "usage-at-start"),
        (Choices(), False, "usage-not-in-snapshot"),
        (Choices(usage=Usage.AS_IT_WAS), True, "usage-not-billed"),
        (Choices(InAdvance.BILL, Usage.NONE), True, "usage-not-sent"),
        (Choices(InAdvance.WAIT), True, "usage-not-billed"),
    ],
)
def test_usage_costs_what_the_loss_report_says(
    shop: tuple[World, Recovery, tuple[Event, ...]], choices: Choices, is_in_snapshot: bool, code: str
) -> None:
    """Free units, tiers and commitments count; a line one cent off explains nothing."""
    old, recovery, events = shop
    if not is_in_snapshot:
        recovery, events = replace(recovery, header=replace(recovery.header, has_events=False)), ()
    new = empty_at_the_same_time(old, hours=7)

    found = restored(new, recovery, choices, events=events)
    if choices.usage is not Usage.NONE:
        resend(new.connection(), recovery, events, choices, found, lambda text: None)

    lines = [one for one in found.accounts if one.kind == EVENT]
    is_lost = code != "usage-at-start"
    assert complete(recovery, found.accounts, events=len(events)) == ()
    assert {one.code for one in lines} == {code}
    assert _money(lines) == (COSTS if is_lost else {})
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    if is_lost and choices.in_advance is not InAdvance.WAIT:
        off = [replace(one, money={"USD": one.money["USD"] + Decimal("0.01")}) for one in lines if one.money]
        others = [one for one in found.accounts if one.kind != EVENT]
        doubted = verify(new.connection(), recovery, [*others, *off]).unexplained
        assert [(one.customer, one.aspect) for one in doubted] == [(key, Aspect.DUE) for key in sorted(COSTS)]


def _money(lines: list[Accounted]) -> dict[str, str]:
    return {str(one.customer): str(-one.money["USD"].normalize()) for one in lines if one.money}


def test_usage_of_a_period_that_has_ended_is_not_billed_again(
    shop: tuple[World, Recovery, tuple[Event, ...]],
) -> None:
    """The old server may have billed it: it comes back with its own times, and costs what it would have."""
    old, recovery, events = shop
    new = empty_at_the_same_time(old, hours=24 * 30)

    found = restored(new, recovery, events=events)
    resent = resend(new.connection(), recovery, events, Choices(), found, lambda text: None)

    lines = [one for one in found.accounts if one.kind == EVENT]
    proof = verify(new.connection(), recovery, found.accounts)
    assert complete(recovery, found.accounts, events=len(events)) == ()
    assert {one.code for one in lines} == {"usage-not-billed"}
    assert (resent.sent, _money(lines), proof.unexplained) == (len(events), COSTS, ())
    with new.http() as http:
        (last,) = http.get("events", params={"page[size]": "1", "sort": "time desc"}).json()["data"]
    assert last["event"]["time"] <= moment_text(recovery.header.finished_at)


class Slow(httpx.BaseTransport):
    """Stores events five seconds after it took them, and its first answer to them is lost. `sent` has all that came."""

    def __init__(self, world: World) -> None:
        self._world, self._inner = world, httpx.BaseTransport()
        self._waiting: list[tuple[datetime, httpx.Request]] = []
        self.sent: list[tuple[str, str]] = []

    def over(self, inner: httpx.BaseTransport) -> Slow:
        """Itself, before this transport."""
        self._inner = inner
        return self

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        now = self._world.clock.now()
        while self._waiting and self._waiting[0][0] <= now:
            self._inner.handle_request(self._waiting.pop(0)[1])
        if request.method != "POST" or not request.url.path.endswith("/events"):
            return self._inner.handle_request(request)
        self._waiting.append((now + timedelta(seconds=5), request))
        self.sent += [(one["source"], one["id"]) for one in json.loads(request.read())]
        return httpx.Response(202 if len(self._waiting) > 1 else 500, request=request)


def test_no_event_is_sent_twice_to_a_server_that_would_keep_both() -> None:
    """Three sources count from one, so that the events of forty ids fill more than a page; the second run comes a
    second after the first, when the server doesn't show the last events yet."""
    world = lived_through([(0, SHOP + CUSTOMER.format("units", "units"))], days=10)
    identities = [(f"host-{source}", str(number)) for source in range(3) for number in range(40)]
    calls = [
        {"specversion": "1.0", "id": number, "source": source, "type": "call", "subject": "units"}
        for source, number in identities
    ]
    with world.http() as http:
        for start in (0, 100):
            assert http.post("/events", json=calls[start : start + 100]).is_success
    world.clock.advance(5)
    recovery, events = recovery_of(world, has_events=True), events_of(world)
    new = empty_at_the_same_time(world)
    slow = Slow(new)

    counts = []
    for _ in range(2):
        found = restored(new, recovery, events=events)
        resent = resend(new.connection(slow.over), recovery, events, Choices(), found, lambda text: None)
        counts.append((resent.sent, resent.known))
        new.clock.advance(1)

    assert counts == [(120, 0), (0, 120)]
    assert sorted(slow.sent) == sorted(identities)


def test_credits_run_out_when_they_would_have_without_the_restore() -> None:
    """Usage of ten days that is dated in one second is no pace of so much a second."""
    text = SHOP.replace('payment_term: in_arrears, price: {type: flat, amount: "31"}', "price: {type: free}")
    old = lived_through([(0, text + CUSTOMER.format("units", "units").replace("500", "45"))], days=10)
    calls = [
        {"specversion": "1.0", "id": f"u-{number}", "source": "test", "type": "call", "subject": "units"}
        for number in range(51)
    ]
    with old.http() as http:
        assert http.post("/events", json=calls).is_success
    old.clock.advance(5)
    recovery, events = recovery_of(old, has_events=True), events_of(old)
    new = empty_at_the_same_time(old, hours=0)
    found = restored(new, recovery, events=events)
    resend(new.connection(), recovery, events, Choices(), found, lambda text: None)
    for world in (old, new):
        world.clock.advance(3600)

    want, have = (customer_forecast(read_forecast_facts(one.connection(), "units")) for one in (old, new))

    (would, will) = (one.forecasts[0].outlooks[0].short_at for one in (want, have))
    assert would is not None
    assert will is not None
    assert abs(will - would) < timedelta(hours=1)
    assert {note.code for note in have.notes} - {note.code for note in want.notes} == {"usage-restored"}
