"""Random walks: files that change from one run to the next in every way at once. The same seed gives the same files."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from billsync.kinds.registry import KINDS

KEYS = ("a", "b", "c")
ADDONS = ("x", "y")
SUBJECTS = ("s1", "s2", "s3", "s4")
Document = dict[str, Any]


def document(random: Random) -> str:
    """One file, as JSON: a valid choice of everything; what it names may differ in any way from the one before."""
    meters = _chosen(random, KEYS)
    features = [_feature(random, key, meters) for key in _chosen(random, KEYS)]
    tax_codes = [_tax_code(random, key) for key in KEYS[:2]]
    addons = [_addon(random, key, features) for key in _chosen(random, ADDONS)]
    plans = [_plan(random, key, features, addons) for key in _chosen(random, KEYS[:2])]
    subjects = list(SUBJECTS)
    random.shuffle(subjects)
    customers = [_customer(random, key, subjects, plans, features) for key in _chosen(random, KEYS)]
    found: Document = {
        "_info": {"owner": "walk"},
        "adopted": {"plans": list(KEYS[:2]), "addons": list(ADDONS)} if random.random() < 0.5 else {},
        "external": {},
        "meters": [_meter(random, key) for key in meters],
        "features": features,
        "tax_codes": tax_codes,
        "addons": addons,
        "plans": plans,
        "customers": customers,
    }
    for name in (kind.collection for kind in KINDS.values() if kind.collection in found):
        random.shuffle(found[name])
    return json.dumps(found)


def _chosen(random: Random, keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if random.random() < 0.7]


def _meter(random: Random, key: str) -> Document:
    meter = {"key": key, "name": random.choice(("Meter", "Counter")), "event_type": key, "aggregation": "count"}
    if random.random() < 0.4:
        meter["labels"] = {"team": random.choice(("one", "two"))}
    if random.random() < 0.4:
        meter["dimensions"] = {random.choice(("model", "region")): "$.x"}
    return meter


def _feature(random: Random, key: str, meters: list[str]) -> Document:
    feature: Document = {"key": key, "name": f"Feature {key}"}
    if key in meters:
        feature["meter"] = key
    if random.random() < 0.4:
        feature["unit_cost"] = {"type": "manual", "amount": random.choice(("1", "0.5"))}
    return feature


def _tax_code(random: Random, key: str) -> Document:
    """A code that is always declared, as none can be deleted."""
    apps = [app for app in ("stripe", "sandbox") if random.random() < 0.5]
    code = {"stripe": "txcd_10103001", "sandbox": random.choice(("soft", "hard"))}
    mappings = [{"app_type": app, "tax_code": code[app]} for app in apps]
    return {"key": key, "name": random.choice(("Tax", "Tax code")), "app_mappings": mappings}


def _addon(random: Random, key: str, features: list[Document]) -> Document:
    fee = {"key": f"extra_{key}", "name": "Extra", "price": {"type": "flat", "amount": random.choice(("3", "4"))}}
    cards = [{**fee, "billing_cadence": "P1M"}]
    metered = [feature["key"] for feature in features if "meter" in feature]
    kind = random.choice(("single", "multiple"))
    if metered and kind == "single":
        price = {"type": "unit", "amount": random.choice(("1", "2"))}
        cards.append({"feature": random.choice(metered), "price": price, "billing_cadence": "P1M"})
    addon = {"key": key, "name": f"Add-on {key}", "currency": "USD", "instance_type": kind, "rate_cards": cards}
    return {**addon, "labels": {"team": "one"}} if random.random() < 0.3 else addon


def _plan(random: Random, key: str, features: list[Document], addons: list[Document]) -> Document:
    cards = [_card(random, feature) for feature in features if random.random() < 0.6]
    cards.append(
        {"key": "fee", "name": "Fee", "price": random.choice(({"type": "free"}, {"type": "flat", "amount": "5"}))}
    )
    phases = [{"key": "default", "name": "Default", "rate_cards": cards}]
    if random.random() < 0.3:
        trial = {"key": "fee", "name": "Fee", "price": {"type": "free"}}
        phases.insert(0, {"key": "trial", "name": "Trial", "duration": "P14D", "rate_cards": [trial]})
    priced = {card["feature"] for card in cards if "feature" in card}
    offered = [addon for addon in addons if not priced & {card.get("feature") for card in addon["rate_cards"]}]
    return {
        "key": key,
        "name": f"Plan {key}",
        "currency": "USD",
        "billing_cadence": "P1M",
        "phases": phases,
        "settlement_mode": random.choice(("credit_only", "credit_then_invoice")),
        "addons": [_offer(random, addon) for addon in offered if random.random() < 0.7],
    }


def _offer(random: Random, addon: Document) -> Document:
    offer: Document = {"addon": addon["key"], "from_plan_phase": "default"}
    is_limited = addon["instance_type"] == "multiple" and random.random() < 0.5
    return {**offer, "max_quantity": random.choice((2, 3))} if is_limited else offer


def _card(random: Random, feature: Document) -> Document:
    free = {"type": "free"}
    unit = {"type": "unit", "amount": random.choice(("1", "2.50"))}
    tiers = [
        {"up_to_amount": random.choice(("10", "20")), "unit_price": {"amount": "1"}},
        {"unit_price": {"amount": "2"}},
    ]
    prices = [free, {"type": "flat", "amount": "3"}]
    if "meter" in feature:
        prices += [unit, {"type": "graduated", "tiers": tiers}]
    taxed: Document = {"tax_config": {"code": random.choice(KEYS[:2])}} if random.random() < 0.3 else {}
    return {"feature": feature["key"], "price": random.choice(prices), **taxed}


def _customer(
    random: Random, key: str, subjects: list[str], plans: list[Document], features: list[Document]
) -> Document:
    customer: Document = {"key": f"customer-{key}", "name": random.choice(("Acme", "Acme Inc."))}
    number = random.choice((0, 0, 1, 2))
    if number:
        customer["usage_attribution"] = {"subject_keys": [subjects.pop() for _ in range(min(number, len(subjects)))]}
    if random.random() < 0.3:
        customer["billing_address"] = {"country": random.choice(("DE", "FR")), "line2": random.choice(("a", None))}
    if plans and random.random() < 0.6:
        customer["subscription"] = {"plan": random.choice(plans)["key"]}
    if random.random() < 0.5:
        customer["grants"] = [_grant(random, grant, features) for grant in _chosen(random, ("welcome", "bonus"))]
    return customer


def _grant(random: Random, key: str, features: list[Document]) -> Document:
    grant: Document = {"key": key, "name": key, "amount": random.choice(("5", "7")), "currency": "USD"}
    if features and random.random() < 0.2:
        grant["filters"] = {"features": [features[0]["key"]]}
    return {**grant, "funding_method": "none"}
