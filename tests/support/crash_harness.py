"""The crash harness (law 3): strike one call of a run with a fault, run again from nothing, and look for a double."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import httpx

from billsync.model.ports import RemoteError
from billsync.model.result import Report
from billsync.model.state import Desired
from tests.support.faults import Fault, FaultyTransport, Killed, Point
from tests.support.world import EndState, World, Wrap, as_it_is, end_state

BETWEEN_RUNS = 61.0
"""Seconds until somebody runs it again."""


@dataclass(frozen=True, slots=True)
class Journey:
    """Desired states that are synced one after another; the last one is what the faults strike.

    `allow` are the flags that the last one needs; `wrap` stands between billsync and every fault.
    """

    name: str
    states: tuple[Desired, ...]
    allow: Mapping[str, str] = field(default_factory=dict)
    wrap: Wrap = as_it_is

    @property
    def last(self) -> Desired:
        """What the faults strike."""
        return self.states[-1]


Attempt = Callable[[Journey, World, Wrap], tuple[str, ...]]
"""One run of the last state: what it says went wrong, in words. Raises RemoteError, or Killed."""


def from_files(journey: Journey, world: World, wrap: Wrap) -> tuple[str, ...]:
    """Everything read and decided by a client that knows nothing."""
    run = world.sync(journey.last, wrap=lambda inner: journey.wrap(wrap(inner)), allow=journey.allow)
    refused = [f"{change.address.text} is {change.outcome.value}: {change.reason}" for change in run.plan.changes
               if change.code in REFUSALS]  # fmt: skip
    return (*refused, *_unsuccessful(run.report))


REFUSALS = frozenset({"foreign-draft", "immutable-field", "not-owned", "frozen-field", "chain-change", "blocked"})


def from_plan_file(text: str) -> Attempt:
    """A saved plan file, run by a client that knows nothing."""

    def attempt(journey: Journey, world: World, wrap: Wrap) -> tuple[str, ...]:
        return tuple(_unsuccessful(world.run_plan_file(text, wrap=lambda inner: journey.wrap(wrap(inner)))))

    return attempt


class Start:
    """A server on which everything but a journey's last state was synced, to be had again and again."""

    def __init__(self, journey: Journey, folder: Path) -> None:
        self._template = folder / "template.db"
        self._copy = folder / "copy.db"
        world = World(seed=1, database=str(self._template))
        for state in journey.states[:-1]:
            assert not from_files(Journey("before", (state,), {"deletes": "25"}), world, as_it_is)
        world.close()

    def world(self) -> World:
        """The same server, the same ids to come."""
        for leftover in self._copy.parent.glob(f"{self._copy.name}*"):
            leftover.unlink()
        shutil.copy(self._template, self._copy)
        return World(seed=2, database=str(self._copy))


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """The run in which nothing went wrong: its calls, and what the server then showed."""

    calls: tuple[Point, ...]
    state: EndState


def undisturbed(journey: Journey, start: Start, attempt: Attempt = from_files) -> Undisturbed:
    """The journey without any fault."""
    world, wire = start.world(), Wire()
    assert not attempt(journey, world, wire.wrap)
    whole = Undisturbed(tuple(wire.transport.calls), end_state(world))
    world.close()
    return whole


def troubles_at(
    journey: Journey, start: Start, whole: Undisturbed, *, fault: Fault, point: Point, attempt: Attempt = from_files
) -> tuple[str, ...]:
    """What is wrong after the fault at one call and the same attempt again; nothing when law 3 holds."""
    world, wire = start.world(), Wire(fault, point)
    with suppress(RemoteError, Killed):
        attempt(journey, world, wire.wrap)
    world.clock.advance(BETWEEN_RUNS)
    missed = () if wire.transport.struck else ("the call was never made",)
    second = Wire()
    found = (*missed, *attempt(journey, world, second.wrap), *differences(journey, world, whole.state))
    if attempt is not from_files or second.transport.writes:
        found += tuple(_more_work(journey, world))
    world.close()
    return tuple(f"{fault.name} at {point}: {trouble}" for trouble in found)


def differences(journey: Journey, world: World, expected: EndState) -> tuple[str, ...]:
    """How the rows, the credit and the subscriptions of the server differ from what they should be."""
    found = end_state(world)
    return (
        *_other_rows(found, expected),
        *_other_credit(journey.last, found),
        *_other_subscriptions(journey.last, found),
    )


def _other_rows(found: EndState, expected: EndState) -> Iterator[str]:
    for kind, rows in expected.rows.items():
        if len(found.rows[kind]) != len(rows):
            yield f"there are {len(found.rows[kind])} {kind} rows, expected {len(rows)}"
        for have, want in zip(found.rows[kind], rows, strict=False):
            if have != want:
                yield f"a {kind} is {have}, expected {want}"


def _other_credit(desired: Desired, found: EndState) -> Iterator[str]:
    """Promotional grants are credit from the start (customer-facts.md §7.5)."""
    credit: Counter[tuple[str, str]] = Counter()
    for entity in desired.entities:
        if entity.address.kind == "grant" and entity.fields.get("funding_method") == "none":
            place = (entity.address.names[0], str(entity.fields["currency"]))
            credit[place] += Decimal(str(entity.fields["amount"]))  # type: ignore[assignment]
    for (customer, currency), amount in credit.items():
        funded = found.balances.get(customer, {}).get(currency, "0")
        if Decimal(funded) != amount:
            yield f"customer {customer} has {funded} {currency}, declared are {amount}"


def _other_subscriptions(desired: Desired, found: EndState) -> Iterator[str]:
    declared = Counter(e.address.names[0] for e in desired.entities if e.address.kind == "subscription")
    for customer, number in declared.items():
        if found.running(customer) != number:
            yield f"customer {customer} has {found.running(customer)} running subscriptions, declared are {number}"


def _more_work(journey: Journey, world: World) -> Iterator[str]:
    """Whether a further run still finds something to do; a run from files that wrote nothing was that run."""
    wire = Wire()
    run = world.sync(journey.last, wrap=wire.wrap, allow=journey.allow)
    yield from (f"a further run still wants {change.verb} {change.address.text}" for change in run.plan.pending)
    yield from (f"a further run made {point}" for point in wire.transport.writes)


def _unsuccessful(report: Report) -> Iterator[str]:
    for result in report.results:
        if result.reason:
            yield f"{result.step.id} {result.status.value}: {result.reason}"


class Wire:
    """Holds the transport that a run was given."""

    transport: FaultyTransport

    def __init__(self, fault: Fault | None = None, point: Point | None = None) -> None:
        self._fault = fault
        self._point = point

    def wrap(self, inner: httpx.BaseTransport) -> httpx.BaseTransport:
        """A transport that counts, and strikes where there is a fault."""
        self.transport = FaultyTransport(inner, self._fault, self._point)
        return self.transport
