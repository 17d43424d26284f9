"""Features, which plans price (catalog-facts.md §5). Only the unit cost can change; deleting archives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billsync.local.catalog.meters import find as find_meter
from billsync.local.catalog.unit_costs import canonical_cost, check_cost, check_form_kept
from billsync.local.server.identifiers import is_ulid
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import invalid, problem
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, WITH_TERM, Row, Store, changed
from billsync.local.store.times import micros

FEATURE = "feature"
NAMED = f"{LIVE} AND {WITH_TERM} AND begins_at IS NOT NULL AND (ends_at IS NULL OR ends_at > :now)"
MEASURABLE = frozenset(("sum", "count", "unique_count", "latest"))


def view(_: Call, row: Row) -> Document:
    return stamped(row, present(row.document, "key", "name", "description", "labels", "meter", "unit_cost"))


LISTING = Listing(
    resource=FEATURE,
    view=view,
    fields={
        "key": "key",
        "name": "document ->> 'name'",
        "meter_id": "document -> 'meter' ->> 'id'",
    },
    sorts={
        "key": "key",
        "name": "document ->> 'name'",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
)


def create(call: Call) -> Answer:
    """The meter is looked up before the labels are looked at, the key comes last (§5.2)."""
    body = call.body
    meter = None if "meter" not in body else find_meter(call.store, body["meter"]["id"])
    filters = body.get("meter", {}).get("filters") or {}
    check_dimensions(meter, filters)
    check_labels(body.get("labels"))
    check_meter(meter, filters)
    if cost := body.get("unit_cost"):
        check_cost(cost, meter)
    if is_ulid(body["key"].upper()):
        raise invalid("key cannot be a valid ULID")
    if existing := call.store.live_with_key(FEATURE, body["key"]):
        raise problem(409, f"feature {existing.id} with key {existing.key} already exists")
    row = new_row(call, FEATURE, kept(body), key=body["key"], terms=(("meter", meter.id),) if meter else ())
    return created(view(call, call.store.insert(row)))


def kept(body: Mapping[str, Any]) -> Document:
    """The feature as it is stored: labels always, empty filters never, amounts canonical."""
    document = {"labels": {}, **body}
    if meter := body.get("meter"):
        document["meter"] = {name: value for name, value in meter.items() if name != "filters" or value}
    if cost := body.get("unit_cost"):
        document["unit_cost"] = canonical_cost(cost)
    return document


def patch(call: Call) -> Answer:
    """`null` clears the unit cost, anything else replaces it; it can't be left out (§5.1)."""
    if "unit_cost" not in call.body:
        raise invalid("unitCost is required")
    row = find_live(call.store, call.path["featureId"])
    document = {name: value for name, value in row.document.items() if name != "unit_cost"}
    if cost := call.body["unit_cost"]:
        meter = row.document.get("meter")
        check_cost(cost, find_meter(call.store, meter["id"]) if meter else None)
        check_form_kept(row.document.get("unit_cost"), cost)
        document["unit_cost"] = canonical_cost(cost)
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def archive(call: Call) -> Answer:
    row = find_live(call.store, call.path["featureId"])
    reason = used_by(call.store, row, call.now)
    if reason:
        raise problem(403, f"forbidden for feature {row.id}: feature is referenced by {reason}")
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find_live(call.store, call.path["featureId"])))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find_live(store: Store, feature_id: str) -> Row:
    """The feature, unless it is archived. Raises Problem (404)."""
    row = store.get(FEATURE, feature_id)
    if row is None or row.deleted_at is not None:
        raise problem(404, f"feature not found: {feature_id}")
    return row


def used_by(store: Store, feature: Row, now: datetime) -> str | None:
    """Return the reason why the feature can't be archived: a published plan, or an item of a live subscription
    (§5.3)."""
    if is_named(store, "plan", feature.id, now):
        return "active plan, it cannot be archived"
    if is_named(store, "subscription", feature.key or "", now):
        return "active subscription, it cannot be archived"
    return None


def is_named(store: Store, resource: str, feature: str, now: datetime) -> bool:
    """Whether a row that has begun or will, and has not ended, names the feature."""
    values = {"term": "feature", "value": feature, "now": micros(now)}
    return store.first(resource, NAMED, values) is not None


def check_dimensions(meter: Row | None, filters: Mapping[str, Any]) -> None:
    """Raises Problem for a filter on an unknown dimension of the meter (§5.2)."""
    dimensions = {} if meter is None else meter.document["dimensions"] or {}
    for name in filters:
        if meter and name not in dimensions:
            raise invalid(f'filter key "{name}" is not a valid dimension of meter "{meter.key}"')


def check_meter(meter: Row | None, filters: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises Problem for a meter that a feature can't use, or a condition with several operators or none (§5.2)."""
    if meter is None:
        return
    if meter.document["aggregation"] not in MEASURABLE:
        raise invalid(f"meter aggregation {meter.document['aggregation']} is not supported for features")
    for condition in filters.values():
        check_condition(condition)


def check_condition(condition: Mapping[str, Any]) -> None:
    """Raises Problem, at any depth, for several operators in one condition or a comparison with an empty text."""
    if len(condition) > 1:
        raise invalid("filter is invalid: multiple operators are set")
    if condition.get("eq") == "":
        raise invalid("filter is invalid: format mismatch")
    for nested in (*condition.get("and", ()), *condition.get("or", ())):
        check_condition(nested)


ROUTES = (
    Route("POST", "/openmeter/features", create),
    Route("GET", "/openmeter/features", listed),
    Route("GET", "/openmeter/features/{featureId}", get),
    Route("PATCH", "/openmeter/features/{featureId}", patch),
    Route("DELETE", "/openmeter/features/{featureId}", archive),
)
