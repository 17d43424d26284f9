"""Drafts that two runs leave are named by every diff, and go with the owner's next run; somebody's work never does."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.model.change import Outcome, PlanFile
from billsync.model.ports import RemoteError
from tests.support.budgets import examples
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: payments}
features: [{key: support, name: Support}]
addons:
  - {key: extra, name: Extra, currency: USD, instance_type: single,
     rate_cards: [{feature: support, price: {type: flat, amount: "5"}}]}
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,
     phases: [{key: default, name: Default, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "1"}}]}],
     addons: [{addon: extra}]}
"""
DEARER = {"plan": SHOP.replace('amount: "1"', 'amount: "2"'), "addon": SHOP.replace('amount: "5"', 'amount: "6"')}
ENTITY = {"plan": "plan/pro", "addon": "addon/extra"}
SENT = {
    "plan": ("key", "name", "currency", "billing_cadence", "phases"),
    "addon": ("key", "name", "currency", "instance_type", "labels", "rate_cards"),
}


def shop(text: str = SHOP) -> World:
    world = World()
    assert world.sync(declared(text)).report.succeeded
    return world


def rows(world: World, path: str, **fields: Any) -> list[dict[str, Any]]:
    with world.http() as http:
        found: list[dict[str, Any]] = http.get(path).json()["data"]
    return [row for row in found if fields.items() <= row.items()]


def drafts(world: World) -> list[str]:
    return [f"{path}/{row['key']}" for path in ("plans", "addons") for row in rows(world, path, status="draft")]


def copied(world: World, kind: str, *, attached: bool = False, **other: Any) -> None:
    """A draft like the active version, as a run makes it that is overtaken before it publishes."""
    [active] = rows(world, f"{kind}s", status="active")
    sent = {name: active[name] for name in SENT[kind]} | other
    with world.http() as http:
        draft = http.post(f"{kind}s", json=sent)
        draft.raise_for_status()
        if attached:
            [extra] = rows(world, "addons", status="active")
            body = {"name": "Extra", "addon": {"id": extra["id"]}, "from_plan_phase": "default"}
            http.post(f"plans/{draft.json()['id']}/addons", json=body).raise_for_status()


def told(plan: PlanFile) -> list[tuple[str, str, str]]:
    return [(c.address.text, c.outcome.value, c.code) for c in plan.changes]


@pytest.mark.parametrize(("kind", "attached"), [("plan", False), ("plan", True), ("addon", False)])
def test_a_draft_equal_to_the_active_version_is_named_and_deleted(kind: str, attached: bool) -> None:
    world = shop()
    copied(world, kind, attached=attached)

    run = world.sync(declared(SHOP))

    assert told(run.plan) == [(f"{ENTITY[kind]}@2", "pending", "left-over-draft")]
    assert run.report.succeeded
    assert (drafts(world), world.plan(declared(SHOP)).changes) == ([], ())


def test_what_was_attached_to_a_deleted_draft_holds_on_to_nothing() -> None:
    world = shop()
    copied(world, "plan", attached=True)
    plan = rows(world, "plans", status="draft")[0]["id"]

    world.sync(declared(SHOP))

    assert rows(world, f"plans/{plan}/addons") == []


@pytest.mark.parametrize("kind", ENTITY)
def test_a_change_deletes_the_left_over_draft_first(kind: str) -> None:
    world = shop()
    copied(world, kind)

    run = world.sync(declared(DEARER[kind]))

    assert (f"{ENTITY[kind]}@2", "pending", "left-over-draft") in told(run.plan)
    assert (f"{ENTITY[kind]}@3", "pending", "") in told(run.plan)
    assert run.report.succeeded
    assert (drafts(world), world.plan(declared(DEARER[kind])).changes) == ([], ())


@pytest.mark.parametrize("kind", ENTITY)
def test_apply_deletes_no_draft_and_says_what_does(kind: str) -> None:
    world = shop()
    copied(world, kind)

    unchanged = world.plan(declared(SHOP), mode="apply", deletes=False)
    dearer = world.plan(declared(DEARER[kind]), mode="apply", deletes=False)

    assert [(c.outcome, c.hint) for c in unchanged.changes] == [(Outcome.NOTE, "`sync` deletes it")]
    assert [c.hint for c in dearer.changes if c.code == "foreign-draft"] == ["`sync` deletes it"]
    assert dearer.steps == ()


