"""The crash harness (law 3): strike one call of a run with a fault, run again from nothing, and look for a double."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import httpx

from billsync.apply.execute import IN_TURN, Manner
from billsync.local.server.editions import AUGUST, Edition
from billsync.model.change import Outcome
from billsync.model.ports import RemoteError
from billsync.model.result import Report
from billsync.model.state import Desired
from billsync.model.transition import IMMEDIATE
from tests.support.call_signatures import signature
from tests.support.end_state import EndState, end_state
from tests.support.faults import Fault, FaultyTransport, Killed, Point
from tests.support.remembered_reads import Answers, Reads
from tests.support.state_digest import Digest, state_digest, tables_of
from tests.support.world import World, Wrap, as_it_is

BETWEEN_RUNS = 120.0
"""Seconds until somebody runs it again; some ticks of the server's clock."""
TICK = 60
"""Seconds by which the server's clock moves where second runs are remembered: a client that has waited between two
attempts leaves the rows of one that hasn't."""


@dataclass(frozen=True, slots=True)
class Journey:
    """Desired states that are synced one after another; the last one is what the faults strike.

    `allow` are the flags that the last one needs; `wrap` stands between billsync and every fault, and `manner` is how
    steps are carried out.
    """

    name: str
    states: tuple[Desired, ...]
    allow: Mapping[str, str] = field(default_factory=dict)
    wrap: Wrap = as_it_is
    edition: Edition = AUGUST
    manner: Manner = IN_TURN

    @property
    def last(self) -> Desired:
        """What the faults strike."""
        return self.states[-1]


Attempt = Callable[[Journey, World, Wrap], tuple[str, ...]]
"""One run of the last state: what it says went wrong, in words. Raises RemoteError, or Killed."""

Further = Callable[[Journey, World], Iterable[str]]
"""What is wrong with a server after the second run, in words: more work, above all."""


def from_files(journey: Journey, world: World, wrap: Wrap) -> tuple[str, ...]:
    """Everything read and decided by a client that knows nothing."""
    run = world.sync(journey.last, wrap=lambda inner: journey.wrap(wrap(inner)), allow=journey.allow)
    refused = [
        f"{change.address.text} is {change.outcome.value}: {change.reason}"
        for change in run.plan.changes
        if change.outcome in NOT_MADE
    ]
    return (*refused, *_unsuccessful(run.report))


NOT_MADE = frozenset({Outcome.REFUSED, Outcome.BLOCKED})
"""The outcomes of changes that should have been made, and weren't."""


def from_plan_file(text: str) -> Attempt:
    """A saved plan file, run by a client that knows nothing."""

    def attempt(journey: Journey, world: World, wrap: Wrap) -> tuple[str, ...]:
        return tuple(_unsuccessful(world.run_plan_file(text, wrap=lambda inner: journey.wrap(wrap(inner)))))

    return attempt


class Start:
    """A server on which everything but a journey's last state was synced, to be had again and again.

    Its clock moves by `tick` seconds at once. What reads were answered is remembered, unless its clock always moves.
    """

    def __init__(self, journey: Journey, folder: Path, template: bytes | None = None, tick: int = TICK) -> None:
        self.tick = tick
        self._answers: Answers = {}
        self._template = folder / "template.db"
        self._copy = folder / "copy.db"
        self._edition = journey.edition
        self._manner = journey.manner
        if template is None:
            self._sync_what_was_before(journey)
        else:
            self._template.write_bytes(template)

    def _sync_what_was_before(self, journey: Journey) -> None:
        world = World(seed=1, database=str(self._template), edition=self._edition)
        for state in journey.states[:-1]:
            allow = {"deletes": "25", **journey.allow}
            before = replace(journey, states=(state,), allow=allow, wrap=as_it_is)
            troubles = from_files(before, world, as_it_is)
            assert not troubles, troubles
        world.close()

    @property
    def template(self) -> bytes:
        """The database of the server, from which the same start is made in another process."""
        return self._template.read_bytes()

    @property
    def by_a_clock_that_always_moves(self) -> Start:
        """The same, without ticks."""
        found = copy(self)
        found.tick = 0
        return found

    def world(self) -> World:
        """The same server, some time later, with the same ids to come, whatever was asked before."""
        for leftover in self._copy.parent.glob(f"{self._copy.name}*"):
            leftover.unlink()
        shutil.copy(self._template, self._copy)
        world = World(database=str(self._copy), edition=self._edition, tick=self.tick, randomness=bytes)
        world.manner = self._manner
        world.clock.advance(BETWEEN_RUNS)
        if self.tick:
            world.reads = Reads(self._copy, world.server_time, self._answers)
        return world


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """The run in which nothing went wrong: its calls with their signatures, and what the server then showed."""

    calls: Mapping[Point, str]
    state: EndState


