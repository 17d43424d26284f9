"""The times at which a manual entitlement's usage starts again from zero: each usage period, and each reset.

Reads stored rows only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from billsync.local.server.periods import period_at
from billsync.local.store.store import Row
from billsync.local.store.times import from_micros
from billsync.model.duration import Duration, parse_duration
from billsync.model.frozen import dataclass
from billsync.rating.periods import Period, next_after


@dataclass(frozen=True, slots=True)
class Course:
    """A time in which the usage periods follow one anchor: until the next course starts, if any does."""

    start: datetime
    anchor: datetime
    end: datetime | None


def length_of(row: Row) -> Duration | None:
    """The length of a usage period; None where usage is not counted in periods."""
    return parse_duration(row.document.get("interval", ""))


def counted_from(row: Row) -> datetime:
    """Return the moment when a metered entitlement began to count."""
    return from_micros(row.document["counted_from"])


def usage_period(row: Row, now: datetime) -> Period | None:
    """The period around now in which usage is counted; None where none is."""
    length = length_of(row)
    if length is None:
        return None
    course = course_at(row, now)
    return period_at(course.anchor, length, now).within(course.start, course.end)


def course_at(row: Row, moment: datetime) -> Course:
    """The last course that has begun; the first one before that."""
    first, *later = courses(row)
    return next((course for course in reversed(later) if course.start <= moment), first)


def courses(row: Row) -> list[Course]:
    """Of a metered entitlement from the start of counting and from each reset; of any other one that never starts."""
    document = row.document
    if "counted_from" not in document:
        anchor = from_micros(document["anchor"])
        return [Course(datetime.min.replace(tzinfo=anchor.tzinfo), anchor, None)]
    begun = [{"at": document["counted_from"], "anchor": document["anchor"]}, *document.get("resets", ())]
    return [
        Course(from_micros(course["at"]), from_micros(course["anchor"]), after and from_micros(after["at"]))
        for course, after in pairwise([*begun, None])
        if course is not None
    ]


def starts(row: Row, until: datetime) -> tuple[datetime, ...]:
    """Every moment after the start of counting at which usage begins at 0 again, the last one at `until`."""
    moments = {moment for course in courses(row) for moment in starts_in(row, course, until)}
    return tuple(sorted(moment for moment in moments if counted_from(row) < moment <= until))


def starts_in(row: Row, course: Course, until: datetime) -> Iterator[datetime]:
    length = length_of(row)
    assert length is not None
    yield course.start
    moment = next_after(course.anchor, length, course.start)
    while moment <= until and (course.end is None or moment < course.end):
        yield moment
        moment = next_after(course.anchor, length, moment)


def exceptions(row: Row) -> dict[datetime, bool]:
    """Return the resets with a setting of their own for overage."""
    resets = row.document.get("resets", ())
    return {from_micros(reset["at"]): reset["keeps_overage"] for reset in resets if "keeps_overage" in reset}
