"""What a guard or a waiting delete looks at is looked at again right before the call: a person may take an hour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from billsync.model.result import Status
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

KEPT = """
_info: {owner: payments}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: support, name: Support}]
addons:
  - {key: other, name: Other, currency: USD, instance_type: single,
     rate_cards: [{feature: support, price: {type: flat, amount: "5"}}]}
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,
     phases: [{key: default, name: Default, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "1"}}]}]}
customers: [{key: keep, name: Keep}]
"""
MORE = """
_info: {owner: payments}
meters:
  - {key: calls, name: Calls, event_type: call, aggregation: count}
  - {key: gone, name: Gone, event_type: gone, aggregation: count}
features: [{key: support, name: Support}, {key: gone, name: Gone}]
addons:
  - {key: other, name: Other, currency: USD, instance_type: single,
     rate_cards: [{feature: support, price: {type: flat, amount: "5"}}]}
  - {key: gone, name: Gone, currency: USD, instance_type: single,
     rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "5"}}]}
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,
     phases: [{key: default, name: Default, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "1"}}]}]}
customers: [{key: keep, name: Keep}, {key: gone, name: Gone, currency: USD}]
"""
Meanwhile = Callable[[httpx.Client], None]


def id_of(http: httpx.Client, path: str, key: str = "gone") -> str:
    return str(next(row["id"] for row in http.get(path).json()["data"] if row["key"] == key))


def post(http: httpx.Client, path: str, **body: Any) -> Any:
    answer = http.post(path, json=body)
    answer.raise_for_status()
    return answer.json()


def grant(**more: Any) -> Meanwhile:
    def given(http: httpx.Client) -> None:
        body = {"name": "G", "amount": "500", "currency": "USD", "funding_method": "none", **more}
        post(http, f"customers/{id_of(http, 'customers')}/credits/grants", **body)

    return given


def subscribed(http: httpx.Client) -> None:
    customer, plan = id_of(http, "customers"), id_of(http, "plans", "pro")
    post(http, "subscriptions", customer={"id": customer}, plan={"id": plan}, settlement_mode="credit_only")


def plan_of(http: httpx.Client, card: Any) -> str:
    phases = [{"key": "default", "name": "Default", "rate_cards": [card]}]
    made = post(http, "plans", key="new", name="New", currency="USD", billing_cadence="P1M", phases=phases)
    return str(made["id"])


FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "1"}}


def offered(http: httpx.Client) -> None:
    plan = plan_of(http, {**FEE, "key": "base"})
    post(http, f"plans/{plan}/addons", name="A", addon={"id": id_of(http, "addons")}, from_plan_phase="default")
    http.post(f"plans/{plan}/publish").raise_for_status()


def priced(http: httpx.Client) -> None:
    plan = plan_of(http, {**FEE, "key": "gone", "feature": {"id": id_of(http, "features")}})
    http.post(f"plans/{plan}/publish").raise_for_status()


def measured(http: httpx.Client) -> None:
    post(http, "features", key="new", name="New", meter={"id": id_of(http, "meters")})


SINCE = "since this was planned, there is "


@pytest.mark.parametrize(
    ("address", "meanwhile", "seen"),
    [
        ("customer/gone", grant(key="g"), "a balance of 500 USD, a grant that is active"),
        ("customer/gone", grant(), "a balance of 500 USD, a grant that is active"),
        (
            "customer/gone",
            grant(key="g", effective_at="2099-01-01T00:00:00Z"),
            "a pending balance of 500 USD, a grant that is active",
        ),
        ("customer/gone", subscribed, "a subscription that is active"),
        ("addon/gone@1", offered, "plan new that uses it"),
        ("feature/gone", priced, "plan new that uses it"),
        ("meter/gone", measured, "feature new that uses it"),
    ],
)
def test_what_comes_between_the_decision_and_the_delete_stops_it(address: str, meanwhile: Meanwhile, seen: str) -> None:
    world = World()
    assert world.sync(declared(MORE)).report.succeeded
    text = world.plan_file(declared(KEPT))

    with world.http() as http:
        meanwhile(http)
    report = world.run_plan_file(text)

    ends = {r.step.address.text: (r.status, r.reason) for r in report.results}
    assert ends.pop(address) == (Status.STALE, f"{SINCE}{seen}")
    assert {status for status, _ in ends.values()} == {Status.DONE}


def test_nothing_in_the_way_lets_everything_go() -> None:
    world = World()
    assert world.sync(declared(MORE)).report.succeeded

    report = world.run_plan_file(world.plan_file(declared(KEPT)))

    assert [result.status for result in report.results] == [Status.DONE] * 4


def test_credit_that_may_go_is_not_looked_for_again() -> None:
    world = World()
    assert world.sync(declared(MORE)).report.succeeded
    text = world.plan_file(declared(KEPT), allow={"customer-credit": ""})

    with world.http() as http:
        grant(key="g")(http)
    report = world.run_plan_file(text)

    assert {result.status for result in report.results} == {Status.DONE}


def test_a_grant_without_a_key_that_begins_later_stops_the_run() -> None:
    world = World()
    assert world.sync(declared(MORE)).report.succeeded
    with world.http() as http:
        grant(effective_at="2099-01-01T00:00:00Z")(http)

    [guard] = world.plan(declared(KEPT)).guards

    assert (guard.code, guard.reason) == (
        "customer-credit",
        "customer/gone has a pending balance of 500 USD, an active grant without a key",
    )
