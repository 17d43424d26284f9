"""Edits of a subscription's phases: items are added and removed, phases are added, removed and stretched
(customer-facts.md §15). An edit takes effect at one moment, and never changes the past.

Phases are counted from the subscription's start by the lengths before them, so that months don't drift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

from billsync.local.accounts.item_versions import Window, item_window, key_of, versions
from billsync.local.server.periods import moved
from billsync.local.server.problems import Problem, conflict, invalid, problem
from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING, kept_length, length_kept, negative
from billsync.local.store.times import from_micros, micros
from billsync.model.duration import Duration
from billsync.model.frozen import dataclass, replace
from billsync.rating.periods import sum_of

BACK = -1
PASSED = "passed"


@dataclass(frozen=True, slots=True)
class PhaseSequence:
    """The phases of a subscription from its start on, in order of time, and the moment of the edit."""

    start: datetime
    moment: datetime
    phases: tuple[Document, ...]

    def place(self, key: str) -> int | None:
        return next((place for place, phase in enumerate(self.phases) if phase["key"] == key), None)

    def phase(self, key: str) -> tuple[int, Document]:
        """The index of the phase, and the phase. Raises Problem (400) for an unknown phase."""
        place = self.place(key)
        if place is None:
            raise invalid(f"phase {key} not found")
        return place, self.phases[place]

    @property
    def current(self) -> int:
        """The place of the phase that is reached at the moment."""
        reached = [place for place, phase in enumerate(self.phases) if begin(phase) <= self.moment]
        return reached[-1] if reached else BACK

    def window(self, place: int) -> Window:
        following = self.phases[place + 1 :]
        return Window(begin(self.phases[place]), begin(following[0]) if following else None)

    def with_phase(self, place: int, phase: Document) -> PhaseSequence:
        return replace(self, phases=(*self.phases[:place], phase, *self.phases[place + 1 :]))

    def later(self, first: int, by: Duration) -> PhaseSequence:
        """The phases from a place on, that much later."""
        later = [self.at(phase, sum_of(offset(phase, self.start), by)) for phase in self.phases[first:]]
        return replace(self, phases=(*self.phases[:first], *later))

    def at(self, phase: Document, passed: Duration) -> Document:
        """The phase, beginning so long after the start."""
        return {**phase, "begins_at": micros(moved(self.start, passed)), PASSED: kept_length(passed)}


Edit = Callable[[PhaseSequence], PhaseSequence]


def begin(phase: Document) -> datetime:
    return from_micros(phase["begins_at"])


def offset(phase: Document, start: datetime) -> Duration:
    """Return the distance of the phase's start from the subscription's start."""
    if PASSED in phase:
        return length_kept(phase[PASSED])
    return Duration(seconds=Decimal(f"{phase['begins_at'] - micros(start)}e-6"))


def forbidden(text: str) -> Problem:
    return problem(403, f"forbidden error: {text}")


def add_item(sequence: PhaseSequence, key: str, item: Document) -> PhaseSequence:
    """Add an item: in the current phase from the moment on, replacing the item with its key; in a later phase from its
    beginning. Raises Problem: 400, 403."""
    place, phase = sequence.phase(key)
    check_not_past(sequence, place, "add item to")
    mine, others = of_key(phase, key_of(item))
    if place != sequence.current:
        if mine:
            raise forbidden(f"cannot add item to future phase {key} which already has items")
        return sequence.with_phase(place, with_items(phase, [*others, item]))
    added = {**item, "begins_at": micros(sequence.moment)}
    return sequence.with_phase(place, with_items(phase, [*others, *closed(mine, added["begins_at"], key), added]))


def closed(mine: list[Document], moment: int, key: str) -> list[Document]:
    """The versions of an item, the last one until the moment. Raises Problem (403) for one that ends later."""
    if not mine:
        return []
    if mine[-1].get("ends_at", moment) > moment or mine[-1].get("begins_at", moment) > moment:
        raise forbidden(f"cannot add item to phase {key} which would overlap with a current item, delete it first")
    return [*mine[:-1], {**mine[-1], "ends_at": moment}]


def remove_item(sequence: PhaseSequence, key: str, item_key: str) -> PhaseSequence:
    """The item until the moment, or never in a phase to come. Raises Problem: 400, 403, 409."""
    place, phase = sequence.phase(key)
    mine, others = of_key(phase, item_key)
    if not mine:
        raise conflict(f"items for key {item_key} doesn't exist in phase {key}")
    check_not_past(sequence, place, "remove item from")
    if place != sequence.current or mine[-1].get("begins_at", 0) > micros(sequence.moment):
        return sequence.with_phase(place, with_items(phase, [*others, *mine[:-1]]))
    ended = {**mine[-1], "ends_at": micros(sequence.moment)}
    return sequence.with_phase(place, with_items(phase, [*others, *mine[:-1], ended]))


def add_phase(sequence: PhaseSequence, phase: Document, passed: Duration, length: Duration | None) -> PhaseSequence:
    """One more phase to come; the next one begins when it is over, and later ones keep their distances.

    Raises Problem: 400, 403, 409.
    """
    if sequence.place(phase["key"]) is not None:
        raise conflict(f"phase {phase['key']} already exists")
    added = sequence.at(phase, passed)
    if begin(added) <= sequence.moment:
        raise forbidden("cannot add phase in the past")
    place = sum(1 for other in sequence.phases if begin(other) < begin(added))
    if place == len(sequence.phases):
        return replace(sequence, phases=(*sequence.phases, added))
    if length is None:
        raise invalid("duration is required for a phase that is not the last one")
    till_next = sum_of(offset(sequence.phases[place], sequence.start), negative(passed))
    later = sequence.later(place, sum_of(length, negative(till_next)))
    return replace(later, phases=(*later.phases[:place], added, *later.phases[place:]))


def remove_phase(sequence: PhaseSequence, key: str, shift: str) -> PhaseSequence:
    """Remove a future phase: the phase before it is extended (`prev`), or later phases move forward (`next`).

    Raises Problem: 400, 403.
    """
    place, phase = sequence.phase(key)
    if begin(phase) <= sequence.moment:
        raise forbidden("cannot remove already started phase")
    without = replace(sequence, phases=(*sequence.phases[:place], *sequence.phases[place + 1 :]))
    if shift == "prev" or place == len(without.phases):
        return without
    length = sum_of(offset(without.phases[place], sequence.start), negative(offset(phase, sequence.start)))
    return without.later(place, negative(length))


def stretch_phase(sequence: PhaseSequence, key: str, by: Duration) -> PhaseSequence:
    """A phase longer, or shorter, by a span; later ones move with its end. Raises Problem: 400, 403, 409."""
    place, _ = sequence.phase(key)
    if by == NOTHING:
        raise invalid("duration cannot be zero")
    if sequence.current != BACK and begin(sequence.phases[place]) < begin(sequence.phases[sequence.current]):
        raise forbidden("cannot extend past phase")
    if len(sequence.phases) == 1:
        raise conflict("cannot stretch a single phase")
    stretched = sequence.later(place + 1, by)
    for before, after in zip(stretched.phases[place:], stretched.phases[place + 1 :], strict=False):
        if begin(after) <= begin(before):
            raise conflict(f"phase {before['key']} would disappear due to stretching")
    return stretched


def unschedule(sequence: PhaseSequence) -> PhaseSequence:
    """Remove scheduled changes from the current phase: the items in force at the moment continue.

    Raises Problem (409) without a current phase.
    """
    place = sequence.current
    if place == BACK:
        raise conflict("current phase doesn't exist, cannot unschedule edits")
    phase, window = sequence.phases[place], sequence.window(place)
    found = (going_on(mine, window, sequence.moment) for mine in versions(phase["items"]))
    return sequence.with_phase(place, {**phase, "items": [item for mine in found for item in mine]})


def going_on(mine: list[Document], phase: Window, moment: datetime) -> Iterator[Document]:
    """The versions of an item up to the one in force at the moment, which has no end."""
    in_force = [place for place, item in enumerate(mine) if item_window(item, phase).holds(moment)]
    if in_force:
        last = in_force[-1]
        yield from mine[:last]
        yield {name: value for name, value in mine[last].items() if name != "ends_at"}


def check_not_past(sequence: PhaseSequence, place: int, verb: str) -> None:
    if place < sequence.current:
        raise forbidden(f"cannot {verb} phase {sequence.phases[place]['key']} which starts before current phase")


def of_key(phase: Document, key: str) -> tuple[list[Document], list[Document]]:
    """The versions of an item, in order of time, and all other items."""
    return (
        [item for item in phase["items"] if key_of(item) == key],
        [item for item in phase["items"] if key_of(item) != key],
    )


def with_items(phase: Document, items: list[Document]) -> Document:
    """The phase with these items, by key; the versions of each stay in order of time."""
    return {**phase, "items": sorted(items, key=key_of)}
