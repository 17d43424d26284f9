"""The versions of a subscription's items: the window of each, and the version that is shown.

A stored item without its own start or end takes its phase's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from billsync.local.store.documents import Document
from billsync.local.store.times import from_micros, micros, rfc3339
from billsync.model.frozen import dataclass

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a phase, or an item in it, is in force; an open window has no end."""

    start: datetime
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment and not self.is_over_at(moment)

    def is_over_at(self, moment: datetime) -> bool:
        return self.end is not None and self.end <= moment

    def common(self, other: Window) -> Window | None:
        """The overlap of two windows, or None if they don't overlap."""
        start = max(self.start, other.start)
        ends = [end for end in (self.end, other.end) if end is not None]
        shared = Window(start, min(ends) if ends else None)
        return None if shared.is_over_at(start) else shared

    def shown(self) -> Document:
        start = {"active_from": rfc3339(self.start)}
        return start if self.end is None else start | {"active_to": rfc3339(self.end)}


def key_of(item: Item) -> str:
    return str(item["rate_card"]["key"])


def versions(items: Sequence[Document]) -> Iterator[list[Document]]:
    """The items key by key, the versions of each in order of time. They are stored in that order."""
    return (list(group) for _, group in groupby(items, key=key_of))


def item_window(item: Item, phase: Window) -> Window:
    """Return the span in which the item is in force: never outside its phase, however early that ends."""
    starts_at = from_micros(item["begins_at"]) if "begins_at" in item else phase.start
    start = starts_at if phase.end is None else min(starts_at, phase.end)
    if "ends_at" not in item:
        return Window(start, phase.end)
    end = from_micros(item["ends_at"])
    return Window(start, end if phase.end is None else min(end, phase.end))


def is_static(item: Item) -> bool:
    """Whether it carries a static entitlement."""
    return bool(item["rate_card"].get("entitlement", {}).get("type") == "static")


def is_in_force(item: Item, now: datetime) -> bool:
    """Whether the moment lies in the item's own time; its phase is taken to be in force."""
    begun = item.get("begins_at", 0) <= micros(now)
    return begun and ("ends_at" not in item or micros(now) < item["ends_at"])


def shown_versions(items: Sequence[Document], phase: Window, now: datetime) -> Iterator[Document]:
    """One version of each key: of the current phase the one in force, if any is, else the first or last one (§5.4)."""
    if all("begins_at" not in item and "ends_at" not in item for item in items):
        yield from items
        return
    for found in versions(items):
        if now < phase.start:
            yield found[0]
        elif phase.is_over_at(now):
            yield found[-1]
        else:
            yield from (item for item in found if item_window(item, phase).holds(now))
