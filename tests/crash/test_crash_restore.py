"""Law 3 for `restore`: whatever goes wrong at any call, a restore again ends where an undisturbed one ends."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.owing import owe
from billsync.app.recovery.resending import resend
from billsync.app.recovery.restoring import planned
from billsync.model.recovery import Recovery
from billsync.model.state import Desired
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.restore.compensation import COMPENSATION
from billsync.report.recovery.snapshot.items import Event
from tests.crash.conftest import IN_MEMORY, Count
from tests.crash.struck_runs import Call, StruckRun
from tests.support.clock import START
from tests.support.crash_harness import BETWEEN_RUNS, Attempt, Harness, Journey, harness_of
from tests.support.faults import FAULTS, Fault
from tests.support.old_shop import old_shop
from tests.support.recoveries import events_of, recovery_of
from tests.support.seeded import seeded
from tests.support.world import NoJournal, World, Wrap, as_it_is

pytestmark = [pytest.mark.thorough, pytest.mark.crash]

LAW = "one restore, and a restore again"
ONE_CENT, TWO_CENTS = ("0.5", "0.1"), ("0.6", "0.2")
"""Prices of which minutes between two runs cost less than a cent."""
BEFORE = START - timedelta(days=17)


def restoring(recovery: Recovery, events: tuple[Event, ...]) -> Attempt:
    """A restore by a client that knows nothing."""

    def attempt(journey: Journey, world: World, wrap: Wrap) -> tuple[str, ...]:
        connection = world.connection(lambda inner: journey.wrap(wrap(inner)))
        found = planned(connection, recovery, Choices(), None, events)
        refused = [f"{one.address.text}: {one.reason}" for one in found.plan.changes if not one.is_pending]
        report = carry_out(connection, found.plan, journal=NoJournal(), known=found.known, manner=journey.manner)
        if not any(result.reason for result in report.results):
            owe(connection, found.debts)
            resend(connection, recovery, events, Choices(), found, lambda text: None)
        return (*refused, *(f"{one.step.id} {one.status.value}: {one.reason}" for one in report.results if one.reason))

    return attempt


@pytest.fixture(scope="module")
def lost() -> tuple[Recovery, tuple[Event, ...]]:
    """The recovery snapshot of a shop, and its usage events."""
    world = old_shop(BEFORE, ONE_CENT, TWO_CENTS)
    return recovery_of(world), events_of(world)


@pytest.fixture(scope="module")
def struck(lost: tuple[Recovery, tuple[Event, ...]]) -> Iterator[Harness]:
    """The harness of its restore into an empty server."""
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        journey = Journey("restore", (Desired(),), manner=seeded(1))
        yield harness_of(journey, Path(folder), restoring(*lost)).unremembering  # v1 uses up ids for what it refuses


def calls_of(harness: Harness) -> dict[str, list[Call]]:
    """The calls of the undisturbed restore by their signatures."""
    found = defaultdict(list)
    for point, signature in harness.whole.calls.items():
        found[signature].append(Call(StruckRun(Path("restore")), point, signature))
    return found


KILLED = next(fault for fault in FAULTS if fault.name == "killed after")


def subscribing(harness: Harness) -> list[Call]:
    """The calls that begin subscriptions, which something follows."""
    calls = (call for several in calls_of(harness).values() for call in several)
    return [call for call in calls if call.point.writes and call.point.path.endswith("/openmeter/subscriptions")]


def struck_at(harness: Harness, chosen: list[tuple[Call, Fault]], count: Count) -> list[str]:
    count(LAW, [(each, fault.name) for each, fault in chosen])
    return [trouble for each, fault in chosen for trouble in harness.troubles_at(fault, each.point)]


def test_a_restore_after_a_fault_ends_where_an_undisturbed_one_does(struck: Harness, count: Count) -> None:
    """Each signature of a call is struck once, and no add-on is forgotten after a beginning; `-m exhaustive` strikes
    every call in every way."""
    calls = [several[number % len(several)] for number, several in enumerate(calls_of(struck).values())]
    chosen = [(call, FAULTS[number % len(FAULTS)]) for number, call in enumerate(calls) if call.point.writes]
    chosen += [(call, KILLED) for call in subscribing(struck)]

    assert struck_at(struck, chosen, count) == []


@pytest.mark.exhaustive
def test_a_restore_after_any_fault_ends_where_an_undisturbed_one_does(struck: Harness, count: Count) -> None:
    chosen = [(call, fault) for several in calls_of(struck).values() for call in several for fault in FAULTS]

    assert struck_at(struck, chosen, count) == []


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

    assert made["with"] == 5
    assert made["without"] > 5
