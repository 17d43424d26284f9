"""Subscriptions: made from a plan version, read and listed (customer-facts.md §5). How they end stands elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billsync.local import plans
from billsync.local.currencies import is_fiat_form
from billsync.local.customers import CUSTOMER, fill_currency
from billsync.local.customers import find as find_customer
from billsync.local.documents import Document
from billsync.local.labels import check_labels
from billsync.local.listing import Listing, Status, answer_list
from billsync.local.periods import NOTHING, Span, span_of
from billsync.local.problems import Invalid, bad_request, invalid, not_found, problem
from billsync.local.resource import Answer, Call, Route, created, new_row, ok
from billsync.local.store import LIVE, Row, Store
from billsync.local.subscription_overlap import Claim, check_alone
from billsync.local.subscription_rows import SUBSCRIPTION
from billsync.local.subscription_view import view
from billsync.local.times import instant_of, micros

STATUS = Status(
    values=("active", "canceled", "inactive", "scheduled"),
    expression=(
        "CASE WHEN begins_at > :now THEN 'scheduled' WHEN ends_at IS NULL THEN 'active'"
        " WHEN ends_at > :now THEN 'canceled' ELSE 'inactive' END"
    ),
    noun="subscription",
)
LISTING = Listing(
    resource=SUBSCRIPTION,
    view=view,
    fields={
        "id": "id",
        "customer_id": "parent",
        "plan_id": "document -> 'plan' ->> 'id'",
        "plan_key": "document -> 'plan' ->> 'key'",
        "status": STATUS,
    },
    sorts={"id": "id", "active_from": "begins_at", "active_to": "COALESCE(ends_at, 9223372036854775807)"},
    order="begins_at, seq",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a new subscription takes from the subscription it follows, or from the request."""

    start: datetime
    name: str
    anchor: datetime
    labels: Mapping[str, str]
    extra: Document


def create(call: Call) -> Answer:
    """Starts now (§5.3)."""
    body = call.body
    check_choice("customer", body["customer"], ("id", "key"))
    check_choice("plan", body["plan"], ("id", "key"))
    check_labels(body.get("labels"))
    customer = chosen_customer(call.store, body["customer"])
    plan = chosen_plan(call, body["plan"])
    check_modes(body)
    check_alone(call.store, Claim(customer.id, plan_reference(plan), call.now, None))
    anchor = instant_of(body["billing_anchor"]) if "billing_anchor" in body else None
    name = f"{plan.key} v{plan.document['version']}"
    terms = Terms(call.now, name, anchor or call.now, body.get("labels") or {}, {})
    return created(view(call, subscribe(call, customer, plan, terms)))


def check_choice(name: str, given: Mapping[str, Any], members: tuple[str, ...]) -> None:
    """Raises Problem (400, shape A) when none of the members is there."""
    if not any(member in given for member in members):
        reason = f"one of {' or '.join(f'{name}.{member}' for member in members)} is required"
        raise bad_request(*(Invalid(f"{name}.{member}", reason, "required", "body") for member in members))


def chosen_customer(store: Store, given: Mapping[str, Any]) -> Row:
    """The live customer that the id names, else the key. Raises Problem: 404, or 412 for a deleted id."""
    if "id" not in given:
        row = store.live_with_key(CUSTOMER, given["key"])
        if row is None:
            raise not_found(f"there is no customer with the key {given['key']}")
        return row
    row = find_customer(store, given["id"])
    if row.deleted_at is not None:
        raise problem(412, f"precondition failed error: customer {row.id} is deleted")
    return row


def chosen_plan(call: Call, given: Mapping[str, Any]) -> Row:
    """The plan version that the id names, else the key. Raises Problem: 404, or 400 when it isn't active."""
    row = plans.find(call.store, given["id"]) if "id" in given else plan_with_key(call.store, given)
    if row.deleted_at is not None:
        raise invalid(f"plan {row.key}@{row.document['version']} is deleted")
    if plans.status(row, call.now) != plans.ACTIVE:
        raise invalid(f"plan {row.key}@{row.document['version']} is not active")
    return row


def plan_with_key(store: Store, given: Mapping[str, Any]) -> Row:
    """The version asked for, else the highest one whatever its status."""
    rows = store.rows(plans.PLAN, f"key = :key AND {LIVE}", {"key": given["key"]})
    version = given.get("version")
    found = [row for row in rows if version in (None, row.document["version"])]
    if not found:
        raise not_found(f"plan not found. [key={given['key']}]")
    return max(found, key=lambda row: int(row.document["version"]))


def check_modes(body: Mapping[str, Any]) -> None:
    """The real server fails on these two together; it is refused here (§5.3)."""
    if body.get("settlement_mode") == "credit_only" and body.get("cost_basis_mode") == "pinned":
        raise invalid("cost bases can't be pinned where nothing is invoiced")


