"""The law of dumps: whatever part of a server is dumped and in whichever form, its diff with that server is empty."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billsync.app.dump.dumping import dump_everything
from billsync.core.declared.selecting import selected
from billsync.core.dump.card_library import with_library
from billsync.core.dump.dump import Dump
from billsync.core.dump.selected import selected_dump
from billsync.kinds.registry import KINDS
from billsync.model.change import Outcome
from billsync.model.value import canonical
from billsync.render.dump import dump_yaml
from tests.support.addon_shop import CATALOG, CUSTOMERS
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

BY_HAND: tuple[tuple[str, dict[str, Any]], ...] = (
    ("customers", {"key": "a b/c*[d]", "name": "By hand", "labels": {"crm": "1"}}),
    ("customers", {"key": "zeta", "name": "Zeta", "currency": "EUR", "primary_email": "z@zeta.example"}),
    ("meters", {"key": "bytes", "name": "Bytes", "event_type": "b", "aggregation": "sum", "value_property": "$.b"}),
    ("features", {"key": "plain", "name": "Plain"}),
)


def pending(world: World, text: str) -> list[str]:
    """The changes that a file is about, as a run would make them."""
    desired = declared(text)
    plan = world.plan(selected(desired, desired.selection, KINDS))
    return [change.address.text for change in plan.changes if change.outcome is not Outcome.NOTE]


@pytest.fixture(scope="module")
def world() -> World:
    """A shop with several owners: what billsync declared in two versions, and what somebody made by hand."""
    world = World()
    world.sync(declared(CATALOG + CUSTOMERS))
    world.clock.advance(86_400)
    world.sync(declared((CATALOG + CUSTOMERS).replace('amount: "10"', 'amount: "11"').replace(", version: latest", "")))
    with world.http() as http:
        for path, body in BY_HAND:
            http.post(path, json=body).raise_for_status()
        keyed = {row["key"]: row["id"] for row in http.get("customers").json()["data"]}
        grant = {"name": "Gift", "amount": "5", "currency": "USD", "funding_method": "none"}
        for key in ("one", "two"):
            http.post(f"customers/{keyed['zeta']}/credits/grants", json={**grant, "key": key}).raise_for_status()
        http.post(f"customers/{keyed['zeta']}/credits/grants", json=grant).raise_for_status()
        base = {"key": "base", "name": "Base", "billing_cadence": "P1M", "price": {"type": "flat", "amount": "1"}}
        twin: dict[str, Any] = {"key": "twin", "name": "Twin", "currency": "USD", "billing_cadence": "P1M"}
        twin["phases"] = [{"key": "default", "name": "Default", "rate_cards": [base]}]
        http.post(f"plans/{http.post('plans', json=twin).json()['id']}/publish").raise_for_status()
        draft = {"key": "draft", "name": "Draft", "currency": "USD", "billing_cadence": "P1M"}
        fee = {"key": "fee", "name": "Fee", "price": {"type": "free"}}
        phases = [{"key": "default", "name": "Default", "rate_cards": [fee]}]
        http.post("plans", json={**draft, "phases": phases}).raise_for_status()
    return world


@pytest.fixture(scope="module")
def dumped(world: World) -> Dump:
    return dump_everything(world.connection())


def test_a_whole_dump_equals_what_is_live(world: World, dumped: Dump) -> None:
    assert pending(world, dump_yaml(dumped)) == []


@pytest.mark.parametrize(
    "pattern",
    ["plan/pro", "customer/acme", "subscription/*", "grant/zeta/one", "*/zeta*", "feature/*", "customer/a b/c*"],
)
def test_a_part_of_a_dump_equals_what_is_live(world: World, dumped: Dump, pattern: str) -> None:
    """Also without `--select`: the file itself says of what it is a part, so that nothing else is deleted."""
    kind, _, names = pattern.partition("/")

    part = selected_dump(dumped, ((kind, names),), KINDS)

    assert part.document.keys() > {"_info"}
    assert pending(world, dump_yaml(part)) == []


def test_a_part_has_what_it_needs_and_no_more(dumped: Dump) -> None:
    part = selected_dump(dumped, (("subscription", "acme/*"),), KINDS).document

    assert part["_info"] == {**dumped.document["_info"], "select": {"entities": ["subscription/acme/*"]}}
    assert [entry["key"] for entry in part["customers"]] == ["acme"]
    assert "grants" not in part["customers"][0]
    assert [entry["key"] for entry in part["plans"]] == ["pro"]


@pytest.mark.parametrize(
    ("pattern", "end"),
    [
        ("zeta/*", "this file grants 10: created again, the rest is lost"),
        ("zeta/one", "this file hasn't all of its grants"),
    ],
)
def test_a_part_says_of_credit_what_its_own_grants_are(dumped: Dump, pattern: str, end: str) -> None:
    """The whole dump compares the balance with grants that a part may not have."""
    texts = [loss.text for loss in selected_dump(dumped, (("grant", pattern),), KINDS).losses if loss.code == "credit"]

    assert texts == [f"customer/zeta has 15 USD of credit, and {end}"]


ALIKE = {"key": "tiles", "name": "Tiles", "feature": "tiles", "price": {"type": "unit", "amount": Decimal("0.1")}}
DEARER, FEE = {**ALIKE, "price": {"type": "unit", "amount": Decimal("0.2")}}, {"key": "fee", "name": "Fee"}


def with_cards(*cards: dict[str, Any]) -> Dump:
    """A dump of a plan for each of these cards, and for an add-on with the last one."""
    plans = [
        {"key": f"p{number}", "phases": [{"key": "default", "rate_cards": [card]}]} for number, card in enumerate(cards)
    ]
    return Dump({"_info": {}, "plans": plans, "addons": [{"key": "a", "rate_cards": [cards[-1]]}]}, (), {})


def test_only_cards_that_are_alike_in_everything_are_shared() -> None:
    found = with_library(with_cards(FEE, ALIKE, ALIKE, DEARER), KINDS).document

    assert all(name.startswith("tiles_") for name in found["rate_cards"])
    assert sorted(map(canonical, found["rate_cards"].values())) == sorted(map(canonical, (ALIKE, DEARER)))
    assert found["plans"][0]["phases"][0]["rate_cards"] == [FEE]
    assert found["plans"][1] == {**found["plans"][2], "key": "p1"}


def test_names_of_cards_depend_on_nothing_but_the_cards() -> None:
    one = with_library(with_cards(FEE, ALIKE, ALIKE, FEE), KINDS).document["rate_cards"]
    other = with_library(with_cards(ALIKE, FEE, FEE, ALIKE), KINDS).document["rate_cards"]

    assert one == other == {"fee": FEE, "tiles": ALIKE}


def test_a_dump_with_a_library_declares_the_same(dumped: Dump) -> None:
    library = with_library(dumped, KINDS)

    assert list(library.document["rate_cards"]) == ["base"]
    assert [(one.address, one.fields) for one in declared(dump_yaml(library)).entities] == [
        (one.address, one.fields) for one in declared(dump_yaml(dumped)).entities
    ]
