"""The shop of the benchmark: every customer has a subscription and a grant; parts of them an add-on, usage, and a
scheduled change."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

PLANS = """\
_info: {owner: bench, defaults: {plan: {currency: USD, billing_cadence: P1M}, addon: {currency: USD}}}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
rate_cards:
  calls: {feature: calls, price: {type: unit, amount: "0.05"}}
addons:
  - key: seat
    name: Seat
    instance_type: multiple
    rate_cards:
      - {key: seat, name: Seat, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "5"}}
plans:
  - key: lite
    name: Lite
    settlement_mode: credit_only
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "31"}}
          - {use: calls}
  - key: pro
    name: Pro
    settlement_mode: credit_only
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "21"}}
          - {use: calls}
    addons: [{addon: seat}]
customers:
"""
CUSTOMER = """\
  - key: c{0}
    name: Customer {0}
    usage_attribution: {{subject_keys: [c{0}]}}
    subscription: {{{1}}}
    grants: [{{key: g, name: Gift, amount: "100", currency: USD, funding_method: none}}]
"""
EVENTS = 3
"""Usage events of every second customer."""
LOT = 100
"""Events in one request."""


def declared(customers: int, *, is_later: bool) -> str:
    """The shop's file: every fourth customer has an add-on, and every tenth changes its plan later."""
    return PLANS + "".join(CUSTOMER.format(number, _subscription(number, is_later)) for number in range(customers))


def _subscription(number: int, is_later: bool) -> str:
    if number % 4 == 0:
        return f"plan: pro, addons: [{{addon: seat, quantity: {1 + number % 3}}}]"
    return "plan: pro, change: at_renewal" if is_later and number % 10 == 5 else "plan: lite"


def send_usage(server: str, customers: int) -> None:
    """Send the usage of every second customer to a server."""
    events = tuple(_events(customers))
    for at in range(0, len(events), LOT):
        body = json.dumps(events[at : at + LOT]).encode()
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        with urllib.request.urlopen(urllib.request.Request(f"{server}/openmeter/events", body, kind)) as answer:
            assert answer.status == 202


def _events(customers: int) -> Iterator[dict[str, str]]:
    for number in range(1, customers, 2):
        for event in range(EVENTS):
            name = f"c{number}-{event}"
            yield {"specversion": "1.0", "id": name, "source": "bench", "type": "call", "subject": f"c{number}"}