@pytest.mark.parametrize("kind", ENTITY)
def test_a_draft_with_other_content_is_named_by_every_diff_and_left_alone(kind: str) -> None:
    world = shop()
    copied(world, kind, name="Somebody's work")

    run = world.sync(declared(SHOP))
    dearer = world.sync(declared(DEARER[kind]))

    assert told(run.plan) == [(f"{ENTITY[kind]}@2", "note", "foreign-draft")]
    assert (ENTITY[kind], "refused", "foreign-draft") in told(dearer.plan)
    assert len(drafts(world)) == 1


def test_a_draft_of_an_addon_with_another_owners_label_is_left_alone() -> None:
    world = shop()
    copied(world, "addon", labels={"billsync_owner": "somebody"})

    run = world.sync(declared(SHOP))

    assert told(run.plan) == [("addon/extra@2", "note", "foreign-draft")]
    assert drafts(world) == ["addons/extra"]


def test_a_draft_that_was_changed_after_the_decision_is_not_deleted() -> None:
    world = shop()
    copied(world, "plan")
    decided = world.plan(declared(SHOP))
    draft = rows(world, "plans", status="draft")[0]
    with world.http() as http:
        http.put(f"plans/{draft['id']}", json={"name": "Work", "phases": draft["phases"]}).raise_for_status()

    report = world.carry_out(decided)

    assert [result.status.value for result in report.results] == ["stale"]
    assert drafts(world) == ["plans/pro"]


def test_many_left_over_drafts_trip_no_guard() -> None:
    plans = "\n".join(
        f"  - {{key: p{n}, name: P, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,\n"
        "     phases: [{key: d, name: D, rate_cards: [{key: fee, name: Fee, price: {type: free}}]}]}"
        for n in range(12)
    )
    text = f"_info: {{owner: payments}}\nplans:\n{plans}\n"
    world = shop(text)
    with world.http() as http:
        for row in rows(world, "plans"):
            http.post("plans", json={name: row[name] for name in SENT["plan"]}).raise_for_status()

    run = world.sync(declared(text))

    assert (run.plan.guards, len(run.plan.steps), drafts(world)) == ((), 12, [])


@dataclass(slots=True)
class Overtaken(httpx.BaseTransport):
    """A client that is overtaken by another one's whole run, before or after one of its calls."""

    inner: httpx.BaseTransport
    world: World
    text: str
    call: int
    before: bool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The server's answer, with the other run around it."""
        self.call -= request.method != "GET"
        strikes = self.call == 0 and request.method != "GET"
        if strikes and self.before:
            self.world.sync(declared(self.text))
        response = self.inner.handle_request(request)
        response.read()
        if strikes and not self.before:
            self.world.sync(declared(self.text))
        return response


@settings(max_examples=examples(15), deadline=None)
@given(
    kind=st.sampled_from(sorted(ENTITY)),
    other=st.sampled_from(["same", "older"]),
    call=st.integers(1, 7),
    before=st.booleans(),
)
def test_however_two_runs_meet_no_draft_is_left_unnamed(kind: str, other: str, call: int, before: bool) -> None:
    """Runs of one state leave none after the next run; one of another state may look like somebody's work."""
    world = shop()
    wanted = DEARER[kind]
    text = wanted if other == "same" else SHOP
    with suppress(RemoteError):
        world.sync(declared(wanted), wrap=lambda inner: Overtaken(inner, world, text, call, before))

    named = [named_in(world.plan(declared(wanted)))]
    left = [set(drafts(world))]
    for _ in range(2):
        world.sync(declared(wanted))
        named.append(named_in(world.plan(declared(wanted))))
        left.append(set(drafts(world)))

    assert all(there <= told for there, told in zip(left, named, strict=True))
    assert left[-1] == set() or other == "older"


def named_in(plan: PlanFile) -> set[str]:
    return {f"{c.address.kind}s/{c.address.key}" for c in plan.changes}
