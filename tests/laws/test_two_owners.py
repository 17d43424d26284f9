"""Two owners on one server, with something that was made by hand: nobody changes or ends what is another's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.api.routes import routes
from billsync.kinds.registry import KINDS
from tests.support.budgets import examples
from tests.support.world import EVERY_ROW, World, declared

pytestmark = pytest.mark.thorough

OWNERS = ("payments", "growth")
LISTS = tuple(
    found.collection.removeprefix("/openmeter/")
    for name, found in routes("openmeter").items()
    if name in KINDS and "{parent}" not in found.collection
)
ALLOWED = {"deletes": "99", "doubled-grant": "", "doubled-subscription": ""}
"""All but the guard for customers with credit: letting that pass gives up what others granted to them."""
FREE_TO_CHANGE = ("validation_errors", "currency", "updated_at")
"""What follows from others: what a publish would find now, and a customer's currency with its first subscription."""

BY_HAND = {
    "plans": {
        "key": "basic",
        "name": "By hand",
        "currency": "USD",
        "billing_cadence": "P1M",
        "phases": [{"key": "default", "name": "Default", "rate_cards": [
            {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "3"}}
        ]}],
    },
    "meters": {"key": "calls", "name": "By hand", "event_type": "call", "aggregation": "count"},
    "features": {"key": "support", "name": "By hand"},
    "tax-codes": {"key": "vat", "name": "By hand", "app_mappings": []},
    "customers": {"key": "birch", "name": "By hand"},
}  # fmt: skip

KEYS = st.lists(st.sampled_from(["basic", "pro"]), max_size=2, unique=True)


@st.composite
def configurations(draw: st.DrawFn, owner: str) -> str:
    """Files of one owner: a meter of its own, and some of the keys that both of them use."""
    amounts = st.sampled_from(["1", "2"])
    features = draw(st.lists(st.sampled_from(["tokens", "support"]), max_size=2, unique=True))
    plans = [_plan(key, draw(amounts), draw(st.sampled_from(["tokens", "support", None])), draw) for key in draw(KEYS)]
    whole = {
        "_info": {"owner": owner},
        "meters": [_meter(f"own_{owner}"), *([_meter("calls")] if draw(st.booleans()) else [])],
        "features": [{"key": key, "name": draw(st.sampled_from(["A", "B"]))} for key in features],
        "tax_codes": [{"key": "vat", "name": draw(st.sampled_from(["A", "B"]))}] if draw(st.booleans()) else [],
        "addons": [_addon(draw(amounts))] if draw(st.booleans()) else [],
        "plans": plans,
        "customers": [_customer(key, draw) for key in draw(st.lists(st.sampled_from(["acme", "birch"]), unique=True))],
    }
    left_out = draw(st.lists(st.sampled_from(["features", "tax_codes", "addons", "plans", "customers"]), max_size=1))
    files = {name: part for name, part in whole.items() if name not in left_out}
    return json.dumps({**files, "external": dict(_others(files))})