def _undisturbed(journey: Journey, start: Start, attempt: Attempt) -> Undisturbed:
    world, wire = start.world(), Wire()
    troubles = attempt(journey, world, wire.wrap)
    assert not troubles, troubles
    made = zip(wire.transport.calls, map(signature, wire.transport.requests), strict=True)
    whole = Undisturbed(dict(sorted(made)), end_state(world))
    world.close()
    return whole


@dataclass(slots=True)
class Harness:
    """A journey that is struck again and again, with one way of running its last state.

    What a second run comes to hangs on the state of the server, the clock, the journey and the way of running it,
    and on nothing else: it writes no journal, and starts from nothing. So its outcome is remembered by the digest
    of that state. Without a digest every second run is made. `further` looks for more work in place of a sync. What
    is remembered belongs to this harness alone: another journey, or code that was broken on purpose, gets a harness
    of its own.
    """

    journey: Journey
    start: Start
    whole: Undisturbed
    attempt: Attempt = from_files
    digest: Digest | None = state_digest
    further: Further | None = None
    outcomes: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)

    @property
    def unremembering(self) -> Harness:
        """The same, but every second run is made, and the server's clock moves while the client waits."""
        return replace(self, digest=None, start=self.start.by_a_clock_that_always_moves)

    def troubles_at(self, fault: Fault, point: Point) -> tuple[str, ...]:
        """What is wrong after the fault at one call and the same attempt again; nothing when law 3 holds."""
        world, wire = self.start.world(), Wire(fault, point)
        with suppress(RemoteError, Killed):
            self.attempt(self.journey, world, wire.wrap)
        world.clock.advance(BETWEEN_RUNS)
        missed = () if wire.transport.struck else ("the call was never made",)
        found = (*missed, *self.troubles_of_a_run_again(world))
        world.close()
        return tuple(f"{fault.name} at {point}: {trouble}" for trouble in found)

    def troubles_of_a_run_again(self, world: World) -> tuple[str, ...]:
        """What is wrong after the attempt is made on a server as it now is, or what was remembered of that."""
        if self.digest is None:
            return self._run_again(world)
        state = self.digest(tables_of(Path(world.database)), world.clock.now())
        if state not in self.outcomes:
            self.outcomes[state] = self._run_again(world)
        return self.outcomes[state]

    def _run_again(self, world: World) -> tuple[str, ...]:
        world.ask_anew()
        second = Wire()
        found = (*self.attempt(self.journey, world, second.wrap), *self._differences(world))
        if self.attempt is not from_files or second.transport.writes:
            found += tuple((self.further or _more_work)(self.journey, world))
        return found

    def _differences(self, world: World) -> tuple[str, ...]:
        """How rows, credit and subscriptions differ from those of the undisturbed run, and from what is declared."""
        found = end_state(world)
        return (
            *_other_rows(found, self.whole.state),
            *_other_credit(self.journey.last, found),
            *_other_bills(found, self.whole.state),
            *_other_subscriptions(self.journey.last, found),
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """All of a harness that takes long to make. It can be pickled, so that one process makes it for all.

    `plan_file` is the one that was saved at the start, if each attempt runs that.
    """

    template: bytes
    plan_file: str | None
    whole: Undisturbed


def prepared(journey: Journey, folder: Path, *, saved: bool = False) -> Prepared:
    """What one undisturbed run makes of a journey, from its files or from a plan file that was saved."""
    start = Start(journey, folder)
    plan_file = _saved(journey, start) if saved else None
    return Prepared(start.template, plan_file, _undisturbed(journey, start, _attempt(plan_file)))


def _saved(journey: Journey, start: Start) -> str:
    world = start.world()
    text = world.plan_file(journey.last, allow=journey.allow)
    world.close()
    return text


def _attempt(plan_file: str | None) -> Attempt:
    return from_files if plan_file is None else from_plan_file(plan_file)


def harness_from(made: Prepared, journey: Journey, folder: Path) -> Harness:
    """The harness of a journey, from what was prepared in this process or another one."""
    return Harness(journey, Start(journey, folder, made.template), made.whole, _attempt(made.plan_file))


def harness(journey: Journey, folder: Path) -> Harness:
    """A harness in which each attempt reads the files."""
    return harness_of(journey, folder, from_files)


def harness_of(journey: Journey, folder: Path, attempt: Attempt, template: bytes | None = None) -> Harness:
    """A harness in which each attempt is another command than `sync`; `template` is the server's database before it."""
    start = Start(journey, folder, template)
    return Harness(journey, start, _undisturbed(journey, start, attempt), attempt)


def _other_rows(found: EndState, expected: EndState) -> Iterator[str]:
    for kind, rows in expected.rows.items():
        if len(found.rows[kind]) != len(rows):
            yield f"there are {len(found.rows[kind])} {kind} rows, expected {len(rows)}"
        for have, want in zip(found.rows[kind], rows, strict=False):
            if have != want:
                yield f"a {kind} is {have}, expected {want}"


def _other_credit(desired: Desired, found: EndState) -> Iterator[str]:
    """Promotional grants are credit from the start, until they are voided (customer-facts.md §7.5, §7.7)."""
    credit: Counter[tuple[str, str]] = Counter()
    for entity in desired.entities:
        is_credit = entity.address.kind == "grant" and entity.fields.get("state") != "voided"
        if is_credit and entity.fields.get("funding_method") == "none":
            place = (entity.address.names[0], str(entity.fields["currency"]))
            credit[place] += Decimal(str(entity.fields["amount"]))  # type: ignore[assignment]
    for (customer, currency), amount in credit.items():
        funded = found.given.get(customer, {}).get(currency, "0")
        if Decimal(funded) != amount:
            yield f"customer {customer} has {funded} {currency}, declared are {amount}"


def _other_bills(found: EndState, expected: EndState) -> Iterator[str]:
    """How charges and bookings differ from those of the undisturbed run. Amounts depend on when a run was made."""
    for name in ("charges", "bookings"):
        have, want = getattr(found, name), getattr(expected, name)
        yield from (
            f"customer {key} has {have.get(key)} {name}, expected {want[key]}"
            for key in want
            if have.get(key) != want[key]
        )


def _other_subscriptions(desired: Desired, found: EndState) -> Iterator[str]:
    """A declared subscription is one chain, unless it is declared to have ended; never are two links in force."""
    declared = [entity for entity in desired.entities if entity.address.kind == "subscription"]
    wanted = Counter(entity.address.names[0] for entity in declared if entity.fields.get("ends") != IMMEDIATE)
    for customer, number in wanted.items():
        if found.running(customer) != number:
            yield f"customer {customer} has {found.running(customer)} running subscriptions, declared are {number}"
        if found.in_force(customer) > number:
            yield f"customer {customer} has {found.in_force(customer)} subscriptions in force at one time"


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
