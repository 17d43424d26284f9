"""Rows of subscriptions that are alike: what is equal of them is parsed once and shared.

A hundred thousand subscriptions of a few plans differ in their ids, and many in nothing else. Values that are shared
are the same objects, so that what is worked out of them can be remembered by their identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.model.value import Fields, Plain
from billsync.report.billing.subscribed import Cards, Subscribed, parse_subscription

MOST = 20_000
"""The largest number of values to remember: of so many that differ, few are alike."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Subscriptions that are alike. `fields` are those of the first row; the others differ in ids alone."""

    fields: Fields


class AlikeRows:
    """Parses rows of subscriptions. `features` maps ids of features to their keys."""

    def __init__(self, features: Mapping[str, str]) -> None:
        self._features = features
        self._known: dict[bytes, Subscribed] = {}
        self._parsed: ByIdentity[Subscribed | Malformed] = ByIdentity()
        self._cards: Cards = {}

    def like(self, alike: Alike, server_id: str, customer_id: str) -> Subscribed | Malformed:
        """The subscription of these ids that is like others."""
        found = self._parsed.of((alike,), lambda: self.parse(alike.fields))
        return replace(found, id=server_id, customer_id=customer_id) if isinstance(found, Subscribed) else found

    def parse(self, row: Fields) -> Subscribed | Malformed:
        """The subscription in a row, or the field because of which it can't be rated.

        Places of items are those of the first row of its shape: they order the items as the row's own do.
        """
        shape = shape_of(row)
        known = self._known.get(shape) if shape else None
        if known is not None:
            return replace(known, id=row["id"], customer_id=row["customer_id"])
        found = parse_subscription(row, self._features, self._cards)
        if shape and isinstance(found, Subscribed) and len(self._known) < MOST:
            self._known[shape] = found
        return found


def shape_of(row: Fields) -> bytes | None:
    """A digest of everything in a row that is parsed, but for ids; ids of items by their order only. Rows of one shape
    are parsed alike. None for a row that may not be one of the API's."""
    try:
        ids = [item["id"] for phase in row["phases"] for item in phase["items"]]
        if not all(isinstance(name, str) for name in (row["id"], row["customer_id"], *ids)):
            return None
        phases, order = [_phase(phase) for phase in row["phases"]], order_of(ids)
    except (KeyError, TypeError, AttributeError):
        return None
    times = row.get("active_from"), row.get("active_to"), row.get("billing_anchor"), row.get("billing_cadence")
    terms = row.get("invoice_currency"), row.get("settlement_mode"), row.get("pro_rating_config")
    if order is None:
        return None
    return blake2b(repr((times, terms, _key(row.get("plan")), order, phases)).encode(), digest_size=16).digest()


def order_of(ids: Sequence[str]) -> tuple[str | int, ...] | None:
    """All that the ids of items decide: their order, and where new cards stand among them, by their beginnings. None
    where one is there twice."""
    ordered = sorted(ids)
    places = {name: place for place, name in enumerate(ordered)}
    if len(places) < len(ids):
        return None
    return (*(one[:3] for one in (*ordered[:1], *ordered[-1:])), *map(places.__getitem__, ids))


def _phase(phase: Fields) -> tuple[Plain, ...]:
    return phase["key"], phase["active_from"], [_item(item) for item in phase["items"]]


def _item(item: Fields) -> tuple[Plain, ...]:
    return item["rate_card"], item.get("active_from"), item.get("active_to")


def _key(plan: Plain) -> Plain:
    return plan.get("key") if isinstance(plan, Mapping) else repr(plan)


class ByIdentity(Generic[T]):
    """Results by the identity of the values that they were worked out from; these are kept, so that no other value
    takes their place."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], tuple[tuple[Any, ...], T]] = {}

    def of(self, values: tuple[Any, ...], work_out: Callable[[], T]) -> T:
        """The result for these very values."""
        place = tuple(map(id, values))
        if place in self._known:
            return self._known[place][1]
        found = work_out()
        if len(self._known) < MOST:
            self._known[place] = values, found
        return found
