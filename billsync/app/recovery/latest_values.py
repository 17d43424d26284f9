"""Events of meters that take the latest value: dated at one second, the server could take any of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from billsync.model.moment import parse_moment
from billsync.model.state import Snapshot
from billsync.model.value import Fields, Plain
from billsync.report.recovery.restore.usage_start import Unbilled
from billsync.report.recovery.snapshot.items import Event

LATEST = "latest"
ROOT = "$."

Identity: TypeAlias = tuple[str, str, str]
"""An event's customer, source and id."""


def identity_of(one: Event) -> Identity:
    """The identity of an event."""
    event = _event(one)
    return one.customer, str(event.get("source")), str(event.get("id"))


class LatestValues:
    """The last events of each subject and each combination of dimensions, found while all events pass."""

    def __init__(self, catalog: Snapshot, since: Unbilled) -> None:
        self._since = since
        self._meters: dict[str, list[Fields]] = defaultdict(list)
        for row in catalog.of("meter"):
            if row.fields.get("aggregation") == LATEST:
                self._meters[str(row.fields.get("event_type"))].append(row.fields)
        self._last: dict[tuple[str, ...], tuple[datetime, int, Identity]] = {}
        self._count: Counter[str] = Counter()

    def seen(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the events, and remember the last ones."""
        for one in events:
            if (meters := self._meters.get(str(_event(one).get("type")))) and self._since.has(one.customer, one.row):
                self._remember(one, meters)
            yield one

    @property
    def seconds(self) -> Mapping[Identity, int]:
        """The number of seconds after the others at which each is dated, so that their order stays as it was."""
        by_customer: dict[str, set[tuple[datetime, int, Identity]]] = defaultdict(set)
        for last in self._last.values():
            by_customer[last[2][0]].add(last)
        several = (one for customer, one in by_customer.items() if self._count[customer] > 1)
        lasts = (sorted(one, key=lambda last: last[:2]) for one in several)
        return {identity: number for one in lasts for number, (_, _, identity) in enumerate(one, 1)}

    def _remember(self, one: Event, meters: Iterable[Fields]) -> None:
        event = _event(one)
        self._count[one.customer] += 1
        time = parse_moment(str(event.get("time")))
        for meter in meters:
            if time is None or not _is_number(_at(event, str(meter.get("value_property")))):
                continue
            dimensions = meter.get("dimensions") or {}
            values = (repr(_at(event, str(path))) for _, path in sorted(dimensions.items()))
            group = (one.customer, str(meter.get("key")), str(event.get("subject")), *values)
            before = self._last.get(group)
            if before is None or before[0] <= time:
                self._last[group] = time, self._count[one.customer], identity_of(one)


def _event(one: Event) -> Fields:
    found = one.row.get("event")
    return found if isinstance(found, Mapping) else one.row


def _at(event: Fields, path: str) -> Plain:
    """The value at a path of names in an event's data; the whole data for other paths, so that no two are alike."""
    found: Plain = event.get("data")
    if not path.startswith(ROOT) or set("[]*?'\"") & set(path):
        return found
    for name in path.removeprefix(ROOT).split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _is_number(value: Plain) -> bool:
    """Whether a meter can take a value; one at a path that isn't understood counts as such."""
    if isinstance(value, Mapping):
        return True
    try:
        return not isinstance(value, bool) and Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False
