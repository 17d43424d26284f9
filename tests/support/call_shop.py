"""A shop that sells calls on the embedded server: its files, and calls of a customer as usage events."""

from __future__ import annotations

from tests.support.world import World

CATALOG = """
_info: {{owner: shop}}
meters: [{{key: calls, name: Calls, event_type: call, aggregation: count}}]
features: [{{key: calls, name: Calls, meter: calls}}]
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  phases:
  - key: main
    name: Main
    rate_cards:
    - {{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "{fee}"}}}}
    - {{feature: calls, price: {{type: unit, amount: "0.5"}}}}
customers:
"""
ACME = """
- key: acme
  name: Acme
  usage_attribution: {subject_keys: [acme]}
  subscription: {plan: pro}
  grants:
  - {key: welcome, name: W, amount: "500", currency: USD, funding_method: none, expires_after: P1Y}
"""
BIRCH = "- {key: birch, name: Birch, subscription: {plan: pro}}\n"


def send_calls(world: World, count: int) -> None:
    """Calls of Acme, now."""
    call = {"specversion": "1.0", "source": "test", "type": "call", "subject": "acme"}
    at = f"{world.clock.now():%Y%m%d%H%M%S}"
    with world.http() as http:
        assert http.post("/events", json=[{**call, "id": f"{at}-{number}"} for number in range(count)]).is_success
