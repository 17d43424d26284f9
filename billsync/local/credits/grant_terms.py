"""The terms of a new credit grant: their rules, and their stored form (customer-facts.md §7.2, §7.3, §7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.catalog.currencies import check_fiat
from billsync.local.server.periods import moved
from billsync.local.server.problems import api_error, invalid, not_found
from billsync.local.server.resource import present
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Store
from billsync.local.store.times import instant_of
from billsync.local.store.values import canonical
from billsync.model.duration import parse_duration
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import EXACT, rounded

KEPT = ("key", "name", "description", "funding_method", "currency", "amount", "priority", "tax_config", "filters")
PENDING = "pending"


def check_terms(body: Mapping[str, Any]) -> None:
    """Raises Problem (400) for terms that no grant can have (§7.3)."""
    features = body.get("filters", {}).get("features") or []
    if len(set(features)) < len(features):
        raise api_error(400, "Bad Request")
    check_fiat(body["currency"])
    if Decimal(body["amount"]) <= 0:
        raise invalid("amount must be positive")
    if body["funding_method"] != "none":
        check_purchase(body)
    if "expires_after" in body and parse_duration(body["expires_after"]) is None:
        raise invalid("expires_after must be a duration")


def check_purchase(body: Mapping[str, Any]) -> None:
    purchase = body.get("purchase")
    if purchase is None:
        raise invalid("purchase terms are required for funded grants")
    if Decimal(purchase["per_unit_cost_basis"]) <= 0:
        raise invalid("per_unit_cost_basis must be positive")


def kept_terms(store: Store, body: Mapping[str, Any]) -> Document:
    """The grant as it is stored: the amount rounded, the defaults filled in, the purchase only where one is made."""
    decimals = check_fiat(body["currency"])
    amount = rounded(Decimal(body["amount"]), decimals)
    if amount <= 0:
        raise invalid("credit amount must be positive")
    document = {
        **present(body, *KEPT),
        "labels": body.get("labels") or {},
        "amount": decimal_text(amount),
        "tax_config": tax_config(store, body.get("tax_config") or {}),
        "starts_when_told": "effective_at" in body,
    }
    features = body.get("filters", {}).get("features")
    document.pop("filters", None)
    if features:
        document["filters"] = {"features": sorted(features)}
    if body["funding_method"] != "none":
        document |= purchase_terms(body, amount, decimals)
    return document


def purchase_terms(body: Mapping[str, Any], amount: Decimal, decimals: int) -> Document:
    """Return the price of the credits; only external payments have a policy and steps of their own (§7.5).

    Raises Problem (400) for a price in another currency.
    """
    given = body["purchase"]
    if given["currency"] != body["currency"]:
        raise invalid("the purchase currency must be the credit currency")
    price = rounded(EXACT.multiply(amount, Decimal(given["per_unit_cost_basis"])), decimals)
    terms = {
        "currency": given["currency"],
        "per_unit_cost_basis": canonical(given["per_unit_cost_basis"]),
        "amount": decimal_text(price),
    }
    if body["funding_method"] == "external":
        return {"purchase": terms | present(given, "availability_policy"), "settlement_status": PENDING}
    return {"purchase": terms}


def tax_config(store: Store, given: Mapping[str, Any]) -> Document:
    """The tax code given, else the organisation's for credit grants. Raises Problem (400) for an unknown one."""
    code = given.get("tax_code", {}).get("id")
    if code is None:
        defaults = store.first("default_tax_codes", LIVE, {})
        if defaults is None:
            raise not_found("the organization has no default tax codes")
        code = defaults.document["credit_grant_tax_code"]["id"]
    elif (row := store.get("tax_code", code)) is None or row.deleted_at is not None:
        raise invalid(f'referenced tax code "{code}" does not exist')
    return {**present(given, "behavior"), "tax_code": {"id": code}}


def start_of(body: Mapping[str, Any], now: datetime) -> datetime:
    """Return the start of the credits: as given, cut to seconds, else now."""
    told = instant_of(body["effective_at"]) if "effective_at" in body else None
    return now if told is None else told.replace(microsecond=0)


def expiry(body: Mapping[str, Any], start: datetime) -> datetime | None:
    """Return the end of the credits, by the calendar, cut to seconds. Raises Problem (400) for an end that isn't later
    than the start (fractions under half a unit round to nothing, §7.2) or is beyond the year 9999."""
    length = parse_duration(body["expires_after"]) if "expires_after" in body else None
    if length is None:
        return None
    end = moved(start, length).replace(microsecond=0)
    if end <= start.replace(microsecond=0):
        raise invalid("expires at must be after effective at")
    return end
