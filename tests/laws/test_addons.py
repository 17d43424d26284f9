"""Add-ons and the plans that offer them, on a local server: who owns them, what waits, and what a break leaves."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.app.planning.pipeline import everything
from billsync.app.recovery.restoring import planned
from billsync.core.dump.dump import dump
from billsync.core.dump.losses import told
from billsync.core.plan_file import from_json
from billsync.kinds.registry import KINDS
from billsync.model.address import part_address
from billsync.model.change import Outcome, PlanFile
from billsync.model.note import Note
from billsync.model.result import Status
from billsync.report.recovery.restore.choices import Choices
from tests.support.end_state import end_state
from tests.support.recoveries import recovery_of
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

BLOCKS = """
  - key: blocks
    name: Blocks
    currency: USD
    instance_type: multiple
    rate_cards: [{key: block, name: Block, price: {type: flat, amount: "15"}, billing_cadence: P1M}]
"""
SUPPORT = """
  - key: support
    name: Support
    currency: USD
    instance_type: single
    rate_cards: [{key: support_fee, name: Support, price: {type: flat, amount: "9"}, billing_cadence: P1M}]
"""
PLAN = """
plans:
  - key: team
    name: Team
    currency: USD
    billing_cadence: P1M
    phases: [{key: default, name: Default, rate_cards: [{key: base, name: Base, price: {type: free}}]}]
    addons: [{addon: blocks, max_quantity: 20}, {addon: support}]
"""
OWNED = "_info: {owner: payments}\n"
WHOLE = f"{OWNED}addons:{BLOCKS}{SUPPORT}{PLAN}"
DEARER = WHOLE.replace('"15"', '"18"')
CREATED = 201
CARD = {"key": "block", "name": "Block", "price": {"type": "flat", "amount": "15"}, "billing_cadence": "P1M"}
BLOCKS_BODY = {"key": "blocks", "name": "Blocks", "currency": "USD", "instance_type": "multiple", "rate_cards": [CARD]}


@pytest.fixture
def world() -> World:
    return World()


def outcomes(plan: PlanFile) -> dict[str, str]:
    return {change.address.text: change.code or change.outcome.value for change in plan.changes}


def broken_off(world: World, text: str, *, after: str) -> None:
    """A run of the files that does nothing after a step."""
    plan = from_json(world.plan_file(declared(text)))
    ids = [step.id for step in plan.steps]
    with world.http() as http:
        known: dict[str, str] = {}
        for step in plan.steps[: ids.index(after) + 1]:
            path = step.call.path.removeprefix("/openmeter/")
            for name, server_id in known.items():
                path = path.replace(f"{{{name}}}", server_id)
            answer = http.request(step.call.method, path, json=bound(step.call.body, known))
            answer.raise_for_status()
            if step.id.endswith(":create"):
                known[step.address.text] = answer.json()["id"]
            if ":attach-" in step.id:
                member = step.call.body["addon"]["id"].address
                known[part_address(step.address, "addons", member).text] = answer.json()["id"]


def bound(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: bound(item, known) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [bound(item, known) for item in value]
    return known[value.address.text] if hasattr(value, "address") else value


def made_elsewhere(world: World, **labels: str) -> None:
    """An add-on `blocks` in force that billsync did not make."""
    with world.http() as http:
        answer = http.post("addons", json={**BLOCKS_BODY, "labels": labels})
        assert answer.status_code == CREATED
        http.post(f"addons/{answer.json()['id']}/publish").raise_for_status()


@pytest.mark.parametrize("labels", [{}, {"billsync_owner": "others"}])
def test_an_addon_that_is_as_declared_is_left_alone_whoever_made_it(world: World, labels: dict[str, str]) -> None:
    made_elsewhere(world, **labels)

    run = world.sync(declared(WHOLE))

    assert outcomes(run.plan) == {"addon/support@1": "pending", "plan/team@1": "pending"}
    assert world.plan(declared(WHOLE)).changes == ()


@pytest.mark.parametrize(("labels", "code"), [({}, "not-owned"), ({"billsync_owner": "others"}, "other-owner")])
def test_an_addon_that_is_not_ours_is_not_changed_and_its_plan_is_blocked(
    world: World, labels: dict[str, str], code: str
) -> None:
    made_elsewhere(world, **labels)

    run = world.sync(declared(DEARER))

    assert outcomes(run.plan) == {"addon/blocks": code, "addon/support@1": "pending", "plan/team@1": "blocked"}
    assert end_state(world).versions("blocks", "addon") == 1


def test_an_adopted_addon_gets_its_owner_with_the_next_version(world: World) -> None:
    """An adopted add-on gets its owner's label with the next version, and keeps its other labels."""
    made_elsewhere(world, team="growth")

    world.sync(declared(f"{DEARER}adopted: {{addons: [blocks]}}\n"))

    with world.http() as http:
        rows = http.get("addons", params={"filter[key]": "blocks", "sort": "version"}).json()["data"]
    assert [row["labels"] for row in rows] == [{"team": "growth"}, {"team": "growth", "billsync_owner": "payments"}]


