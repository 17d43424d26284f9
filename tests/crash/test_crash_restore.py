"""Law 3 for `restore`: whatever goes wrong at any call, a restore again ends where an undisturbed one ends."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.owing import owe
from billsync.app.recovery.pinning import pin, second_part, until_customers
from billsync.app.recovery.resending import resend
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.setting_up import make_set_up
from billsync.app.server.connection import Connection
from billsync.model.ports import RemoteError
from billsync.model.recovery import Recovery
from billsync.model.state import Desired
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.restore.compensation import COMPENSATION
from billsync.report.recovery.restore.pins import Pin, with_profiles
from billsync.report.recovery.snapshot.items import Event
from tests.crash.conftest import IN_MEMORY, Count
from tests.crash.struck_runs import Call, StruckRun
from tests.local.test_apps_and_profiles import profile
from tests.support.clock import START
from tests.support.crash_harness import BETWEEN_RUNS, Attempt, Further, Harness, Journey, Wire, harness_of
from tests.support.events import send
from tests.support.faults import FAULTS, Fault
from tests.support.old_organization import balances, balances_in, coined, costs_of_coins
from tests.support.old_shop import old_shop
from tests.support.recoveries import events_of, recovery_of
from tests.support.seeded import seeded
from tests.support.world import NoJournal, World, Wrap, as_it_is, rows_of

pytestmark = [pytest.mark.thorough, pytest.mark.crash]

LAW = "one restore, and a restore again"
ONE_CENT, TWO_CENTS = ("0.5", "0.1"), ("0.6", "0.2")
"""Prices of which minutes between two runs cost less than a cent."""
BEFORE = START - timedelta(days=17)


OTHERS = """
- {key: gale, name: Gale, subscription: {plan: basic}, grants: [
    {key: g, name: G, amount: "50", currency: USD, funding_method: none, filters: {features: [calls]}}]}
- {key: iris, name: Iris, usage_attribution: {subject_keys: [iris]}, subscription: {plan: pro}, grants: [
    {key: a, name: A, amount: "0.15", currency: USD, funding_method: none, priority: 1},
    {key: b, name: B, amount: "9", currency: USD, funding_method: none, expires_after: P1Y}]}
"""
"""The first owes a fee, and has credit that is only for a feature; the second has used up a grant, and uses calls."""
PINNED = ("gale", "iris")
"""The customers with a billing profile of their own."""
EVENTS = 130
"""Of two customers: more than one lot."""


def restoring(recovery: Recovery, events: tuple[Event, ...]) -> Attempt:
    """A restore by a client that knows nothing, as the command goes about it."""

    def attempt(journey: Journey, world: World, wrap: Wrap) -> tuple[str, ...]:
        connection = world.connection(lambda inner: journey.wrap(wrap(inner)))
        found = planned(connection, recovery, Choices(), None, events)
        troubles = [f"{one.address.text}: {one.reason}" for one in found.plan.changes if not one.is_pending]
        made = make_set_up(connection, found.set_up, NoJournal())
        pins = with_profiles(found.pins, made.profiles)
        go = partial(carry_out, connection, journal=NoJournal(), known=found.known, manner=journey.manner)
        first = go(until_customers(found.plan)).results if found.pins else ()
        unpinned = dict(_pinned(connection, pins)) if found.pins else {}
        unpinned |= dict.fromkeys(found.pins.keys() - pins.keys(), "its profile was not made")
        ended = {one.step.id: one for one in first}
        rest, held = second_part(found.plan, ended, unpinned, connection.kinds)
        results = (*first, *held, *go(rest).results)
        failed = [f"{one.step.id} {one.status.value}: {one.reason}" for one in results if one.reason]
        if not failed and not unpinned:
            owe(connection, found.debts)
            resend(connection, recovery, events, Choices(), found, lambda text: None)
        return (*troubles, *map(str, (*made.failed.items(), *unpinned.items())), *failed)

    return attempt


def _pinned(connection: Connection, pins: Mapping[str, Pin]) -> Mapping[str, str]:
    """The customers whose billing couldn't be set, with the reasons."""
    try:
        return pin(connection, pins, NoJournal()).failed or {}
    except RemoteError as problem:
        return dict.fromkeys(pins, str(problem))


def further(recovery: Recovery, events: tuple[Event, ...]) -> Further:
    """Looks at all that rows and counts don't show: a further restore writes nothing, credit and debts are as they
    were to the cent, and each event, billing profile and cost of a custom currency is there once."""

    def found(journey: Journey, world: World) -> Iterator[str]:
        wire = Wire()
        yield from restoring(recovery, events)(journey, world, wire.wrap)
        yield from (f"a further restore made {point}" for point in wire.transport.writes)
        if (have := balances(world)) != (want := balances_in(recovery)):
            yield f"balances are {have}, expected {want}"
        with world.http() as http:
            [meter] = rows_of(http, "meters")
            if (used := http.post(f"meters/{meter['id']}/query", json={}).json()["data"][0]["value"]) != str(EVENTS):
                yield f"{used} calls are metered"
            if (names := profiles(http)) != {key: "EU" if key in PINNED else names[key] for key in names}:
                yield f"billing profiles are {names}"
            if (costs := [rate for rate, _ in costs_of_coins(http)]) != ["0.01", "0.02"]:
                yield f"a unit of coins costs {costs}"
            if (count := len(rows_of(http, "profiles"))) != 2:
                yield f"there are {count} billing profiles"

    return found