def _others(files: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What can be referred to and isn't declared."""
    for name, keys in (("features", {"tokens", "support"}), ("plans", {"basic", "pro"})):
        yield name, sorted(keys - {item["key"] for item in files.get(name, [])})


def _meter(key: str) -> dict[str, Any]:
    return {"key": key, "name": key, "event_type": "call", "aggregation": "count"}


def _addon(amount: str) -> dict[str, Any]:
    card = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": amount}, "billing_cadence": "P1M"}
    return {"key": "more", "name": "More", "currency": "USD", "instance_type": "single", "rate_cards": [card]}


def _plan(key: str, amount: str, feature: str | None, draw: st.DrawFn) -> dict[str, Any]:
    card: dict[str, Any] = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": amount}}
    card |= {"key": feature, "feature": feature} if feature else {}
    labels = draw(st.sampled_from([{}, {"team": "a"}, {"team": "b"}]))
    phase = {"key": "default", "name": "Default", "rate_cards": [card], "labels": labels}
    return {"key": key, "name": key, "currency": "USD", "billing_cadence": "P1M", "labels": labels, "phases": [phase]}


def _customer(key: str, draw: st.DrawFn) -> dict[str, Any]:
    money = {"amount": draw(st.sampled_from(["1", "2"])), "currency": "USD", "funding_method": "none"}
    grants = [{"key": "welcome", "name": "Welcome", **money}] if draw(st.booleans()) else []
    subscription = {"subscription": {"plan": "basic"}} if draw(st.booleans()) else {}
    return {"key": key, "name": draw(st.sampled_from(["A", "B"])), "grants": grants, **subscription}


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Who runs, with which files."""
    owners = draw(st.lists(st.sampled_from(OWNERS), min_size=2, max_size=5))
    return [(owner, draw(configurations(owner))) for owner in owners]


@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(runs(), st.lists(st.sampled_from(sorted(BY_HAND)), unique=True))
def test_nobody_changes_or_ends_what_another_made(script: list[tuple[str, str]], by_hand: list[str]) -> None:
    world = World()
    with world.http() as http:
        for path in by_hand:
            made = http.post(path, json=BY_HAND[path]).raise_for_status().json()
            if path == "plans":
                http.post(f"plans/{made['id']}/publish").raise_for_status()
        for owner, text in script:
            before = dict(shown(http))

            run = world.sync(declared(text), allow=ALLOWED)

            after = dict(shown(http))
            assert [result.reason for result in run.report.results if result.status.value in ("failed", "stale")] == []
            foreign = {name: row for name, row in before.items() if owner_of(row) != owner}
            assert {name: after.get(name) for name in foreign} == foreign
    world.close()


def owner_of(row: Mapping[str, Any]) -> str | None:
    owner: str | None = (row.get("labels") or {}).get("billsync_owner")
    return owner


def shown(http: httpx.Client) -> Iterator[tuple[str, Any]]:
    """Every row by its id, plans with the labels that only API v1 shows."""
    for path in LISTS:
        for row in http.get(path, params=EVERY_ROW).json()["data"]:
            yield row["id"], _row(http, path, row)
            if path == "customers":
                for grant in http.get(f"customers/{row['id']}/credits/grants", params=EVERY_ROW).json()["data"]:
                    yield grant["id"], grant


def _row(http: httpx.Client, path: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = {name: value for name, value in row.items() if name not in FREE_TO_CHANGE}
    currency = {} if path == "customers" else {"currency": row.get("currency")}
    return kept | currency | ({"labels": labels_of_plan(http, row["id"])} if path == "plans" else {})


def labels_of_plan(http: httpx.Client, server_id: str) -> Mapping[str, str]:
    answer = http.get(f"{str(http.base_url).partition('/v3')[0]}/v1/plans/{server_id}")
    labels: Mapping[str, str] = answer.raise_for_status().json().get("metadata") or {}
    return labels


PRO = """\
_info: {owner: OWNER}
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    phases:
      - key: default
        name: Default
        rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "AMOUNT"}, unit_config: UNIT}]
"""
EMPTY = "_info: {owner: OWNER}\nplans: []\nmeters: [{key: m, name: M, event_type: e, aggregation: count}]\n"


def pro(owner: str, amount: str, more: str = "") -> str:
    return PRO.replace(", unit_config: UNIT", "").replace("OWNER", owner).replace("AMOUNT", amount) + more


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.close()


def codes(world: World, text: str, **allow: str) -> list[str]:
    """The codes of what is refused, and of the guards."""
    run = world.sync(declared(text), allow={name.replace("_", "-"): value for name, value in allow.items()})
    return [change.code for change in run.plan.changes if change.code] + [guard.code for guard in run.plan.guards]


def versions(world: World) -> list[tuple[int, str, str | None]]:
    with world.http() as http:
        rows = http.get("plans", params=EVERY_ROW).json()["data"]
        return sorted((row["version"], row["status"], owner_of(_row(http, "plans", row))) for row in rows)


def test_another_owners_plan_is_not_repriced(world: World) -> None:
    world.sync(declared(pro("payments", "5")))

    refused = codes(world, pro("growth", "9"), unmarked_plan="")
    adopting = codes(world, pro("growth", "9", "adopted: {plans: [pro]}\n"))

    assert (refused, adopting) == (["other-owner"], ["other-owner"])
    assert versions(world) == [(1, "active", "payments")]


def test_another_owners_equal_plan_is_no_difference(world: World) -> None:
    world.sync(declared(pro("payments", "5")))

    assert codes(world, pro("growth", "5")) == []


def test_a_plan_that_is_no_longer_declared_is_archived_by_its_owner_alone(world: World) -> None:
    world.sync(declared(pro("payments", "5")))

    codes(world, EMPTY.replace("OWNER", "growth"))
    left_alone = versions(world)
    codes(world, EMPTY.replace("OWNER", "payments").replace("key: m,", "key: n,"))

    assert left_alone == [(1, "active", "payments")]
    assert versions(world) == [(1, "archived", "payments")]


def test_a_key_whose_plan_its_owner_archived_stays_that_owners(world: World) -> None:
    world.sync(declared(pro("payments", "5")))
    world.sync(declared(EMPTY.replace("OWNER", "payments")))

    assert codes(world, pro("growth", "5")) == ["other-owner"]
    assert versions(world) == [(1, "archived", "payments")]


def by_hand(world: World, amount: str, **more: Any) -> None:
    """A published plan without any label."""
    fee = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": amount}}
    phases = [{"key": "default", "name": "Default", "rate_cards": [fee]}]
    body = {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": phases, **more}
    with world.http() as http:
        made = http.post("plans", json=body).raise_for_status().json()
        http.post(f"plans/{made['id']}/publish").raise_for_status()


def test_a_plan_without_a_mark_is_asked_for_once(world: World) -> None:
    by_hand(world, "3")

    equal = codes(world, pro("payments", "3"))
    stopped = world.sync(declared(pro("payments", "5"))).plan.guards
    allowed = codes(world, pro("payments", "5"), unmarked_plan="")
    later = codes(world, pro("payments", "6"))

    assert (equal, allowed, later) == ([], [], [])
    assert [(guard.code, guard.flag, guard.reason) for guard in stopped] == [
        (
            "unmarked-plan",
            "--allow unmarked-plan",
            "plan/pro: already live, and no label says whose it is; if yours, add `adopted: {plans: [pro]}` to the "
            "files, or pass the flag once",
        )
    ]
    assert versions(world) == [(1, "archived", None), (2, "archived", "payments"), (3, "active", "payments")]


def test_an_adopted_plan_gets_the_mark_with_its_next_version(world: World) -> None:
    by_hand(world, "3")

    assert codes(world, pro("payments", "5", "adopted: {plans: [pro]}\n")) == []
    assert codes(world, pro("payments", "6")) == []
    assert versions(world) == [(1, "archived", None), (2, "archived", "payments"), (3, "active", "payments")]


def test_a_version_published_by_hand_belongs_to_the_plans_owner(world: World) -> None:
    """A version that somebody published by hand stays part of its owner's plan."""
    world.sync(declared(pro("payments", "5")))
    by_hand(world, "7")

    assert codes(world, pro("growth", "9")) == ["other-owner"]
    assert codes(world, pro("payments", "5")) == []
    assert versions(world) == [(1, "archived", "payments"), (2, "archived", None), (3, "active", "payments")]