def plan_reference(plan: Row) -> Document:
    return {"id": plan.id, "key": plan.key, "version": plan.document["version"]}


def subscribe(call: Call, customer: Row, plan: Row, terms: Terms) -> Row:
    """The stored subscription; the customer gets its currency. Raises Problem for what the plan can't be sold in."""
    currency = invoice_currency(customer, plan)
    phases = list(kept_phases(call, plan, terms.start, currency))
    check_features(call.store, phases)
    if any(is_billable(item) for item in items_of(phases)):
        check_currency(customer, currency)
        fill_currency(call, customer, currency)
    document = {
        "name": terms.name,
        "labels": dict(terms.labels),
        "customer_id": customer.id,
        "plan": plan_reference(plan),
        "invoice_currency": currency,
        "settlement_mode": call.body.get("settlement_mode", "credit_then_invoice"),
        "cost_basis_mode": call.body["cost_basis_mode"],
        "billing_cadence": plan.document["billing_cadence"],
        "pro_rating_enabled": plan.document["pro_rating_enabled"],
        "billing_anchor": micros(terms.anchor),
        "phases": phases,
        **terms.extra,
    }
    row = new_row(
        call,
        SUBSCRIPTION,
        document,
        parent=customer.id,
        begins_at=terms.start,
        terms=tuple(feature_terms(phases)),
    )
    return call.store.insert(row)


def invoice_currency(customer: Row, plan: Row) -> str:
    """The plan's currency, or the customer's where the plan's is a custom one."""
    currency = str(plan.document["currency"])
    if is_fiat_form(currency):
        return currency
    if "currency" not in customer.document:
        raise invalid("a plan in a custom currency needs a customer with a currency")
    return str(customer.document["currency"])


def check_currency(customer: Row, currency: str) -> None:
    have = customer.document.get("currency", currency)
    if have != currency:
        raise invalid(
            f"currency mismatch: customer currency is {have}, but subscription invoice currency is {currency}"
        )


def kept_phases(call: Call, plan: Row, start: datetime, currency: str) -> Iterator[Document]:
    """A snapshot of the plan's phases; their lengths are added up part by part, so that months don't drift."""
    passed: Span = NOTHING
    for phase in plan.document["phases"]:
        kept = {name: phase[name] for name in ("key", "name", "description") if name in phase}
        cards = sorted(phase["rate_cards"], key=lambda card: str(card["key"]))
        yield {
            "id": call.mint(),
            **kept,
            "begins_at": micros(passed.after(start)),
            "created_at": micros(call.now),
            "items": [{"id": call.mint(), "rate_card": item_card(card, currency)} for card in cards],
        }
        passed += span_of(phase.get("duration", "P0D")) or NOTHING


def item_card(card: Mapping[str, Any], currency: str) -> Document:
    """A card of the plan as an item has it: what is priced says in which currency (§5.4)."""
    kept = {name: value for name, value in card.items() if name != "labels"}
    return kept if card["price"]["type"] == "free" else {"currency": currency, **kept}


def items_of(phases: list[Document]) -> Iterator[Document]:
    return (item for phase in phases for item in phase["items"])


def is_billable(item: Document) -> bool:
    return bool(item["rate_card"]["price"]["type"] != "free")


def feature_terms(phases: list[Document]) -> Iterator[tuple[str, str]]:
    """By which features the subscription can be found: a card's key is its feature's."""
    keys = {item["rate_card"]["key"] for item in items_of(phases) if "feature" in item["rate_card"]}
    return (("feature", key) for key in sorted(keys))


def check_features(store: Store, phases: list[Document]) -> None:
    """Raises Problem (404) when an entitlement's feature is gone."""
    for item in items_of(phases):
        card = item["rate_card"]
        if "entitlement" in card and "feature" in card:
            feature = store.get("feature", card["feature"]["id"])
            if feature is None or feature.deleted_at is not None:
                raise problem(404, f"feature not found: {card['feature']['id']}")


def get(call: Call) -> Answer:
    return ok(view(call, find(call)))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(call: Call) -> Row:
    """The subscription of the path. Raises Problem (404), also when it was deleted."""
    row = call.store.get(SUBSCRIPTION, call.path["subscriptionId"])
    if row is None or row.deleted_at is not None:
        raise not_found(f"subscription {call.path['subscriptionId']} not found")
    return row


ROUTES = (
    Route("POST", "/openmeter/subscriptions", create),
    Route("GET", "/openmeter/subscriptions", listed),
    Route("GET", "/openmeter/subscriptions/{subscriptionId}", get),
)
