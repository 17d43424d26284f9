"""Meters, without events (catalog-facts.md §4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from billsync.local.catalog.meter_readings import METER, READ_TERMS, read_again
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import Issue, broken_rules, conflict, invalid, not_found
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store, changed
from billsync.local.store.times import echoed, instant_of, rfc3339

SHOWN = ("key", "name", "description", "aggregation", "event_type", "events_from", "value_property")
DIMENSION = re.compile(r"[a-zA-Z_][0-9a-zA-Z_]*")
RESERVED_DIMENSIONS = ("customer_id", "subject")


def view(_: Call, row: Row) -> Document:
    """A meter as it is read: `dimensions` is null when they were never given."""
    shown = present(row.document, *SHOWN)
    return stamped(row, {**shown, "labels": row.document["labels"], "dimensions": row.document["dimensions"]})


LISTING = Listing(
    resource=METER,
    view=view,
    fields={"key": "key", "name": "document ->> 'name'"},
    sorts={
        "key": "key",
        "name": "document ->> 'name'",
        "aggregation": "document ->> 'aggregation'",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
)


def create(call: Call) -> Answer:
    body = call.body
    check_reserved(body.get("dimensions") or {})
    check_labels(body.get("labels"))
    check_description(body)
    check_aggregation(body["aggregation"], body.get("value_property"))
    check_dimensions(body.get("dimensions") or {}, body.get("value_property"))
    if call.store.live_with_key(METER, body["key"]):
        raise conflict("meter with the same slug already exists")
    row = call.store.insert(new_row(call, METER, kept(body), key=body["key"]))
    read_again(call.store, row)
    answer = view(call, row)
    if "events_from" in body:
        answer["events_from"] = echoed(body["events_from"])
    return created(answer)


def kept(body: Mapping[str, Any]) -> Document:
    """The meter as it is stored: times in UTC, labels always."""
    document = {"labels": {}, "dimensions": None, **body}
    if moment := instant_of(body.get("events_from", "")):
        document["events_from"] = rfc3339(moment)
    return document


def replace(call: Call) -> Answer:
    """A description left out stays; labels and dimensions left out are cleared (§4.1). Deleted meters too (§4.4)."""
    body = call.body
    check_reserved(body.get("dimensions") or {})
    check_labels(body.get("labels"))
    row = find(call.store, call.path["meterId"])
    if not body.get("name"):
        raise invalid("name is required")
    check_description(body)
    check_dimensions(body.get("dimensions") or {}, row.document.get("value_property"))
    check_dropped(call.store, row, body.get("dimensions") or {})
    document = {**row.document, "labels": {}, "dimensions": None, **body}
    replaced = call.store.update(changed(row, call.now, document=document))
    if any(replaced.document.get(name) != row.document.get(name) for name in READ_TERMS):
        read_again(call.store, replaced)
    return ok(view(call, replaced))


def delete(call: Call) -> Answer:
    row = find(call.store, call.path["meterId"])
    if row.deleted_at is None:
        if features_of(call.store, row):
            raise conflict("meter has active features and cannot be deleted")
        call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["meterId"])))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(store: Store, meter_id: str) -> Row:
    """The meter, deleted or not. Raises Problem (404)."""
    if row := store.get(METER, meter_id):
        return row
    raise not_found(f"meter not found: {meter_id}")


def features_of(store: Store, meter: Row) -> list[Row]:
    """The features that measure with this meter and are not archived."""
    return store.with_term("feature", "meter", meter.id)


def check_description(body: Mapping[str, Any]) -> None:
    if body.get("description") == "":
        raise invalid("description must not be empty string")


def check_aggregation(aggregation: str, value_property: str | None) -> None:
    reason = None
    if aggregation == "count" and value_property is not None:
        reason = "meter value property is not allowed when the aggregation is count"
    elif aggregation != "count" and not value_property:
        reason = "meter value property is required when the aggregation is not count"
    elif value_property and not value_property.startswith("$"):
        reason = "meter value property must start with $"
    if reason:
        raise invalid(f"invalid meter aggregation: {reason}")


def check_reserved(dimensions: Mapping[str, str]) -> None:
    """Raises Problem for a name that every meter has (§4.2)."""
    if reserved := [name for name in RESERVED_DIMENSIONS if name in dimensions]:
        raise broken_rules(map(reserved_dimension, reserved))


def check_dimensions(dimensions: Mapping[str, str], value_property: str | None) -> None:
    """Raises Problem for a name or a path that a dimension can't have (§4.2)."""
    for name, path in sorted(dimensions.items()):
        if not path.startswith("$"):
            raise invalid(f"invalid meter group by: meter group by value must start with $ for key {name}")
        if not DIMENSION.fullmatch(name):
            raise invalid(f"invalid meter group by: meter group by key {name} is invalid")
        if path == value_property:
            raise invalid(f"invalid meter group by: meter group by value {name} is the value property")


def reserved_dimension(name: str) -> Issue:
    return Issue(
        code="reserved_dimension",
        message="dimension name is reserved",
        field=f"$.dimensions.{name}",
        extra=(("value", name),),
    )


def check_dropped(store: Store, meter: Row, kept: Mapping[str, str]) -> None:
    """Raises Problem (409) when a feature filters by a dimension that is going."""
    for feature in features_of(store, meter):
        for name in feature.document["meter"].get("filters") or {}:
            if name not in kept:
                raise conflict(f"meter group by: {name} cannot be dropped because feature {feature.key} uses it")


ROUTES = (
    Route("POST", "/openmeter/meters", create),
    Route("GET", "/openmeter/meters", listed),
    Route("GET", "/openmeter/meters/{meterId}", get),
    Route("PUT", "/openmeter/meters/{meterId}", replace),
    Route("DELETE", "/openmeter/meters/{meterId}", delete),
)
