"""Moved keys: what is live under an old key is what the files declare under the new one, whatever the kind."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import pytest
import yaml

from billsync.core.plan_file import from_json, to_json
from billsync.model.change import PlanFile
from billsync.model.ports import RemoteError
from billsync.model.state import Desired
from tests.support.end_state import end_state
from tests.support.faults import FAULTS, Fault, FaultyTransport, Killed, Point
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
GRANT: Document = {"key": "welcome", "name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none"}
FEE = {"key": "fee", "name": "Fee", "price": {"type": "free"}}
PLAN: Document = {
    "key": "basic",
    "name": "Basic",
    "currency": "USD",
    "billing_cadence": "P1M",
    "phases": [{"key": "default", "name": "Default", "rate_cards": [FEE]}],
}
ACME: Document = {"key": "acme", "name": "Acme", "grants": [GRANT], "subscriptions": [{"key": "main", "plan": "basic"}]}
ACMEE = {**ACME, "key": "acmee"}
CUSTOMER = {"kind": "customer", "from": "acmee", "to": "acme"}
GRANTED = {"kind": "grant", "customer": "acme", "from": "hello", "to": "welcome"}
SUBSCRIBED = {"kind": "subscription", "customer": "acme", "from": "default", "to": "main"}
BEFORE: Document = {
    **ACMEE,
    "grants": [{**GRANT, "key": "hello"}],
    "subscriptions": [{"key": "default", "plan": "basic"}],
}


def files(*customers: Document, moved: tuple[Document, ...] = ()) -> Desired:
    document = {"_info": {"owner": "us"}, "plans": [PLAN], "customers": list(customers), "moved": list(moved)}
    return declared(yaml.safe_dump(document))


def told(plan: PlanFile) -> list[str]:
    """What a plan file says, but for notes: verbs, codes and guards."""
    changes = [f"{change.verb} {change.address.text} {change.code}".strip() for change in plan.changes]
    return [*changes, *(guard.code for guard in plan.guards)]


EVERYTHING = (CUSTOMER, GRANTED, SUBSCRIBED)


def test_everything_moved_is_taken_as_it_is_and_later_runs_are_empty() -> None:
    world = World()
    world.sync(files(BEFORE))
    before = end_state(world)
    after = files(ACME, moved=EVERYTHING)

    runs = [world.sync(after), world.sync(after)]

    assert [(told(run.plan), run.report.results) for run in runs] == [([], ()), ([], ())]
    assert end_state(world).rows == before.rows


def test_on_a_new_server_what_was_moved_makes_no_difference() -> None:
    moved, plain = World(), World()
    moved.sync(files(ACME, moved=EVERYTHING))
    plain.sync(files(ACME))

    assert end_state(moved).rows == end_state(plain).rows
    assert told(moved.plan(files(ACME, moved=EVERYTHING))) == []


def test_a_key_that_was_moved_twice_is_found_under_any_of_its_names() -> None:
    world = World()
    world.sync(files({**ACME, "key": "first"}))
    chain = (
        {"kind": "customer", "from": "first", "to": "second"},
        {"kind": "customer", "from": "second", "to": "acme"},
    )

    assert told(world.plan(files(ACME, moved=chain))) == []
    assert told(world.plan(files(ACME, moved=chain[::-1]))) == []


def test_a_moved_customer_is_updated_and_gets_more_under_its_old_key() -> None:
    world = World()
    world.sync(files(ACMEE))
    bonus = {**GRANT, "key": "bonus", "name": "Bonus", "amount": "5"}
    after = files({**ACME, "name": "Acme Inc.", "grants": [GRANT, bonus]}, moved=(CUSTOMER,))

    text = world.plan_file(after)
    report = world.run_plan_file(text)

    assert to_json(from_json(text)) == text
    assert [(result.step.id, result.status.value) for result in report.results] == [
        ("customer/acme:update", "done"),
        ("grant/acme/bonus:create", "done"),
    ]
    assert told(world.plan(after)) == []


@pytest.mark.parametrize(
    ("before", "moved", "code"),
    [
        ((ACMEE, ACME), CUSTOMER, "moving customer/acmee moved-and-live"),
        (({**ACME, "grants": [GRANT, {**GRANT, "key": "hello"}]},), GRANTED, "moving grant/acme/hello moved-and-live"),
    ],
)
def test_what_is_live_under_both_keys_is_refused_and_left_alone(
    before: tuple[Document, ...], moved: Document, code: str
) -> None:
    world = World()
    world.sync(files(*before))

    plan = world.plan(files(ACME, moved=(moved,)))

    assert (told(plan), plan.steps) == ([code], ())


def test_an_ended_subscription_under_its_old_key_has_ended() -> None:
    world = World()
    world.sync(files({**ACME, "subscriptions": [{"key": "default", "plan": "basic"}]}))
    with world.http() as http:
        row = http.get("subscriptions").json()["data"][0]
        http.post(f"subscriptions/{row['id']}/cancel", json={"timing": "immediate"}).raise_for_status()
    again = {**ACME, "subscriptions": [{"key": "main", "plan": "basic", "restart": True}]}

    refused = world.plan(files(ACME, moved=(SUBSCRIBED,)))
    begun = world.sync(files(again, moved=(SUBSCRIBED,)))

    assert told(refused) == ["updating subscription/acme/main chain-ended"]
    assert (told(begun.plan), begun.report.succeeded) == (["subscribing subscription/acme/main"], True)
    assert told(world.plan(files(again, moved=(SUBSCRIBED,)))) == []


def test_a_moved_customer_whose_mode_is_apply_is_found_too() -> None:
    world = World()
    world.sync(files(BEFORE))

    assert told(world.plan(files(ACME, moved=EVERYTHING), mode="apply", deletes=False)) == []


SUBJECTS = {"usage_attribution": {"subject_keys": ["acme-prod"]}}
FULL = {
    **SUBJECTS,
    "description": "Ours",
    "labels": {"team": "one"},
    "primary_email": "a@acme.example",
    "currency": "USD",
    "billing_address": {"country": "DE", "postal_code": "28195", "line1": "Am Markt 1"},
}


@pytest.mark.parametrize("fields", [SUBJECTS, FULL])
def test_a_moved_customer_gets_its_key_where_the_server_can_change_it(fields: Document) -> None:
    """Then the entry may be taken out of the file."""
    world = World()
    world.sync(files({**ACMEE, **fields, "subscriptions": []}))
    before = end_state(world)
    after = {**ACME, **fields, "subscriptions": []}

    run = world.sync(files(after, moved=(CUSTOMER,)))

    assert [(f.name, f.old, f.new) for change in run.plan.changes for f in change.fields] == [("key", "acmee", "acme")]
    assert [(result.step.id, result.status.value) for result in run.report.results] == [
        ("customer/acme:rename", "done")
    ]
    assert (told(world.plan(files(after, moved=(CUSTOMER,)))), told(world.plan(files(after)))) == ([], [])
    assert repr(end_state(world)) == repr(before).replace("acmee", "acme")


def test_other_changes_go_before_the_new_key() -> None:
    world = World()
    address = {"billing_address": {"country": "DE", "line2": "b"}}
    world.sync(files({**ACMEE, **SUBJECTS, **address, "subscriptions": []}))
    changed = {
        **ACME,
        **SUBJECTS,
        "subscriptions": [],
        "name": "Acme Inc.",
        "billing_address": {"country": "DE", "line2": None},
    }
    bonus = {**GRANT, "key": "bonus", "name": "Bonus", "amount": "5"}
    after = files({**changed, "grants": [GRANT, bonus]}, moved=(CUSTOMER,))

    report = world.run_plan_file(world.plan_file(after))

    assert [(result.step.id, result.status.value) for result in report.results] == [
        ("customer/acme:update", "done"),
        ("customer/acme:update-2", "done"),
        ("customer/acme:rename", "done"),
        ("grant/acme/bonus:create", "done"),
    ]
    assert told(world.plan(after)) == []


@pytest.mark.parametrize("subjects", [(), ("acme-prod",), ("acme-prod", "acmee")])
def test_a_key_by_which_usage_is_found_stays_while_a_subscription_runs(subjects: tuple[str, ...]) -> None:
    """It is found by the key beside the subjects: another key would take away what was used, or add to it."""
    claimed = {"usage_attribution": {"subject_keys": list(subjects)}} if subjects else {}
    world = World()
    world.sync(files({**ACMEE, **claimed}))
    running = world.plan(files({**ACME, **claimed}, moved=(CUSTOMER,)))
    with world.http() as http:
        row = http.get("subscriptions").json()["data"][0]
        http.post(f"subscriptions/{row['id']}/cancel", json={"timing": "immediate"}).raise_for_status()

    ended = world.plan(files({**ACME, **claimed, "subscriptions": []}, moved=(CUSTOMER,)))

    assert told(running) == []
    assert told(ended) == ["updating customer/acme"]


def test_an_undeclared_subscription_keeps_its_key_among_many_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription that isn't declared keeps its key, also where each customer is read for itself."""
    monkeypatch.setattr("billsync.core.changes.read_set.FEW", 0)
    world = World()
    world.sync(files(ACMEE))

    plan = world.plan(files({"key": "acme", "name": ACME["name"]}, moved=(CUSTOMER,)))

    assert [step.id for step in plan.steps] == []


