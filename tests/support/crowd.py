"""A made-up server with many subscribers: every row follows from its number, so that nothing has to be stored.

It implements `ports.Remote` for what `diff --impact=all` reads, counts what it is asked, and keeps no socket, no clock.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from billsync.live.protocol.encoding import decode
from billsync.model.ports import Answer
from billsync.model.value import Fields, Plain

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOT_REPRESENTABLE: Fields = {"page": 1, "pageSize": 100, "totalCount": 0, "items": []}
"""A page of the older API: it has no words for plans with `unit_config`, which all of the crowd have."""
FIRST_ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
FEATURES = ("requests", "tokens", "storage", "seats")


@dataclass(slots=True)
class Crowd:
    """`subscriptions` over `plans`, of `customers`, with so many distinct billing anchors.

    `asked` counts requests by what they ask for.
    """

    plans: int = 100
    subscriptions: int = 1_000
    customers: int = 1_000
    anchors: int = 1
    aggregation: str = "sum"
    asked: Counter[str] = field(default_factory=Counter)
    lock: Any = field(default_factory=threading.Lock)

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """One page of a list, or the balance that tells the time."""
        return self._answer(lambda: self._shown(path, dict(query)))

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """A meter query, grouped by customer."""
        assert (method, path.rsplit("/", 1)[-1]) == ("POST", "query"), f"{method} {path} would write"
        return self._answer(lambda: self._metered(int(path.split("/")[-2].removeprefix("meter_")), body))

    def _answer(self, make: Callable[[], tuple[str, Plain]]) -> Answer:
        """What was asked for, through the bytes that would have come over the wire."""
        kind, body = make()
        with self.lock:
            self.asked[kind] += 1
        return Answer(200, decode(json.dumps(body).encode()))

    def _shown(self, path: str, wanted: Mapping[str, str]) -> tuple[str, Plain]:
        name = path.rsplit("/", 1)[-1]
        if name == "balance":
            return "balances", {"retrieved_at": _text(NOW), "balances": []}
        if path.startswith("/v1/"):
            return f"labels of {name}", NOT_REPRESENTABLE
        numbers, row = self._list(name, wanted)
        size, page = int(wanted["page[size]"]), int(wanted["page[number]"])
        rows = [row(number) for number in numbers[size * (page - 1) : size * page]]
        meta = {"page": {"number": page, "size": size, "total": len(numbers)}}
        return f"counts of {name}" if size == 1 else f"pages of {name}", {"data": rows, "meta": meta}

    def _list(self, name: str, wanted: Mapping[str, str]) -> tuple[range, Callable[[int], Fields]]:
        lists: Mapping[str, tuple[range, Callable[[int], Fields]]] = {
            "plans": (range(self.plans), self._plan),
            "features": (range(len(FEATURES)), _feature),
            "meters": (range(len(FEATURES)), self._meter),
            "customers": (range(self.customers), _customer),
            "subscriptions": (self._subscribers(wanted), self._subscription),
        }
        return lists.get(name, (range(0), _feature))

    def _meter(self, number: int) -> Fields:
        return _meter(number, self.aggregation)

    def _metered(self, meter: int, body: Fields) -> tuple[str, Plain]:
        chosen = ((body.get("filters") or {}).get("dimensions") or {}).get("customer_id") or {}
        named = [chosen["eq"]] if "eq" in chosen else chosen.get("in")
        customers = range(self.customers) if named is None else sorted(_number(one) for one in named)
        return "meter queries", {"data": list(_usage(meter, customers, body["from"], body["to"]))}

    def _subscribers(self, wanted: Mapping[str, str]) -> range:
        """The numbers of the subscriptions of one plan: one in so many."""
        plan = wanted.get("filter[plan_key][eq]") or wanted.get("filter[plan_id]")
        return range(self.subscriptions) if plan is None else range(_number(plan), self.subscriptions, self.plans)

    def _plan(self, number: int) -> Fields:
        return {
            "id": f"plan_{number}",
            "key": f"plan_{number}",
            "name": f"Plan {number}",
            "currency": "USD",
            "billing_cadence": "P1M",
            "pro_rating_enabled": True,
            "version": 1,
            "settlement_mode": "credit_then_invoice",
            "phases": [{"key": "default", "name": "Default", "rate_cards": cards(number, by_id)}],
            "status": "active",
            "effective_from": _text(FIRST_ANCHOR),
            "created_at": _text(FIRST_ANCHOR),
            "updated_at": _text(FIRST_ANCHOR),
        }

    def _subscription(self, number: int) -> Fields:
        plan = number % self.plans
        anchor = FIRST_ANCHOR + timedelta(seconds=617 * (number % self.anchors))
        start = _text(anchor + timedelta(days=31 * (number % 7)))
        items = [
            {"id": f"item_{number}-{place}", "active_from": start, "rate_card": {**card, "currency": "USD"}}
            for place, card in enumerate(cards(plan, by_id))
        ]
        return {
            "id": f"sub_{number}",
            "name": f"plan_{plan} v1",
            "customer_id": f"customer_{number % self.customers}",
            "plan": {"id": f"plan_{plan}", "key": f"plan_{plan}", "version": 1},
            "plan_id": f"plan_{plan}",
            "invoice_currency": "USD",
            "settlement_mode": "credit_then_invoice",
            "cost_basis_mode": "dynamic",
            "billing_cadence": "P1M",
            "labels": {},
            "status": "active",
            "cost_basis_pins": [],
            "pro_rating_config": {"enabled": True, "mode": "prorate_prices"},
            "billing_anchor": _text(anchor),
            "phases": [
                {"id": f"phase_{number}", "key": "default", "name": "Default", "active_from": start, "items": items}
            ],
            "active_from": start,
            "created_at": start,
            "updated_at": start,
        }


def by_id(feature: str) -> Any:
    """A feature as the API refers to it."""
    return {"id": f"feature_{FEATURES.index(feature)}"}


def by_key(feature: str) -> Any:
    """A feature as files refer to it."""
    return feature


def cards(plan: int, reference: Any, *, dearer: bool = False) -> list[Fields]:
    """The rate cards of a plan: a fee, and a card for each feature, of four kinds of price."""
    unit = f"0.{plan % 9 + 1:03}"
    tier = "0.009" if dearer else "0.008"
    tiers = [("10000", "0.01"), ("50000" if dearer else "100000", tier), (None, "0.005")]
    prices: tuple[Fields, ...] = (
        {"price": {"type": "unit", "amount": unit}, "discounts": {"percentage": 10}},
        {"price": {"type": "graduated", "tiers": [_tier(bound, amount) for bound, amount in tiers]}},
        {"price": {"type": "volume", "tiers": [_tier("1000", "0.02"), _tier(None, "0.015")]}},
        {
            "price": {"type": "unit", "amount": "1.25"},
            "unit_config": {"operation": "divide", "conversion_factor": "1000", "rounding": "ceiling"},
        },
    )
    fee = {
        "key": "base",
        "name": "Base fee",
        "billing_cadence": "P1M",
        "payment_term": "in_arrears",
        "price": {"type": "flat", "amount": str(20 + plan % 5)},
    }
    priced = [
        {"key": key, "name": key, "feature": reference(key), "billing_cadence": "P1M", **price}
        for key, price in zip(FEATURES, prices, strict=True)
    ]
    return [fee, *priced]


def declared(plans: int, aggregation: str = "sum") -> str:
    """Files that change every plan: the middle tier of one card. JSON, which is YAML too."""
    rows = [
        {
            "key": f"plan_{number}",
            "name": f"Plan {number}",
            "phases": [
                {
                    "key": "default",
                    "name": "Default",
                    "rate_cards": [_card(c) for c in cards(number, by_key, dearer=True)],
                }
            ],
        }
        for number in range(plans)
    ]
    document = {
        "_info": {"owner": "crowd", "defaults": {"plan": {"currency": "USD", "billing_cadence": "P1M"}}},
        "meters": [_declared_meter(number, aggregation) for number in range(len(FEATURES))],
        "features": [{"key": key, "name": key, "meter": f"meter_{number}"} for number, key in enumerate(FEATURES)],
        "plans": rows,
    }
    return json.dumps(document)


def _card(card: Fields) -> Fields:
    """A card as files write it: a card with a feature has its key."""
    return {name: value for name, value in card.items() if name != "key" or "feature" not in card}


def _declared_meter(number: int, aggregation: str) -> Fields:
    return {
        name: value
        for name, value in _meter(number, aggregation).items()
        if name not in ("id", "labels", "created_at", "updated_at")
    }


def _meter(number: int, aggregation: str = "sum") -> Fields:
    return {
        "id": f"meter_{number}",
        "key": f"meter_{number}",
        "name": f"Meter {number}",
        "aggregation": aggregation,
        "event_type": FEATURES[number],
        "value_property": "$.value",
        "labels": {"billsync_owner": "crowd"},
        "created_at": _text(FIRST_ANCHOR),
        "updated_at": _text(FIRST_ANCHOR),
    }


def _feature(number: int) -> Fields:
    return {
        "id": f"feature_{number}",
        "key": FEATURES[number],
        "name": FEATURES[number],
        "meter": {"id": f"meter_{number}"},
        "labels": {"billsync_owner": "crowd"},
        "created_at": _text(FIRST_ANCHOR),
        "updated_at": _text(FIRST_ANCHOR),
    }


def _customer(number: int) -> Fields:
    return {
        "id": f"customer_{number}",
        "key": f"key_{number}",
        "name": f"Customer {number}",
        "labels": {},
        "usage_attribution": {"subject_keys": [f"subject_{number}"]},
        "created_at": _text(FIRST_ANCHOR),
        "updated_at": _text(FIRST_ANCHOR),
    }


def _usage(meter: int, customers: Sequence[int], start: str, end: str) -> Iterator[Fields]:
    """What each customer used; one in ten used nothing, and has no row."""
    for number in customers:
        value = (number * 7919 + meter * 104729) % 150_001
        if value % 10:
            yield {"from": start, "to": end, "value": str(value), "dimensions": {"customer_id": f"customer_{number}"}}


def _tier(bound: str | None, amount: str) -> Fields:
    end = {} if bound is None else {"up_to_amount": bound}
    return {**end, "unit_price": {"type": "unit", "amount": amount}}


def _number(name: str) -> int:
    return int(name.rsplit("_", 1)[-1])


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
