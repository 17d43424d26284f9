"""A server on which somebody made one entity of each kind by hand, and files that declare the same."""

from __future__ import annotations

from typing import Any

import httpx

FILES = """\
# Who owns this
_info: {owner: payments}   # the team

meters:
  - {key: calls, name: Calls, event_type: call, aggregation: count}
features:
  - key: calls
    name: Calls
    meter: calls  # counted
tax_codes:
  - {key: software, name: Software, app_mappings: [{app_type: sandbox, tax_code: soft}]}
addons:
  - key: support
    name: Support
    currency: USD
    instance_type: single
    rate_cards:
      - {key: help, name: Help, billing_cadence: P1M, price: {type: flat, amount: "5"}}
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    phases:
      - key: default
        name: Default
        rate_cards:
          - {feature: calls, name: Calls, price: {type: unit, amount: "0.01"}}
customers:
  - key: acme
    name: Acme Inc.
    usage_attribution: {subject_keys: [acme-prod]}
    subscription: {plan: pro}
    grants:
      - {key: welcome, name: Welcome, amount: "50", currency: USD, funding_method: none}
"""
"""One entity of each kind."""


def make_by_hand(http: httpx.Client) -> dict[str, str]:
    """Make what the files declare, over the bare API; the ids by kind."""
    made: dict[str, str] = {}

    def post(kind: str, path: str, body: Any = None) -> None:
        answer = http.post(path, json=body) if body is not None else http.post(path)
        assert answer.status_code < 300, answer.text
        made.setdefault(kind, answer.json()["id"])

    post("meter", "meters", {"key": "calls", "name": "Calls", "event_type": "call", "aggregation": "count"})
    post("feature", "features", {"key": "calls", "name": "Calls", "meter": {"id": made["meter"]}})
    mappings = [{"app_type": "sandbox", "tax_code": "soft"}]
    post("tax_code", "tax-codes", {"key": "software", "name": "Software", "app_mappings": mappings})
    fee = {"key": "help", "name": "Help", "billing_cadence": "P1M", "price": {"type": "flat", "amount": "5"}}
    addon = {"key": "support", "name": "Support", "currency": "USD", "instance_type": "single", "rate_cards": [fee]}
    post("addon", "addons", addon)
    post("addon", f"addons/{made['addon']}/publish")
    price = {"type": "unit", "amount": "0.01"}
    card = {
        "key": "calls",
        "name": "Calls",
        "feature": {"id": made["feature"]},
        "billing_cadence": "P1M",
        "price": price,
    }
    phases = [{"key": "default", "name": "Default", "rate_cards": [card]}]
    post("plan", "plans", {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": phases})
    post("plan", f"plans/{made['plan']}/publish")
    usage = {"subject_keys": ["acme-prod"]}
    post("customer", "customers", {"key": "acme", "name": "Acme Inc.", "usage_attribution": usage})
    subscription = {"customer": {"id": made["customer"]}, "plan": {"id": made["plan"]}}
    post("subscription", "subscriptions", subscription)
    grant = {"key": "welcome", "name": "Welcome", "amount": "50", "currency": "USD", "funding_method": "none"}
    post("grant", f"customers/{made['customer']}/credits/grants", grant)
    return made
