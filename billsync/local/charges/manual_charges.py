"""Charges that a client makes itself (customer-facts.md §11): one-off fees; usage prices are refused here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.catalog.currencies import fiat_precision, is_known_fiat
from billsync.local.catalog.features import FEATURE
from billsync.local.catalog.prices import read_price
from billsync.local.catalog.rate_cards import kept_discounts
from billsync.local.charges.charge_rows import CHARGE, FLAT, begun, shown_period, tax_config
from billsync.local.charges.charges import CHARGES, view
from billsync.local.charges.settling import settle
from billsync.local.server.labels import visible
from billsync.local.server.problems import Invalid, Problem, bad_request, conflict, invalid, not_found
from billsync.local.server.resource import Answer, Call, Route, created, new_row, present
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store
from billsync.local.store.times import instant_of, rfc3339
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import rounded
from billsync.rating.periods import Period
from billsync.rating.proration import Fee, charge_amount

READ_PRICES = frozenset(("flat", "free"))
Body = Mapping[str, Any]


def create(call: Call) -> Answer:
    """A charge; one that credits pay for and that is due is paid at once."""
    body, customer_id = call.body, call.path["customerId"]
    check_money(body)
    feature = chosen_feature(call.store, body)
    if call.store.get(CUSTOMER, customer_id) is None:
        raise invalid("charge references a resource that does not exist")
    reference = body.get("unique_reference_id")
    if reference is not None and call.store.first(CHARGE, "key = :key AND deleted_at IS NULL", {"key": reference}):
        raise conflict("charge conflicts with an existing charge")
    settle(call, customer_id)
    document = begun({**charge_of(call.store, body, feature), "customer": {"id": customer_id}})
    row = call.store.insert(new_row(call, CHARGE, document, key=reference, parent=customer_id))
    settle(call, customer_id)
    return created(view(call, call.store.get(CHARGE, row.id) or row))


def check_money(body: Body) -> None:
    """Raises Problem (400) for prices and currencies that no charge can have."""
    if body["type"] == FLAT and body["amount_before_proration"]["currency"] != body["currency"]:
        raise refused("params", "currency mismatch, amount_before_proration.currency should match currency field")
    price = body.get("price", {}).get("type", "flat")
    if price not in READ_PRICES:
        raise refused("params", f'invalid price: toBillingPrice does not handle price type "{price}"')
    if not is_known_fiat(body["currency"]):
        raise refused("intents", f"invalid fiat currency code: {body['currency']}")
    for name in ("service_period", "full_service_period", "billing_period"):
        if name in body and (period := period_of(body[name])).end < period.start:
            raise refused("intents", f"{name}: from must not be after to")


def refused(field: str, reason: str) -> Problem:
    return bad_request(Invalid(field=field, reason=f"validation error: {reason}", source="body"))


def chosen_feature(store: Store, body: Body) -> Row | None:
    """The feature that the charge is of. Raises Problem (404) for an unknown one."""
    if "feature_id" not in body:
        return None
    row = store.get(FEATURE, body["feature_id"])
    if row is None or row.deleted_at is not None:
        raise not_found(f"feature[{body['feature_id']}] not found")
    return row


def charge_of(store: Store, body: Body, feature: Row | None) -> Document:
    """The charge as it is stored: times in whole seconds, periods that weren't given like the service period."""
    service = period_of(body["service_period"])
    periods = {
        name: period_of(body.get(name, body["service_period"])) for name in ("full_service_period", "billing_period")
    }
    terms = flat_terms(body, service, periods["full_service_period"]) if body["type"] == FLAT else {}
    price = read_price(terms.pop("price", body.get("price")))
    discounts = kept_discounts(body.get("discounts") or {})
    return {
        **present(body, "type", "name", "description", "currency", "settlement_mode", "unique_reference_id"),
        **({"discounts": discounts} if discounts else {}),
        **({"feature_id": feature.id, "feature_key": feature.key} if feature else {}),
        "price": price,
        **terms,
        "invoice_at": rfc3339(second(body["invoice_at"])),
        "service_period": shown_period(service),
        **{name: shown_period(period) for name, period in periods.items()},
        "closes": rfc3339(service.end),
        "lifecycle_controller": "manual",
        "tax_config": tax_config(store, body.get("tax_config") or {}),
        "labels": visible(body.get("labels") or {}),
        "card": {"name": body["name"], "price": price, "discounts": discounts},
        "order": "",
    }


def flat_terms(body: Body, service: Period, full: Period) -> Document:
    """Return the fields of a price: a fee's amount has the currency's decimals; a usage price is kept as given."""
    decimals, mode = fiat_precision(body["currency"]), body["proration_configuration"]["mode"]
    amount = rounded(Decimal(body["amount_before_proration"]["amount"]), decimals)
    fee = Fee(amount, service, full, pro_rated=mode == "prorate_prices")
    prorated = charge_amount(fee, decimals=decimals)
    return {
        "price": {"type": "flat", "amount": decimal_text(amount)},
        "payment_term": body["payment_term"],
        "proration_configuration": body["proration_configuration"],
        "amount_after_proration": {"amount": decimal_text(prorated), "currency": ""},
    }


def period_of(given: Mapping[str, str]) -> Period:
    return Period(second(given["from"]), second(given["to"]))


def second(text: str) -> datetime:
    """The moment, cut to seconds; its form was checked with the body."""
    found = instant_of(text)
    if found is None:
        raise invalid(f"{text} is no time")
    return found.replace(microsecond=0)


ROUTES = (Route("POST", CHARGES, create),)