def test_addons_are_published_before_the_plan_they_are_attached_to(world: World) -> None:
    """Steps for an add-on come before those for its plan; attaching comes before the plan's publish."""
    world.sync(declared(WHOLE))

    plan = world.plan(declared(DEARER))

    assert [step.id for step in plan.steps] == [
        "addon/blocks@2:create", "addon/blocks@2:publish",
        "plan/team@2:create", "plan/team@2:attach-blocks", "plan/team@2:mark-blocks", "plan/team@2:attach-support",
        "plan/team@2:mark-support", "plan/team@2:publish",
    ]  # fmt: skip


@pytest.mark.parametrize("after", ["create", "attach-blocks", "attach-support"])
def test_a_draft_left_by_a_broken_run_is_completed_and_published(world: World, after: str) -> None:
    """A draft that a broken run left gets the add-ons that it lacks, and is published."""
    broken_off(world, WHOLE, after=f"plan/team@1:{after}")

    run = world.sync(declared(WHOLE))

    unmarked = {result.status for result in run.report.results if result.step.verb != "marking"}
    assert (run.report.succeeded, unmarked) == (True, {Status.DONE})
    assert "plan/team@1:create" not in {step.id for step in run.plan.steps}
    assert (end_state(world).versions("team"), len(end_state(world).rows["plan_addon"])) == (1, 2)
    assert world.plan(declared(WHOLE)).changes == ()


@pytest.mark.parametrize("after", ["attach-blocks", "mark-blocks", "attach-support"])
def test_what_a_plan_offers_carries_its_owner_also_where_a_run_broke_off(world: World, after: str) -> None:
    """The server keeps labels of what is attached only when it is changed, and an owner's mark is no difference."""
    broken_off(world, WHOLE, after=f"plan/team@1:{after}")

    world.sync(declared(WHOLE))

    marked = [row["labels"] for row in end_state(world).rows["plan_addon"]]
    assert marked == [{"billsync_owner": "payments"}] * 2


def test_a_draft_with_an_addon_that_nobody_wants_is_somebody_elses(world: World) -> None:
    broken_off(world, WHOLE, after="plan/team@1:attach-support")

    run = world.sync(declared(WHOLE.replace(", {addon: support}", "")))

    assert outcomes(run.plan) == {"plan/team": "foreign-draft"}
    assert run.plan.changes[0].hint.endswith("delete it (detach what is attached to it first: it would stay behind)")


def draft_made_elsewhere(world: World, **labels: str) -> None:
    """A draft of the add-on `blocks` with the wanted content that billsync did not make."""
    with world.http() as http:
        http.post("addons", json={**BLOCKS_BODY, "labels": labels}).raise_for_status()