def test_a_plan_by_hand_is_never_archived_unless_it_is_adopted(world: World) -> None:
    by_hand(world, "3")

    codes(world, EMPTY.replace("OWNER", "payments"))
    before = versions(world)
    codes(world, EMPTY.replace("OWNER", "payments") + "adopted: {plans: [pro]}\n")

    assert (before, versions(world)) == ([(1, "active", None)], [(1, "archived", None)])


def test_a_mark_alone_is_no_difference(world: World) -> None:
    """Plans that an older billsync published carry none: nothing is published only because of that."""
    by_hand(world, "3")

    plan = world.plan(declared(pro("payments", "3", "adopted: {plans: [pro]}\n")))

    assert (plan.changes, plan.guards, plan.steps) == ((), (), ())


LABELLED = """\
_info: {owner: payments}
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    labels: {team: TEAM}
    phases:
      - key: default
        name: Default
        labels: {team: TEAM}
        rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "5"}, labels: {team: TEAM}}]
"""


def test_a_changed_label_makes_a_version_that_keeps_the_live_labels(world: World) -> None:
    """A declared label that differs makes a new version, which keeps the other live labels."""
    by_hand(world, "5", labels={"team": "a", "by": "hand", "billsync_owner": "payments"})
    text = LABELLED.replace("TEAM", "b")

    first = world.sync(declared(text))
    again = world.plan(declared(text))

    [change] = first.plan.changes
    assert [(field.name, field.old, field.new) for field in change.fields] == [
        ("labels.team", "a", "b"),
        ("phases.default.labels", None, {"team": "b"}),
        ("phases.default.rate_cards.fee.labels", None, {"team": "b"}),
    ]
    assert again.changes == ()
    with world.http() as http:
        rows = http.get("plans", params=EVERY_ROW).json()["data"]
        newest = max(rows, key=lambda row: row["version"])
        assert labels_of_plan(http, newest["id"]) == {"team": "b", "by": "hand", "billsync_owner": "payments"}


def test_a_customer_to_whom_another_owner_granted_is_not_deleted_unasked(world: World) -> None:
    world.sync(declared("_info: {owner: payments}\ncustomers: [{key: birch, name: B}]\nmeters: []\n"))
    grant = '{key: welcome, name: W, amount: "1", currency: USD, funding_method: none}'
    world.sync(declared(f"_info: {{owner: growth}}\ncustomers: [{{key: birch, name: B, grants: [{grant}]}}]\n"))
    files = "_info: {owner: payments}\ncustomers: []\nmeters: [{key: m, name: M, event_type: m, aggregation: count}]\n"

    run = world.sync(declared(files))

    assert [guard.reason for guard in run.plan.guards] == [
        "customer/birch has a balance of 1 USD, the active grant/birch/welcome (owner 'growth')"
    ]
