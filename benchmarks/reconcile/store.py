"""The rows of the made-up server, in memory and already written as JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.reconcile import shown
from benchmarks.reconcile.declared import FEATURES, Fields, has_grant, plan_count

COLLECTIONS = ("meters", "features", "plans", "addons", "customers", "subscriptions", "grants", "tax-codes")
STAND_IN = "9" * 12
"""The number in the text of a subscription's row that is made once for each plan."""


@dataclass(slots=True)
class Shelf:
    """The rows of one list, in the order of their ids, with the ways in which they are looked up."""

    rows: dict[str, bytes] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)
    by_parent: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_plan: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_subject: dict[str, str] = field(default_factory=dict)
    order: Sequence[str] | None = None

    def add(self, row_id: str, row: bytes, *, key: str = "", parent: str = "", plan: Iterable[str] = ()) -> None:
        """Put a row on the shelf, or in the place of the one with this id. `plan` are the names of its plan."""
        if row_id not in self.rows:
            self.order = None
            if key:
                self.by_key[key] = row_id
            if parent:
                self.by_parent[parent].append(row_id)
            for name in plan:
                self.by_plan[name].append(row_id)
        self.rows[row_id] = row

    def remove(self, row_id: str) -> None:
        """Take a row away. Raises KeyError."""
        fields = json.loads(self.rows.pop(row_id))
        self.by_key.pop(fields["key"], None)
        for subject in fields["usage_attribution"]["subject_keys"]:
            self.by_subject.pop(subject, None)
        self.order = None

    def ordered(self) -> Sequence[str]:
        """All ids."""
        if self.order is None:
            self.order = list(self.rows)
        return self.order

    def fields(self, row_id: str) -> Fields:
        """A row, read. Raises KeyError."""
        found: Fields = json.loads(self.rows[row_id])
        return found


def empty() -> dict[str, Shelf]:
    """A server without anything."""
    return {name: Shelf() for name in COLLECTIONS}


def filled(customers: int, *, subscribers_every: int = 1) -> dict[str, Shelf]:
    """The live state that equals the made-up configuration of that many customers.

    Only one customer in `subscribers_every` has a subscription and, perhaps, a grant.
    """
    shelves = empty()
    for number in range(len(FEATURES)):
        _put(shelves["meters"], shown.meter_row(number))
        _put(shelves["features"], shown.feature_row(number))
    plans = [shown.plan_row(number) for number in range(plan_count(customers))]
    for row in plans:
        _put(shelves["plans"], row)
    for number in range(customers):
        put_customer(shelves["customers"], shown.customer_row(number))
    numbers = range(0, customers, subscribers_every)
    for row_id, parent, plan, content in _subscriptions(numbers, plans):
        shelves["subscriptions"].add(row_id, content, parent=parent, plan=plan)
    for number in filter(has_grant, numbers):
        row = shown.grant_row(number)
        shelves["grants"].add(row["id"], shown.as_bytes(row), parent=shown.identifier("customer", number))
    return shelves


def _put(shelf: Shelf, row: Fields) -> None:
    shelf.add(row["id"], shown.as_bytes(row), key=row["key"])


def put_customer(shelf: Shelf, row: Fields) -> None:
    """Put a customer on the shelf, with its subject keys."""
    _put(shelf, row)
    shelf.by_subject.update(
        (subject, row["id"]) for subject in row.get("usage_attribution", {}).get("subject_keys", ())
    )


def names_of(plan: Fields) -> Sequence[str]:
    """The names by which subscriptions to a plan are looked up."""
    return plan["id"], plan["key"]


def _subscriptions(numbers: Iterable[int], plans: Sequence[Fields]) -> Iterator[tuple[str, str, Sequence[str], bytes]]:
    """Ids of the row and its customer, the names of its plan, and the row."""
    texts = [shown.as_bytes(shown.subscription_row(int(STAND_IN), plan)) for plan in plans]
    stand_in = STAND_IN.encode()
    for number in numbers:
        place = number % len(plans)
        content = texts[place].replace(stand_in, b"%012d" % number)
        customer = shown.identifier("customer", number)
        yield shown.identifier("subscription", number), customer, names_of(plans[place]), content