def test_an_adopted_draft_with_the_wanted_content_is_published_as_it_is(world: World) -> None:
    draft_made_elsewhere(world, team="growth")
    files = declared(f"{WHOLE}adopted: {{addons: [blocks]}}\n")

    run = world.sync(files)

    with world.http() as http:
        (row,) = http.get("addons", params={"filter[key]": "blocks"}).json()["data"]
    assert outcomes(run.plan) == dict.fromkeys(("addon/blocks@1", "addon/support@1", "plan/team@1"), "pending")
    assert (row["status"], row["labels"]) == ("active", {"team": "growth"})
    assert world.plan(files).changes == ()


@pytest.mark.parametrize(
    ("labels", "adopted"),
    [({}, "{plans: [team]}"), ({"billsync_owner": "others"}, "{addons: [blocks]}")],
)
def test_a_draft_with_the_wanted_content_that_is_not_ours_stays_a_draft(
    world: World, labels: dict[str, str], adopted: str
) -> None:
    draft_made_elsewhere(world, **labels)

    run = world.sync(declared(f"{WHOLE}adopted: {adopted}\n"))

    assert outcomes(run.plan) == {
        "addon/blocks": "foreign-draft", "addon/support@1": "pending", "plan/team@1": "blocked",
    }  # fmt: skip
    assert run.plan.changes[0].reason == (
        "addon/blocks@1 is a draft with the wanted content, but not yours, and the server allows one draft at a time"
    )
    assert run.plan.changes[0].hint == (
        "list it under `adopted: {addons: [blocks]}` to publish it as it is; else delete it"
        if not labels
        else "leave it to its owner 'others', or publish or delete it"
    )


def test_nobody_is_told_to_stay_because_of_a_version_that_will_not_come(world: World) -> None:
    customers = "customers: [{key: acme, name: Acme, subscription: {plan: team}}]\n"
    world.sync(declared(f"{WHOLE}{customers}"))

    blocked = world.plan(declared(f"{DEARER}{customers}".replace("payments", "others")))
    coming = world.plan(declared(f"{DEARER}{customers}"))

    assert "plan/team@1" not in outcomes(blocked)
    assert outcomes(blocked)["plan/team"] == "other-owner"
    assert outcomes(coming)["plan/team@1"] == "grandfathered"


@pytest.mark.parametrize("after", ["addon/support@1:publish", "plan/team@1:create", "plan/team@1:attach-blocks"])
def test_a_plan_file_goes_on_where_it_broke_off_and_does_nothing_twice(world: World, after: str) -> None:
    saved = world.plan_file(declared(WHOLE))
    broken_off(world, WHOLE, after=after)

    first, second = world.run_plan_file(saved), world.run_plan_file(saved)

    assert {result.status for result in first.results} == {Status.ALREADY, Status.DONE}
    assert {result.status for result in second.results} == {Status.ALREADY}
    assert world.plan(declared(WHOLE)).changes == ()


def test_an_addon_that_a_plan_still_offers_waits(world: World) -> None:
    """The removal of an add-on waits until no plan offers it any more."""
    world.sync(declared(WHOLE))

    waiting = world.plan(
        declared(f"{OWNED}meters: [{{key: m, name: M, event_type: m, aggregation: count}}]\naddons: []\n")
    )
    world.sync(declared(WHOLE.replace(", {addon: support}", "")))
    going = world.plan(declared(f"{OWNED}addons:{BLOCKS}"))

    assert {c.address.text: (c.outcome, c.reason) for c in waiting.changes} == {
        "addon/blocks@1": (Outcome.WAITING, "plan/team@1 still uses it; it is deleted when that has ended"),
        "addon/support@1": (Outcome.WAITING, "plan/team@1 still uses it; it is deleted when that has ended"),
        "meter/m": (Outcome.PENDING, ""),
    }
    assert [step.id for step in going.steps] == ["addon/support@1:archive"]


