"""`forget`: what nobody manages any more is neither deleted, archived nor mentioned, and costs nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.state import Desired
from tests.support.end_state import end_state
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
GRANT: Document = {"key": "welcome", "name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none"}
FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "5"}, "billing_cadence": "P1M"}
SUPPORTED = {"key": "support", "feature": "support", "name": "Support", "price": {"type": "free"}}
ALL: Document = {
    "meters": [{"key": "calls", "name": "Calls", "event_type": "call", "aggregation": "count"}],
    "features": [{"key": "calls", "name": "Calls", "meter": "calls"}, {"key": "support", "name": "Support"}],
    "tax_codes": [{"key": "software", "name": "Software"}],
    "addons": [{"key": "more", "name": "More", "currency": "USD", "instance_type": "single", "rate_cards": [FEE]}],
    "plans": [
        {
            "key": "basic",
            "name": "Basic",
            "currency": "USD",
            "billing_cadence": "P1M",
            "phases": [{"key": "default", "name": "Default", "rate_cards": [SUPPORTED]}],
        }
    ],
    "customers": [
        {"key": "acme", "name": "Acme", "grants": [GRANT], "subscriptions": [{"key": "main", "plan": "basic"}]},
        {"key": "gone", "name": "Gone"},
    ],
}
NOTHING: Document = {
    **{name: [] for name in ("meters", "features", "tax_codes", "addons", "plans")},
    "customers": [{"key": "acme", "name": "Acme", "grants": [], "subscriptions": []}],
}
ENTRIES: tuple[Document, ...] = (
    {"kind": "meter", "key": "calls"},
    {"kind": "feature", "key": "calls"},
    {"kind": "feature", "key": "support"},
    {"kind": "tax_code", "key": "software"},
    {"kind": "addon", "key": "more"},
    {"kind": "plan", "key": "basic"},
    {"kind": "customer", "key": "gone"},
    {"kind": "grant", "customer": "acme", "key": "welcome"},
    {"kind": "subscription", "customer": "acme", "key": "main"},
)


def files(document: Document, forget: tuple[Document, ...] = (), **more: Any) -> Desired:
    return declared(yaml.safe_dump({"_info": {"owner": "us"}, **document, "forget": list(forget), **more}))


def made() -> World:
    world = World()
    assert world.sync(files(ALL)).report.succeeded
    return world


def mentioned(plan: PlanFile) -> set[str]:
    """The entities that a plan file names, without their versions."""
    return {change.address.unversioned().text for change in plan.changes}


def named(entry: Document) -> str:
    return "/".join(str(entry[name]) for name in ("kind", "customer", "key") if name in entry)


def test_an_entry_of_every_kind_is_tried() -> None:
    assert {entry["kind"] for entry in ENTRIES} == set(KINDS)


def test_with_everything_forgotten_a_run_makes_and_says_nothing() -> None:
    world = made()
    before = end_state(world)

    run = world.sync(files(NOTHING, ENTRIES))

    assert (run.plan.changes, run.plan.guards) == ((), ())
    assert end_state(world) == before


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_without_its_entry_an_entity_is_mentioned_and_no_other_one_is(entry: Document) -> None:
    world = made()

    plan = world.plan(files(NOTHING, tuple(other for other in ENTRIES if other != entry)))

    assert mentioned(plan) == {named(entry)}


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_keeps_its_entity_while_the_others_go(entry: Document) -> None:
    world = made()

    plan = world.plan(files(NOTHING, (entry,)))

    assert named(entry) not in mentioned(plan)
    assert mentioned(plan) == {named(other) for other in ENTRIES if other != entry}


def test_what_uses_a_forgotten_entity_is_still_in_use() -> None:
    """A feature that a forgotten plan sells is not archived."""
    world = made()

    plan = world.plan(files(NOTHING, tuple(entry for entry in ENTRIES if entry["key"] != "support")))

    assert [(change.address.text, change.code) for change in plan.changes] == [("feature/support", "in-use")]


def test_an_adopted_entity_can_be_forgotten() -> None:
    world = World()
    with world.http() as http:
        http.post("meters", json=ALL["meters"][0]).raise_for_status()
    entry = {"kind": "meter", "key": "calls"}

    deleted = world.plan(files(NOTHING, adopted={"meters": ["c*"]}))
    left = world.plan(files(NOTHING, (entry,), adopted={"meters": ["c*"]}))

    assert (mentioned(deleted), mentioned(left)) == ({"meter/calls", "customer/acme"}, {"customer/acme"})


def test_the_same_money_under_another_key_is_still_stopped() -> None:
    """Forgetting a grant doesn't say that another one like it is meant."""
    world = made()
    customers = [{**ALL["customers"][0], "grants": [{**GRANT, "key": "hello"}]}, ALL["customers"][1]]

    plan = world.plan(
        files({**ALL, "customers": customers}, ({"kind": "grant", "customer": "acme", "key": "welcome"},))
    )

    assert [guard.code for guard in plan.guards] == ["doubled-grant"]
