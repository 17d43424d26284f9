"""Twice as many entities are looked at about twice as often, whatever becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.api.documents import BALANCE
from billsync.api.generations import dated
from billsync.api.routes import routes
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, Row, Snapshot

CAN = dated("openmeter")
SERVER = Server("here", routes("openmeter"), BALANCE, CAN.missing, CAN.is_alone)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
OURS = {"billsync_owner": "payments"}


class Watched(dict[str, Any]):
    """The fields of a row. Counts how often anything is looked up in any of them."""

    looks = 0

    def get(self, name: str, otherwise: Any = None) -> Any:
        """A field."""
        Watched.looks += 1
        return super().get(name, otherwise)

    def values(self) -> Any:
        """All fields."""
        Watched.looks += 1
        return super().values()


def rows(count: int) -> Snapshot:
    """Customers with a grant each, and features that use one meter."""
    meter = {"id": "M", "key": "m", "name": "M", "event_type": "e", "aggregation": "count", "labels": OURS}
    found: dict[str, list[Row]] = {
        "meter": [Row("meter", "M", Watched(meter))],
        "feature": [],
        "customer": [],
        "grant": [],
    }
    for number in range(count):
        named = {"name": str(number), "labels": OURS}
        feature = {"id": f"F{number}", "key": f"f{number}", "meter": {"id": "M"}, **named}
        customer = {"id": f"C{number}", "key": f"c{number}", **named}
        money = {"amount": "5", "currency": "USD", "funding_method": "none", "priority": 1, "status": "active"}
        grant = {"id": f"G{number}", "key": "g", **money, **named}
        found["feature"].append(Row("feature", f"F{number}", Watched(feature)))
        found["customer"].append(Row("customer", f"C{number}", Watched(customer)))
        found["grant"].append(Row("grant", f"G{number}", Watched(grant), f"C{number}"))
    return Snapshot({kind: tuple(members) for kind, members in found.items()})


def looks(count: int, *, every: int) -> int:
    """The looks at rows of a run that keeps one customer and one feature in `every`, or none."""
    kept = range(0, count, every) if every else range(0)
    entities = [
        Entity(
            Address(kind, (f"{kind[0]}{number}",)), {"key": f"{kind[0]}{number}", "name": "New"}, Position("a", 1, 1)
        )
        for kind in ("feature", "customer")
        for number in kept
    ]
    desired = Desired("payments", tuple(entities), named=frozenset({"meter", "feature", "customer"}))
    allow = {"deletes": "9999", "customer-credit": ""}
    snapshot = rows(count)
    Watched.looks = 0
    plan = diff(desired, snapshot, KINDS, server=SERVER, mode=Mode("sync", deletes=True, allow=allow), now=NOW)
    assert len(plan.changes) >= count
    return Watched.looks


@pytest.mark.parametrize("every", [0, 2])
def test_rows_are_looked_at_in_proportion_to_their_number(every: int) -> None:
    assert looks(60, every=every) < 2.2 * looks(30, every=every)
