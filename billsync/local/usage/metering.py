"""Aggregation of what meters read, and the selection of the readings that count (catalog-facts.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.catalog.meter_readings import COUNT, UNIQUE
from billsync.local.store.readings import EARLIEST, LATEST, MILLION, ONE_BUCKET, Reading, Readings, Scope, Span, Sums
from billsync.local.store.store import Row, Store
from billsync.local.store.times import instant_of, micros
from billsync.rating.arithmetic import EXACT, ZERO, divided, plus

LAST = "latest"
SHARE_OF_FEW = 4
Dimensions = Mapping[str, str]
Accepts = Callable[[Dimensions], bool]


@dataclass(frozen=True, slots=True)
class EventSelection:
    """A selection of events: from the start (included) to the end (not included); None is unbounded.

    Without `subjects`, events of all subjects are selected; `stored_before` leaves out events that were received later.
    """

    start: datetime | None = None
    end: datetime | None = None
    subjects: tuple[str, ...] | None = None
    stored_before: datetime | None = None


@dataclass(slots=True)
class Tally:
    """Sums of readings. `latest` is the last by time, then by arrival; `first` and `last` are times."""

    count: int = 0
    total: Decimal = ZERO
    least: Decimal | None = None
    greatest: Decimal | None = None
    latest: tuple[int, int, Decimal] | None = None
    texts: set[str] = field(default_factory=set)
    first: int = LATEST
    last: int = EARLIEST

    def add(self, sums: Sums) -> None:
        """Adds what the database summed up."""
        self.count += sums.count
        self.first, self.last = min(self.first, sums.first), max(self.last, sums.last)
        if sums.whole is not None and sums.millionths is not None:
            self.total = plus(self.total, number_of_millionths(sums.whole * MILLION + sums.millionths))
        self.stretch(number_of_millionths(amount) for amount in (sums.least, sums.greatest) if amount is not None)

    def take(self, number: Decimal) -> None:
        """Adds the value of a reading that the database counted and didn't sum up."""
        self.total = plus(self.total, number)
        self.stretch((number,))

    def joined(self, other: Tally) -> Tally:
        """The sum of both."""
        sums = Tally(
            self.count + other.count,
            plus(self.total, other.total),
            latest=max(filter(None, (self.latest, other.latest)), default=None),
            texts=self.texts | other.texts,
            first=min(self.first, other.first),
            last=max(self.last, other.last),
        )
        extremes = (self.least, self.greatest, other.least, other.greatest)
        sums.stretch(number for number in extremes if number is not None)
        return sums

    def stretch(self, numbers: Iterable[Decimal]) -> None:
        for number in numbers:
            self.least = number if self.least is None else min(self.least, number)
            self.greatest = number if self.greatest is None else max(self.greatest, number)

    def value(self, aggregation: str) -> Decimal:
        """Return the aggregate; there must be readings."""
        found = AGGREGATES[aggregation](self)
        assert found is not None
        return found


AGGREGATES: Mapping[str, Callable[[Tally], Decimal | None]] = {
    "sum": lambda tally: tally.total,
    COUNT: lambda tally: Decimal(tally.count),
    UNIQUE: lambda tally: Decimal(len(tally.texts)),
    "avg": lambda tally: divided(tally.total, Decimal(tally.count)),
    "min": lambda tally: tally.least,
    "max": lambda tally: tally.greatest,
    LAST: lambda tally: tally.latest[2] if tally.latest else None,
}


def number_of_millionths(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-6, EXACT)


def number_in(reading: Reading) -> Decimal:
    """The value of a reading of a number."""
    return Decimal(reading.text or "") if reading.amount is None else number_of_millionths(reading.amount)


@dataclass(frozen=True, slots=True)
class Selected:
    """The readings of a meter that a selection and a condition on the dimensions leave, each series in its slot."""

    readings: Readings
    aggregation: str
    span: Span
    scope: Scope
    groups: Sequence[Any]

    def tallies(self, span: Span, *, bucket: str = ONE_BUCKET) -> dict[tuple[int, int], Tally]:
        """Sums of the readings in a part of the span, by bucket and slot."""
        where = (span, self.scope)
        found: dict[tuple[int, int], Tally] = {}
        for sums in self.readings.sums(*where, bucket=bucket):
            found.setdefault((sums.bucket, sums.slot), Tally()).add(sums)
        if self.aggregation == UNIQUE:
            for place, slot, text in self.readings.distinct_texts(*where, bucket=bucket):
                found[place, slot].texts.add(text)
        elif self.aggregation == LAST:
            for place, slot, reading in self.readings.newest(*where, bucket=bucket):
                found[place, slot].latest = (reading.time, reading.event, number_in(reading))
        else:
            for place, slot, text in self.readings.texts(*where, bucket=bucket):
                found[place, slot].take(Decimal(text))
        return found


def selected(
    store: Store,
    meter: Row,
    selection: EventSelection,
    accepts: Accepts | None = None,
    group_of: Callable[[str, Dimensions], Any] | None = None,
    *,
    whole: bool = True,
) -> Selected:
    """The readings of a meter in a selection, none before its `events_from`. A series counts if its dimensions are
    accepted; `group_of` gives the group of a subject and dimensions, and without it all are one group. The sums are of
    the `whole` span, or of windows of it."""
    terms = meter.document
    span = span_of(meter, selection)
    if selection.subjects is None and accepts is None and group_of is None:
        return Selected(store.readings, terms["aggregation"], span, Scope.ALL, [None])
    series = store.readings.series(meter.seq, selection.subjects)
    counted = [one for one in series if accepts is None or accepts(one.dimensions)]
    groups: dict[Any, int] = {}
    slots = [
        (one.id, groups.setdefault(group_of(one.subject, one.dimensions) if group_of else None, len(groups)))
        for one in counted
    ]
    store.readings.choose(slots)
    is_few = whole or selection.subjects is not None or len(counted) * SHARE_OF_FEW < len(series)
    return Selected(store.readings, terms["aggregation"], span, Scope.FEW if is_few else Scope.MOST, list(groups))


def span_of(meter: Row, selection: EventSelection) -> Span:
    starts = (selection.start, instant_of(meter.document.get("events_from", "")))
    return Span(
        meter.seq,
        start=max((micros(start) for start in starts if start is not None), default=EARLIEST),
        end=LATEST if selection.end is None else micros(selection.end),
        stored_before=LATEST if selection.stored_before is None else micros(selection.stored_before),
    )


def usage(store: Store, meter: Row, selection: EventSelection, accepts: Accepts | None = None) -> Decimal:
    """The quantity of a span, of the readings that are accepted; 0 without any."""
    chosen = selected(store, meter, selection, accepts)
    tally = next(iter(chosen.tallies(chosen.span).values()), None)
    return ZERO if tally is None else tally.value(chosen.aggregation)


def each_reading(store: Store, meter: Row, selection: EventSelection, accepts: Accepts | None) -> Iterator[Reading]:
    """The readings that are accepted, by time, then by arrival."""
    chosen = selected(store, meter, selection, accepts)
    return chosen.readings.each(chosen.span, chosen.scope)
