"""Requests of the older API v1 that say nonsense: refused, whatever it is and wherever it stands."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
import pytest

from tests.support.prepaid import account, feature

V1 = "http://local/api/v1"
FEE = {
    "type": "flat_fee",
    "key": "fee",
    "name": "Fee",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "5", "paymentTerm": "in_advance"},
    "discounts": {"percentage": {"percentage": 5}},
    "metadata": {"team": "a"},
}
TIERS = [
    {"upToAmount": "5", "flatPrice": {"type": "flat", "amount": "1"}, "unitPrice": None},
    {"upToAmount": None, "unitPrice": {"type": "unit", "amount": "2"}},
]
CALLS = {
    "type": "usage_based",
    "key": "calls",
    "name": "Calls",
    "featureKey": "calls",
    "billingCadence": "P1M",
    "price": {"type": "tiered", "mode": "graduated", "tiers": TIERS, "minimumAmount": "1", "maximumAmount": "9"},
    "discounts": {"usage": {"quantity": "3"}},
    "entitlementTemplate": {"type": "metered", "isSoftLimit": True, "issueAfterReset": 5, "usagePeriod": "P1M"},
    "taxConfig": {"behavior": "inclusive"},
}
PLAN = {
    "name": "Own",
    "currency": "USD",
    "billingCadence": "P1M",
    "settlementMode": "credit_only",
    "proRatingConfig": {"enabled": True},
    "phases": [{"key": "main", "name": "Main", "duration": None, "rateCards": [FEE, CALLS]}],
}
NONSENSE = (None, True, -1, 10**400, "x", [], {"x": 1})
Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where anything stands in a body."""
    members: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for name, member in members:
        yield (*place, name)
        yield from places(member, (*place, name))


def replaced(body: Any, place: Place, value: Any) -> Any:
    """The body with another value at a place."""
    changed = deepcopy(body)
    holder = changed
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    return changed


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: str(value)[:9])
def test_nonsense_in_a_plan_never_breaks_the_server(server: httpx.Client, value: Any) -> None:
    """Nonsense anywhere in a plan is accepted or refused, and never breaks the server."""
    feature(server, "calls")

    answers = {
        place: server.post(f"{V1}/plans", json={"key": f"p{number}", **replaced(PLAN, place, value)})
        for number, place in enumerate(places(PLAN))
    }

    broken = [place for place, answer in answers.items() if answer.status_code not in (201, 400)]
    assert broken == []


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("discounts", "percentage"), 5, "discounts.percentage"),
        (("discounts", "percentage", "percentage"), 101, "discounts.percentage.percentage"),
        (("discounts", "usage"), {}, "discounts.usage.quantity"),
        (("price", "tiers", 0, "flatPrice"), "1", "price.tiers.0.flatPrice"),
        (("price", "tiers", 1, "unitPrice"), {"type": "unit"}, "price.tiers.1.unitPrice.amount"),
        (("entitlementTemplate", "type"), "boundless", "entitlementTemplate.type"),
        (("entitlementTemplate", "issueAfterReset"), "5", "entitlementTemplate.issueAfterReset"),
        (("taxConfig", "taxCodeId"), "default", "taxConfig.taxCodeId"),
    ],
)
def test_what_a_card_gets_wrong_is_named_by_its_place(
    server: httpx.Client, place: Place, value: Any, field: str
) -> None:
    acme = account(server)
    card = replaced({**CALLS, "discounts": {**FEE["discounts"], **CALLS["discounts"]}}, place, value)
    own = replaced(PLAN, ("phases", 0, "rateCards"), [card])

    answer = server.post(f"{V1}/subscriptions", json={"customerId": acme.id, "customPlan": own})

    named = [entry["field"] for entry in answer.json()["invalid_parameters"]]
    assert (answer.status_code, named) == (400, [f"customPlan.phases.0.rateCards.0.{field}"])


@pytest.mark.parametrize(
    ("card", "detail"),
    [
        ({**FEE, "price": {"type": "flat"}}, "a flat price needs an amount"),
        ({**FEE, "price": {"type": "tiered"}}, "a tiered price needs a mode and tiers"),
        ({**FEE, "price": {"type": "package", "amount": "1"}}, "this server takes no package price"),
        ({**FEE, "entitlementTemplate": {"type": "static"}}, "a static entitlement needs a config"),
    ],
)
def test_what_v3_has_no_words_for_is_refused(server: httpx.Client, card: dict[str, Any], detail: str) -> None:
    body = {"key": "own", **replaced(PLAN, ("phases", 0, "rateCards"), [card])}

    answer = server.post(f"{V1}/plans", json=body)

    assert (answer.status_code, answer.json()["detail"]) == (400, f"validation error: {detail}")
