"""Hypothesis strategies for whole configurations that are valid, and small enough to be synced many times."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from billsync.core.guards.guards import flags
from billsync.kinds.registry import KINDS
from billsync.model.state import Desired
from tests.support.world import declared

METERS = ("calls", "tokens")
FEATURES = ("calls", "tokens", "support")
TAX_CODES = ("software", "consulting")
ADDONS = ("blocks", "support_plus", "more_calls")
PLANS = ("basic", "pro")
CUSTOMERS = ("acme", "globex", "initech")
OWNER = {"owner": "payments"}
EVERY_FLAG = {**dict.fromkeys(flags(KINDS), ""), "deletes": "100"}

AMOUNTS = st.integers(1, 9999).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
_PAID = {"funding_method": "external", "purchase": {}}
FUNDING: tuple[Document, ...] = ({"funding_method": "none"}, _PAID, {**_PAID, "settlement": "settled"})
WORDS = st.sampled_from(["One", "Two", "Three"])
Document = dict[str, Any]


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A configuration with some of the add-ons, plans and customers there are; references are always there."""
    customers = draw(st.lists(st.sampled_from(CUSTOMERS), unique=True, min_size=1))
    addons = draw(st.lists(st.sampled_from(ADDONS), unique=True))
    plans = [draw(_plans(key, tuple(addons))) for key in draw(st.lists(st.sampled_from(PLANS), unique=True))]
    return {
        "_info": OWNER,
        "meters": [_meter(key, draw(WORDS)) for key in METERS],
        "features": [_feature(key, draw(st.none() | AMOUNTS)) for key in FEATURES],
        "tax_codes": [draw(_tax_codes(key)) for key in TAX_CODES],
        "addons": [draw(_addons(key)) for key in addons],
        "plans": plans,
        "customers": [draw(_customers(key, tuple(plans))) for key in customers],
    }


def states() -> st.SearchStrategy[Desired]:
    """What such a configuration declares."""
    return documents().map(lambda document: declared(yaml.safe_dump(document)))


def _meter(key: str, name: str) -> Document:
    return {"key": key, "name": name, "event_type": key, "aggregation": "count"}


def _feature(key: str, cost: str | None) -> Document:
    feature: Document = {"key": key, "name": key.title()}
    if key in METERS:
        feature["meter"] = key
    if cost is not None:
        feature["unit_cost"] = {"type": "manual", "amount": cost}
    return feature


@st.composite
def _tax_codes(draw: st.DrawFn, key: str) -> Document:
    apps = draw(st.lists(st.sampled_from(["sandbox", "external_invoicing"]), unique=True))
    mappings = [{"app_type": app, "tax_code": draw(WORDS)} for app in apps]
    return {"key": key, "name": draw(WORDS), "app_mappings": mappings}


@st.composite
def _addons(draw: st.DrawFn, key: str) -> Document:
    card: Document = {"key": f"{key}_fee", "name": "Fee", "price": {"type": "flat", "amount": draw(AMOUNTS)}}
    if draw(st.booleans()):
        card["billing_cadence"] = "P1M"
    return {
        "key": key,
        "name": draw(WORDS),
        "currency": "USD",
        "instance_type": "multiple",
        "labels": {"line": draw(st.sampled_from(["a1", "b2"]))},
        "rate_cards": [card],
    }


@st.composite
def _plans(draw: st.DrawFn, key: str, addons: tuple[str, ...]) -> Document:
    limits = st.integers(1, 3).map(lambda limit: {"max_quantity": limit})
    offered = draw(st.lists(st.sampled_from(addons), unique=True)) if addons else []
    cards = draw(st.lists(_cards(), min_size=1, max_size=3, unique_by=lambda card: card["feature"]))
    phases = [{"key": "default", "name": "Default", "rate_cards": cards}]
    plan = {"key": key, "name": draw(WORDS), "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    offers = [{"addon": addon, **draw(st.just({}) | limits)} for addon in offered]
    return {**plan, "settlement_mode": "credit_only", "addons": offers}


@st.composite
def _cards(draw: st.DrawFn) -> Document:
    feature = draw(st.sampled_from(FEATURES))
    taxed = draw(st.just({}) | st.sampled_from(TAX_CODES).map(lambda code: {"tax_config": {"code": code}}))
    flat: Document = {"type": "flat", "amount": draw(AMOUNTS)}
    if feature not in METERS:
        return {"feature": feature, "billing_cadence": "P1M", "price": flat, **taxed}
    tiers = [
        {"up_to_amount": "100", "unit_price": {"type": "unit", "amount": draw(AMOUNTS)}},
        {"unit_price": {"type": "unit", "amount": draw(AMOUNTS)}},
    ]
    prices = [{"type": "unit", "amount": draw(AMOUNTS)}, {"type": "graduated", "tiers": tiers}, {"type": "free"}]
    return {"feature": feature, "price": draw(st.sampled_from(prices)), **taxed}


@st.composite
def _customers(draw: st.DrawFn, key: str, plans: tuple[Document, ...]) -> Document:
    customer: Document = {"key": key, "name": draw(WORDS), "usage_attribution": {"subject_keys": [f"{key}-prod"]}}
    grants = draw(st.lists(st.sampled_from(["welcome", "extra"]), unique=True))
    if grants:
        customer["grants"] = [
            {"key": name, "name": name, "amount": draw(AMOUNTS), "currency": "USD", **draw(st.sampled_from(FUNDING))}
            for name in grants
        ]
    if plans and draw(st.booleans()):
        customer["subscription"] = draw(_subscriptions(draw(st.sampled_from(plans))))
    return customer


@st.composite
def _subscriptions(draw: st.DrawFn, plan: Document) -> Document:
    """A subscription that declares some of its plan's add-ons, none of them, or nothing about them."""
    timing = draw(st.just({}) | st.sampled_from([{"change": "immediate"}, {"change": "at_renewal"}]))
    subscription = {"plan": plan["key"], **timing}
    if draw(st.booleans()):
        offers = (
            draw(st.lists(st.sampled_from(plan["addons"]), unique_by=lambda offer: offer["addon"]))
            if plan["addons"]
            else []
        )
        subscription["addons"] = [
            {"addon": offer["addon"], "quantity": draw(st.integers(0, offer.get("max_quantity", 3)))}
            for offer in offers
        ]
    return subscription
