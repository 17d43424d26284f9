"""The crash harness (law 3): strike one call of a run with a fault, run again from nothing, and look for a double."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from billsync.model.ports import RemoteError
from billsync.model.state import Desired
from tests.support.faults import Fault, FaultyTransport, Killed, Point
from tests.support.world import EndState, Run, Wrap, World, as_it_is, end_state

BETWEEN_RUNS = 61.0
"""Seconds until somebody runs it again."""


@dataclass(frozen=True, slots=True)
class Journey:
    """Desired states that are synced one after another; the last one is what the faults strike.

    `allow` are the flags that the last one needs; `wrap` is what stands between billsync and every fault.
    """

    name: str
    states: tuple[Desired, ...]
    allow: Mapping[str, str] = field(default_factory=dict)
    wrap: Wrap = as_it_is

    @property
    def last(self) -> Desired:
        """What the faults strike."""
        return self.states[-1]

    def begun(self) -> World:
        """A new server on which everything but the last state was synced."""
        world = World()
        for state in self.states[:-1]:
            _must_succeed(world.sync(state, wrap=self.wrap))
        return world

    def sync(self, world: World, wrap: Wrap = as_it_is) -> Run:
        """The last state's run. Raises RemoteError."""
        return world.sync(self.last, wrap=lambda inner: self.wrap(wrap(inner)), allow=self.allow)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """The run in which nothing went wrong: its calls, and what the server then showed."""

    calls: tuple[Point, ...]
    state: EndState


def undisturbed(journey: Journey) -> Undisturbed:
    """The journey without any fault."""
    world = journey.begun()
    wire = _Wire()
    _must_succeed(journey.sync(world, wire.wrap))
    return Undisturbed(tuple(wire.transport.calls), end_state(world))


Rerun = Callable[[Journey, World], tuple[str, ...]]
"""What happens after the fault: what was wrong with it, in words."""


def fresh_run(journey: Journey, world: World) -> tuple[str, ...]:
    """Everything read and decided again, by a client that knows nothing."""
    run = journey.sync(world)
    refused = [f"the second run: {change.address.text}: {change.reason}" for change in run.plan.changes if change.code]
    return (*refused, *_unsuccessful(run))


def troubles(journey: Journey, fault: Fault, *, rerun: Rerun = fresh_run) -> Iterator[str]:
    """What is wrong after the fault at each call of the run, and a run again; nothing when law 3 holds."""
    whole = undisturbed(journey)
    for point in whole.calls:
        for trouble in troubles_at(journey, whole, fault, point, rerun=rerun):
            yield f"{fault.name} at {point}: {trouble}"


def troubles_at(
    journey: Journey, whole: Undisturbed, fault: Fault, point: Point, *, rerun: Rerun = fresh_run
) -> tuple[str, ...]:
    """What is wrong after the fault at one call, and a run again."""
    world = journey.begun()
    wire = _Wire(fault, point)
    try:
        journey.sync(world, wire.wrap)
    except (RemoteError, Killed):
        pass
    if not wire.transport.struck:
        return ("this call was never made",)
    world.clock.advance(BETWEEN_RUNS)
    return (*rerun(journey, world), *departures(journey, world, whole.state))


def departures(journey: Journey, world: World, expected: EndState) -> tuple[str, ...]:
    """In what the server departs from where it should be, and whether a further run still finds something to do."""
    found = end_state(world)
    return (
        *_other_rows(found, expected),
        *_other_credit(journey.last, found),
        *_other_subscriptions(journey.last, found),
        *_more_work(journey, world),
    )


def _other_rows(found: EndState, expected: EndState) -> Iterator[str]:
    for kind, rows in expected.rows.items():
        if len(found.rows[kind]) != len(rows):
            yield f"there are {len(found.rows[kind])} {kind} rows, expected {len(rows)}"
        for have, want in zip(found.rows[kind], rows, strict=False):
            if have != want:
                yield f"a {kind} is {have}, expected {want}"


def _other_credit(desired: Desired, found: EndState) -> Iterator[str]:
    """Grants that are paid at once, or not at all, are credit from the start (customer-facts.md §7.5)."""
    credit: dict[tuple[str, str], Decimal] = {}
    for entity in desired.entities:
        if entity.address.kind == "grant" and entity.fields.get("funding_method") == "none":
            place = (entity.address.names[0], str(entity.fields["currency"]))
            credit[place] = credit.get(place, Decimal(0)) + Decimal(str(entity.fields["amount"]))
    for (customer, currency), declared in credit.items():
        funded = Decimal(found.balances.get(customer, {}).get(currency, "0"))
        if funded != declared:
            yield f"customer {customer} has {funded} {currency}, declared are {declared}"


def _other_subscriptions(desired: Desired, found: EndState) -> Iterator[str]:
    declared = Counter(e.address.names[0] for e in desired.entities if e.address.kind == "subscription")
    for customer, number in declared.items():
        if found.running(customer) != number:
            yield f"customer {customer} has {found.running(customer)} running subscriptions, declared are {number}"


def _more_work(journey: Journey, world: World) -> Iterator[str]:
    wire = _Wire()
    run = journey.sync(world, wire.wrap)
    yield from (f"a further run still wants {change.verb} {change.address.text}" for change in run.plan.pending)
    yield from (f"a further run made {point}" for point in wire.transport.writes)


def _unsuccessful(run: Run) -> Iterator[str]:
    for result in run.report.results:
        if result.reason:
            yield f"{result.step.id} {result.status.value}: {result.reason}"


def _must_succeed(run: Run) -> None:
    assert run.report.succeeded, tuple(_unsuccessful(run))


class _Wire:
    """Holds the transport that a run was given."""

    def __init__(self, fault: Fault | None = None, point: Point | None = None) -> None:
        self._fault = fault
        self._point = point
        self.transport: FaultyTransport

    def wrap(self, inner: object) -> FaultyTransport:
        self.transport = FaultyTransport(inner, self._fault, self._point)  # type: ignore[arg-type]
        return self.transport
