"""The usage events of a recovery snapshot: those of running periods, up to the time at which dues were read."""

from __future__ import annotations

import httpx
import pytest

from billsync.app.recovery.taking import Taking
from billsync.live.gathering import Gathering
from billsync.local.server.editions import AUGUST, KONNECT, Edition
from billsync.report.recovery.snapshot.lines import events_in
from tests.support.events import send
from tests.support.world import World, Wrap, as_it_is, declared

pytestmark = pytest.mark.thorough

DAY = 24 * 3600
SHOP = """
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
meters: [{key: calls, name: Calls, event_type: request, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans:
  - key: pro
    name: Pro
    settlement_mode: credit_only
    phases:
      - {key: default, name: Default, rate_cards: [{feature: calls, price: {type: unit, amount: "0.002"}CADENCE}]}
customers:
  - {key: acme, name: Acme, usage_attribution: {subject_keys: [acme]}, subscription: {plan: pro}}
  - {key: globex, name: Globex, usage_attribution: {subject_keys: [globex]}}
"""


def lived(edition: Edition, cadence: str = "") -> World:
    """A server in the second month of a subscription, with an event in each, and one of somebody without any."""
    world = World(edition=edition)
    text = SHOP.replace("CADENCE", cadence)
    world.sync(declared(text if edition is AUGUST else text.replace("    settlement_mode: credit_only\n", "")))
    for days, name, subject in ((5, "old", "acme"), (30, "new", "acme"), (0, "other", "globex")):
        world.clock.advance(days * DAY)
        with world.http() as server:
            send(server, name, subject=subject, type="request")
    world.clock.advance(60)
    return world


def taken(world: World, wrap: Wrap = as_it_is) -> tuple[list[str], tuple[str, ...]]:
    """The ids of the events in a snapshot, and what moved."""
    taking = Taking(world.connection(wrap), Gathering(), has_events=True)
    events = [event.row["event"]["id"] for event in events_in(taking.lines())]
    return events, taking.header.moved


HOSTED = pytest.mark.generation(f"{KONNECT.dialect}@{KONNECT.generation}")
both = pytest.mark.parametrize("edition", [AUGUST, pytest.param(KONNECT, marks=HOSTED)], ids=["openmeter", "konnect"])


class Sending(httpx.BaseTransport):
    """Sends an event some seconds later before the first read of a path."""

    def __init__(self, world: World, inner: httpx.BaseTransport, path: str) -> None:
        self._world, self._inner, self._path, self._is_sent = world, inner, path, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(self._path) and not self._is_sent:
            self._is_sent = True
            self._world.clock.advance(5)
            with self._world.http() as server:
                send(server, "late", subject="acme", type="request")
        return self._inner.handle_request(request)


@both
def test_events_of_running_periods_are_in_it(edition: Edition) -> None:
    assert taken(lived(edition)) == (["new"], ())


@both
def test_a_card_with_a_longer_period_has_its_events_in_it(edition: Edition) -> None:
    assert taken(lived(edition, ", billing_cadence: P3M")) == (["old", "new"], ())


def test_events_that_come_while_dues_are_read_are_named() -> None:
    world = lived(AUGUST)

    events, moved = taken(world, lambda inner: Sending(world, inner, "/entitlement-access"))

    assert events == ["new", "late"]
    assert moved == ("the usage of customer acme went on while its dues were read, by 1 events",)


def test_events_that_come_after_dues_were_read_are_left_out() -> None:
    world = lived(AUGUST)

    assert taken(world, lambda inner: Sending(world, inner, "/events")) == (["new"], ())


def test_many_events_are_all_there() -> None:
    world = lived(AUGUST)
    with world.http() as server:
        for number in range(205):
            send(server, f"more-{number}", subject="acme", type="request")

    events, _ = taken(world)

    assert len(set(events)) == len(events) == 206
