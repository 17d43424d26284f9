"""Features as the older API v1 shows them inside of other rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.catalog.meter_readings import METER
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store
from billsync.local.store.times import rfc3339
from billsync.local.v1.cards import filled

OPERATORS = {
    "eq": "$eq",
    "neq": "$ne",
    "in": "$in",
    "nin": "$nin",
    "exists": "$exists",
    "contains": "$ilike",
    "ncontains": "$nilike",
}
COMBINED = {"and": "$and", "or": "$or"}


def view(store: Store, row: Row) -> Document:
    """The feature as v1 shows it, without empty fields."""
    document = row.document
    measured = document.get("meter", {})
    meter = store.get(METER, measured["id"]) if measured else None
    filters = measured.get("filters", {})
    parts = {
        "metadata": document.get("labels"),
        "meterSlug": meter and meter.key,
        "meterGroupByFilters": {name: rule["eq"] for name, rule in filters.items() if "eq" in rule},
        "advancedMeterGroupByFilters": {name: shown_condition(rule) for name, rule in filters.items()},
        "unitCost": {camel(name): part for name, part in document.get("unit_cost", {}).items()},
        "archivedAt": row.deleted_at and rfc3339(row.deleted_at),
    }
    return {
        "id": row.id,
        "key": row.key,
        "name": document["name"],
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        **filled(parts),
    }


def shown_condition(condition: Mapping[str, Any]) -> Document:
    """A condition on a dimension; v1 says with a pattern that a text contains another."""
    shown: Document = {}
    for operator, operand in condition.items():
        if operator in COMBINED:
            shown[COMBINED[operator]] = [shown_condition(part) for part in operand]
        else:
            shown[OPERATORS[operator]] = f"%{operand}%" if operator in ("contains", "ncontains") else operand
    return shown


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
