"""Creation of a subscription from a plan version: a snapshot of its phases (customer-facts.md §5.3, §5.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from billsync.local.accounts.manual_entitlements import check_not_given
from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.catalog.card_references import cost_basis_findings
from billsync.local.catalog.currencies import is_fiat_form
from billsync.local.catalog.rate_cards import is_free, read_card
from billsync.local.catalog.rules import refuse
from billsync.local.customers.customers import fill_currency
from billsync.local.server.periods import moved
from billsync.local.server.problems import invalid, problem
from billsync.local.server.resource import Call, new_row, present
from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING, kept_length
from billsync.local.store.store import Row, Store
from billsync.local.store.times import from_micros, micros
from billsync.local.subscriptions.subscription_overlap import Claim, check_alone
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass
from billsync.rating.periods import sum_of

CREDIT_THEN_INVOICE = "credit_then_invoice"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a new subscription, from the one it follows or from the request."""

    start: datetime
    name: str
    anchor: datetime
    labels: Mapping[str, str]
    extra: Document
    first_phase: str | None = None


def plan_reference(plan: Row) -> Document | None:
    """Return the reference to the plan version; None for one made for a single subscription (§5.2)."""
    return None if plan.key is None else {"id": plan.id, "key": plan.key, "version": plan.document["version"]}


def subscribe(call: Call, customer: Row, plan: Row, terms: Terms, *, after: tuple[str, ...] = ()) -> Row:
    """Store and return a subscription that follows those with the ids in `after`; the customer gets its currency.
    Raises Problem for a currency that the plan can't be sold in, then for an overlapping subscription, then for a
    missing feature."""
    currency = invoice_currency(customer, plan)
    phases = list(kept_phases(call, plan, terms))
    mode = call.body.get("settlement_mode") or plan.document.get("settlement_mode", CREDIT_THEN_INVOICE)
    is_billed = not all(is_free(item["rate_card"]) for item in items_of(phases))
    check_cadences(phases)
    if is_billed:
        check_currency(customer, currency)
    if mode == CREDIT_THEN_INVOICE:
        check_worth(call, phases, currency)
    check_alone(call.store, Claim(customer.id, plan_reference(plan), terms.start, None), own=after)
    check_features(call.store, phases)
    check_not_given(call.store, customer.id, phases)
    if is_billed:
        fill_currency(call, customer, currency)
    modes = {"settlement_mode": mode, "cost_basis_mode": call.body["cost_basis_mode"]}
    document = {
        "customer_id": customer.id,
        "invoice_currency": currency,
        **modes,
        **sold(plan, terms),
        "phases": phases,
    }
    place = {"parent": customer.id, "begins_at": terms.start, "terms": tuple(feature_terms(phases))}
    return call.store.insert(new_row(call, SUBSCRIPTION, document, **place))


def sold(plan: Row, terms: Terms) -> Document:
    """Return the stored fields of a subscription from its plan, apart from the phases, and from its terms."""
    reference = plan_reference(plan)
    return {
        "name": terms.name,
        "labels": dict(terms.labels),
        **present(plan.document, "billing_cadence", "pro_rating_enabled"),
        "billing_anchor": micros(terms.anchor),
        **({"plan": reference} if reference else {}),
        **terms.extra,
    }


def invoice_currency(customer: Row, plan: Row) -> str:
    """The plan's currency, or the customer's where the plan's is a custom one. Raises Problem (400) without either."""
    currency = str(plan.document["currency"])
    if is_fiat_form(currency):
        return currency
    if "currency" not in customer.document:
        raise invalid("a plan in a custom currency needs a customer with a currency")
    return str(customer.document["currency"])


def check_currency(customer: Row, currency: str) -> None:
    """Raises Problem (400) for a customer that is billed in another currency (§5.3)."""
    have = customer.document.get("currency", currency)
    if have != currency:
        raise invalid(
            f"currency mismatch: customer currency is {have}, but subscription invoice currency is {currency}"
        )


def check_worth(call: Call, phases: list[Document], currency: str) -> None:
    """Raises Problem (400) for an invoice in a custom currency without a cost basis (§5.3)."""
    for item in items_of(phases):
        refuse(cost_basis_findings(call.store, item["rate_card"], "", worth_in=currency, now=call.now))


def kept_phases(call: Call, plan: Row, terms: Terms) -> Iterator[Document]:
    """A snapshot of the plan's phases; their lengths are added up part by part, so that months don't drift.

    Those before the first phase that was asked for take no time.
    """
    passed = NOTHING
    reached = terms.first_phase is None
    for phase in plan.document["phases"]:
        reached = reached or phase["key"] == terms.first_phase
        kept = {name: phase[name] for name in ("key", "name", "description") if name in phase}
        cards = sorted(enumerate(phase["rate_cards"]), key=lambda placed: str(placed[1]["key"]))
        yield {
            "id": call.mint(),
            **kept,
            "begins_at": micros(moved(terms.start, passed)),
            "passed": kept_length(passed),
            "created_at": micros(call.now),
            "items": [
                anew(call, {"rate_card": item_card(card, plan.document["currency"]), "place": place})
                for place, card in cards
            ],
        }
        passed = sum_of(passed, (reached and parse_duration(phase.get("duration", "P0D"))) or NOTHING)


def anew(call: Call, item: Document) -> Document:
    """A copy of the item created now, with new ids for itself, its entitlement, and the grant that the entitlement
    issues."""
    made = {**item, "id": call.mint(), "made_at": micros(call.now)}
    if "entitlement" in item["rate_card"]:
        made |= {"entitlement_id": call.mint(), "issued_id": call.mint()}
    return made


def item_card(card: Mapping[str, Any], currency: str) -> Document:
    """A plan's card in an item's form: a priced card names its currency (§5.4)."""
    kept = read_card(card)
    return kept if is_free(card) else {"currency": currency, **kept}


def items_of(phases: list[Document]) -> Iterator[Document]:
    return (item for phase in phases for item in phase["items"])


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


def check_cadences(phases: list[Document]) -> None:
    """Raises Problem (400) for an item whose first two periods would end beyond the year 9999."""
    for phase in phases:
        for item in phase["items"]:
            cadence = parse_duration(item["rate_card"].get("billing_cadence", "P0D")) or NOTHING
            moved(from_micros(item.get("begins_at", phase["begins_at"])), cadence, times=2)
