"""A made-up configuration, as files declare it. Everything follows from a number: no chance, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Fields = dict[str, Any]

OWNER = "bench"
FEATURES = ("requests", "tokens", "storage", "seats")
PLACES = (("DE", "Berlin"), ("NO", "Oslo"), ("BR", "São Paulo"), ("US", "Austin"), ("FR", "Lyon"), ("JP", "Kyoto"))
SEGMENTS = ("enterprise", "smb", "startup", "public")
REGIONS = ("eu-west", "us-east", "ap-south", "sa-east")
SUBSCRIBERS = 500
"""Customers for each plan, in a configuration of many."""


def plan_count(customers: int) -> int:
    """The number of plans in a configuration of that many customers."""
    return max(2, customers // SUBSCRIBERS)


def entity_count(customers: int) -> int:
    """The number of entities of all kinds in a configuration of that many customers."""
    return customers * 2 + (customers + 1) // 2 + plan_count(customers) + 2 * len(FEATURES)


def meter(number: int) -> Fields:
    """A meter that sums a property of its own events."""
    return {
        "key": f"meter_{number}",
        "name": f"Meter {number}",
        "aggregation": "sum",
        "event_type": f"used_{number}",
        "value_property": "$.amount",
        "dimensions": {"route": "$.route", "model": "$.model"},
    }


def feature(number: int) -> Fields:
    """The feature of a meter."""
    return {"key": FEATURES[number], "name": FEATURES[number].title(), "meter": f"meter_{number}"}


def plan(number: int, *, dearer: bool = False) -> Fields:
    """A monthly plan: a fee, and a card with another form of price for each feature."""
    fee = {
        "key": "base_fee",
        "name": "Base fee",
        "billing_cadence": "P1M",
        "payment_term": "in_advance",
        "price": {"type": "flat", "amount": str(20 + number % 50)},
    }
    cards = [fee, *_usage_cards(number, "0.009" if dearer else "0.008")]
    return {
        "key": f"plan_{number:03}",
        "name": f"Plan {number}",
        "currency": "USD",
        "billing_cadence": "P1M",
        "settlement_mode": "credit_then_invoice",
        "phases": [{"key": "default", "name": "Default", "rate_cards": cards}],
    }


def _usage_cards(plan_number: int, middle: str) -> Iterator[Fields]:
    tiers = [
        {"up_to_amount": "10000", "unit_price": _unit("0.01")},
        {"up_to_amount": "100000", "unit_price": _unit(middle)},
        {"unit_price": _unit("0.0005")},
    ]
    prices = (
        _unit(f"0.{plan_number % 89 + 1:03}".rstrip("0")),
        {"type": "graduated", "tiers": tiers},
        {"type": "volume", "tiers": tiers[1:]},
        _unit("1.25"),
    )
    for key, price in zip(FEATURES, prices, strict=True):
        yield {"key": key, "name": key.title(), "feature": key, "billing_cadence": "P1M", "price": price}


def _unit(amount: str) -> Fields:
    return {"type": "unit", "amount": amount}


def customer(number: int) -> Fields:
    """A customer by itself; two of three have an address."""
    country, city = PLACES[number % 6]
    fields: Fields = {
        "key": f"customer-{number:06}",
        "name": f"Acme {number} {city} Holdings",
        "labels": {"segment": SEGMENTS[number % 4], "region": REGIONS[number // 4 % 4]},
        "primary_email": f"billing+{number}@acme{number % 997}.example.com",
        "currency": "USD",
        "usage_attribution": {"subject_keys": [f"subject-{number:06}-a", f"subject-{number:06}-b"]},
    }
    if number % 3:
        fields["billing_address"] = {
            "country": country,
            "postal_code": str(10000 + number % 89999),
            "city": city,
            "line1": f"{number % 400 + 1} Main Street",
        }
    return fields


def has_grant(number: int) -> bool:
    """Whether a customer has a grant: every other one does."""
    return number % 2 == 0


def grant(number: int) -> Fields:
    """The credit that a customer was given, for many years."""
    return {
        "key": "welcome",
        "name": "Welcome credit",
        "amount": f"{100 + number % 900}.50",
        "currency": "USD",
        "funding_method": "none",
        "priority": 5,
        "effective_at": f"2026-0{number // 2 % 9 + 1}-01T00:00:00Z",
        "expires_after": "P20Y" if number % 4 else "P10Y",
        "labels": {"campaign": f"q{number % 4 + 1}"},
    }


def customer_with_all(number: int, plans: int) -> Fields:
    """A customer as files write it, with what is nested in it."""
    fields = {**customer(number), "subscription": {"plan": f"plan_{number % plans:03}"}}
    return {**fields, "grants": [grant(number)]} if has_grant(number) else fields