def test_a_customer_that_somebody_else_made_keeps_its_key() -> None:
    world = World()
    with world.http() as http:
        http.post("customers", json={"key": "acmee", "name": "Acme", **SUBJECTS}).raise_for_status()

    plan = world.plan(files({"key": "acme", "name": "Acme"}, moved=(CUSTOMER,)))

    assert told(plan) == ["publishing plan/basic@1"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_new_key_survives_whatever_happens_to_its_call(fault: Fault) -> None:
    world = World()
    world.sync(files({**ACMEE, **SUBJECTS, "subscriptions": []}))
    after = files({**ACME, **SUBJECTS, "subscriptions": []}, moved=(CUSTOMER,))
    with world.http() as http:
        customer = http.get("customers").json()["data"][0]["id"]
    point = Point("PUT", f"/api/v1/customers/{customer}")
    wires: list[FaultyTransport] = []

    def struck(inner: httpx.BaseTransport) -> FaultyTransport:
        wires.append(FaultyTransport(inner, fault, point))
        return wires[-1]

    with suppress(RemoteError, Killed):
        world.sync(after, wrap=struck)
    again = world.sync(after)

    assert (wires[0].struck, again.report.succeeded) == (True, True)
    assert told(world.plan(after)) == []
    assert [row["key"] for row in end_state(world).rows["customer"]] == ["acme"]