def test_an_addon_goes_after_the_plan_that_offered_it(world: World) -> None:
    world.sync(declared(WHOLE))

    run = world.sync(declared(f"{OWNED}addons:{BLOCKS}{PLAN.replace(', {addon: support}', '')}"))

    assert [result.step.id for result in run.report.results if result.status is Status.DONE] == [
        "plan/team@2:create", "plan/team@2:attach-blocks", "plan/team@2:mark-blocks", "plan/team@2:publish",
        "addon/support@1:archive",
    ]  # fmt: skip


def test_a_feature_that_an_addon_of_other_files_sells_waits(world: World) -> None:
    features = "features: [{key: seats, name: Seats}, {key: other, name: Other}]\n"
    sold = BLOCKS.replace("key: block,", "feature: seats,")
    world.sync(declared(f"{OWNED}{features}addons:{sold}"))

    plan = world.plan(declared(f"{OWNED}features: [{{key: other, name: Other}}]\n"))

    assert outcomes(plan) == {"feature/seats": "in-use"}


def test_a_plan_with_an_addon_without_an_active_version_is_refused(world: World) -> None:
    plan = world.plan(declared(f"{OWNED}external: {{addons: [blocks, support]}}\n{PLAN}"))

    assert {c.address.text: (c.code, c.reason) for c in plan.changes} == {
        "plan/team": ("no-active-version", "it refers to addon/blocks, addon/support, which have no active version")
    }


def test_a_plan_offers_an_addon_of_other_files_under_its_name(world: World) -> None:
    world.sync(declared(f"{OWNED}addons:{BLOCKS}{SUPPORT}"))

    plan = world.plan(declared(f"{OWNED}external: {{addons: [blocks, support]}}\n{PLAN}"))

    sent = [step.call.body["name"] for step in plan.steps if step.verb == "attaching"]
    assert sent == ["Blocks", "Support"]


def test_what_is_dumped_is_no_difference_and_an_outdated_addon_is_noted(world: World) -> None:
    world.sync(declared(WHOLE))
    connection = world.connection()
    dumped = dump(everything(connection), KINDS, connection.routes)

    world.sync(declared(f"{OWNED}addons:{BLOCKS.replace('15', '18')}{SUPPORT}"))
    later = dump(everything(connection), KINDS, connection.routes)

    assert dumped.document["plans"][0]["addons"] == [
        {"addon": "blocks", "from_plan_phase": "default", "max_quantity": 20},
        {"addon": "support", "from_plan_phase": "default"},
    ]
    assert [addon.get("labels") for addon in dumped.document["addons"]] == [None, None]
    assert told(dumped.losses) == (
        Note("unreadable", "settlement_mode of a plan can't be read: each subscription says its own"),
    )
    outdated = "plan/team has addon/blocks@1, and addon/blocks@2 is active: a sync makes a new version"
    assert Note("outdated-reference", outdated) in told(later.losses)


def test_a_draft_without_cards_stands_in_nobodys_way(world: World) -> None:
    """Somebody composes an add-on in a portal: the server shows null for its cards (catalog-facts.md §5)."""
    with world.http() as http:
        draft = http.post("addons", json={**BLOCKS_BODY, "rate_cards": []})
    connection = world.connection()

    dumped = dump(everything(connection), KINDS, connection.routes)
    plan = world.plan(declared(f"{OWNED}addons:{BLOCKS}{SUPPORT}"))
    recovery = recovery_of(world)
    restored = planned(World(seed=2).connection(), recovery, Choices())

    assert (draft.status_code, draft.json()["rate_cards"]) == (CREATED, None)
    assert "addon/blocks: left out @1 (draft); a file declares the active version" in {
        one.text for one in dumped.losses
    }
    assert outcomes(plan) == {"addon/blocks": "foreign-draft", "addon/support@1": "pending"}
    assert restored.plan.steps == ()