def profiles(http: httpx.Client) -> Mapping[str, str]:
    """By customer, the name of its own billing profile."""
    names = {row["id"]: row["name"] for row in rows_of(http, "profiles")}
    billing = {row["key"]: http.get(f"customers/{row['id']}/billing").json() for row in rows_of(http, "customers")}
    return {key: names[one["billing_profile"]["id"]] for key, one in billing.items() if one.get("billing_profile")}


def with_profile(http: httpx.Client) -> str:
    """Make a billing profile, and return its id."""
    return str(http.post("/profiles", json=profile(http)).json()["id"])


@pytest.fixture(scope="module")
def lost() -> tuple[Recovery, tuple[Event, ...]]:
    """The recovery snapshot of a shop, and its usage events."""
    world = old_shop(BEFORE, ONE_CENT, TWO_CENTS, OTHERS)
    with world.http() as http:
        coined(http)
        eu, ids = with_profile(http), {row["key"]: row["id"] for row in rows_of(http, "customers")}
        for key in PINNED:
            assert http.put(f"/customers/{ids[key]}/billing", json={"billing_profile": {"id": eu}}).is_success
        for number in range(EVENTS):
            send(http, f"e{number}", type="call", subject="acme" if number % 2 else "iris")
    return recovery_of(world, has_events=True), events_of(world)


@pytest.fixture(scope="module")
def struck(lost: tuple[Recovery, tuple[Event, ...]]) -> Iterator[Harness]:
    """The harness of its restore into an empty server."""
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        empty = World(database=str(Path(folder) / "empty.db"))
        empty.close()
        journey = Journey("restore", (Desired(),), manner=seeded(1))
        made = harness_of(journey, Path(folder), restoring(*lost), Path(empty.database).read_bytes())
        yield made.unremembering  # v1 uses up ids for what it refuses


def calls_of(harness: Harness) -> dict[str, list[Call]]:
    """The calls of the undisturbed restore by their signatures."""
    found = defaultdict(list)
    for point, signature in harness.whole.calls.items():
        found[signature].append(Call(StruckRun(Path("restore")), point, signature))
    return found


KILLED = next(fault for fault in FAULTS if fault.name == "killed before")


def attaching(harness: Harness) -> list[Call]:
    """The calls that attach add-ons to subscriptions, which have begun."""
    calls = (call for several in calls_of(harness).values() for call in several)
    return [call for call in calls if re.search("POST .*/subscriptions/.*/addons", call.signature)]


def struck_at(harness: Harness, chosen: list[tuple[Call, Fault]], count: Count) -> list[str]:
    count(LAW, [(each, fault.name) for each, fault in chosen])
    return [trouble for each, fault in chosen for trouble in harness.troubles_at(fault, each.point)]


def test_a_restore_after_a_fault_ends_where_an_undisturbed_one_does(struck: Harness, count: Count) -> None:
    """Each signature of a call is struck once, and no add-on is forgotten after a beginning; `-m exhaustive` strikes
    every call in every way."""
    calls = [several[number % len(several)] for number, several in enumerate(calls_of(struck).values())]
    chosen = [(call, FAULTS[number % len(FAULTS)]) for number, call in enumerate(calls) if call.point.writes]
    chosen += [(call, KILLED) for call in attaching(struck)]

    assert struck_at(struck, chosen, count) == []


@pytest.mark.exhaustive
def test_a_restore_after_any_fault_ends_where_an_undisturbed_one_does(
    struck: Harness, lost: tuple[Recovery, tuple[Event, ...]], count: Count
) -> None:
    chosen = [(call, fault) for several in calls_of(struck).values() for call in several for fault in FAULTS]

    assert struck_at(replace(struck, further=further(*lost)), chosen, count) == []


@dataclass(slots=True)
class WithoutKeys(httpx.BaseTransport):
    """Sends the grants of fees in advance without their keys."""

    inner: httpx.BaseTransport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/credits/grants"):
            grant = json.loads(request.read())
            if str(grant.get("key", "")).startswith("restore:"):
                del grant["key"]
                request = httpx.Request("POST", request.url, json=grant)
        return self.inner.handle_request(request)


def compensations(world: World) -> int:
    """The number of grants of fees in advance."""
    with world.http() as http:
        customers = http.get("customers").json()["data"]
        grants = [row for one in customers for row in http.get(f"customers/{one['id']}/credits/grants").json()["data"]]
    return sum(row["name"] == COMPENSATION for row in grants)


def test_without_its_key_a_fee_is_compensated_twice(struck: Harness, lost: tuple[Recovery, tuple[Event, ...]]) -> None:
    """The negative control: a grant that can't be found again by its key is made again."""
    made = {}
    for name, wrap in (("with", as_it_is), ("without", WithoutKeys)):
        world = struck.start.world()
        for _ in range(2):
            restoring(*lost)(Journey("restore", (Desired(),), wrap=wrap), world, as_it_is)
            world.clock.advance(BETWEEN_RUNS)
        made[name] = compensations(world)

    assert made["with"] == 7
    assert made["without"] > 7
