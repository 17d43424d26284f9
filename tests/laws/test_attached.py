"""Add-ons of subscriptions: attached, changed and detached as declared, each at its time, and nothing of it twice."""

from collections.abc import Mapping
from typing import Any

import pytest

from billsync.app.dump.dumping import dump_everything
from billsync.core.observed.chain_refusals import SCHEDULED_ELSEWHERE
from billsync.model.change import Change, Outcome
from billsync.model.result import Status
from tests.support.world import Run, World, declared

pytestmark = pytest.mark.thorough

DAY = 86_400.0
CATALOG = """\
_info:
  owner: payments
  defaults: {plan: {currency: USD, billing_cadence: P1M, settlement_mode: credit_only}, addon: {currency: USD}}
rate_cards:
  base: {key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "10"}}
addons:
  - key: blocks
    name: Blocks
    instance_type: multiple
    rate_cards: [{key: blocks, name: Blocks, billing_cadence: P1M, price: {type: flat, amount: "5"}}]
  - key: maps
    name: Maps
    instance_type: single
    rate_cards: [{key: maps, name: Maps, billing_cadence: P1M, price: {type: flat, amount: "3"}}]
plans:
  - {key: pro, name: Pro, phases: [{key: first, name: First, rate_cards: [{use: base}]}],
     addons: [{addon: blocks, max_quantity: 4}, {addon: maps}]}
  - {key: max, name: Max, phases: [{key: first, name: First, rate_cards: [{use: base}]}], addons: [{addon: blocks}]}
  - key: later
    name: Later
    phases:
      - {key: first, name: First, duration: P10D, rate_cards: [{use: base}]}
      - {key: second, name: Second, rate_cards: [{use: base}]}
    addons: [{addon: blocks, from_plan_phase: second}]
"""
CUSTOMER = "customers: [{key: acme, name: Acme, subscription: {SUBSCRIPTION}}]\n"
TWO = "addons: [{addon: blocks, quantity: 2}]"
THREE = "addons: [{addon: blocks, quantity: 3}]"
NONE = "addons: []"
NOW, LATER = "change: immediate, ", "change: at_renewal, "


def text(subscription: str) -> str:
    return CATALOG + CUSTOMER.replace("SUBSCRIPTION", subscription)


@pytest.fixture
def world() -> World:
    """A customer with two blocks on `pro`, a day after the start."""
    world = World()
    made = sync(world, f"plan: pro, {TWO}")
    assert {result.status for result in made.report.results} == {Status.DONE}
    world.clock.advance(DAY)
    return world


def sync(world: World, subscription: str, **allow: str) -> Run:
    return world.sync(declared(text(subscription)), allow={name.replace("_", "-"): "" for name in allow})


def told(run: Run) -> list[tuple[str, str, str]]:
    """The verb, the outcome and the code of each change of the subscription."""
    return [(c.verb, c.outcome.value, c.code) for c in run.plan.changes if c.address.kind == "subscription"]


def fields(change: Change) -> list[tuple[str, Any, Any]]:
    return [(field.name, field.old, field.new) for field in change.fields if field.path[0] == "addons"]


def again(world: World, subscription: str) -> list[Change]:
    """What another run would do; a second run of each story asks for it."""
    plan = world.plan(declared(text(subscription)))
    return [change for change in plan.changes if change.outcome is Outcome.PENDING]


def links(world: World) -> list[dict[str, Any]]:
    with world.http() as http:
        found: list[dict[str, Any]] = http.get("/subscriptions", params={"sort": "active_from"}).json()["data"]
    return found


def addons(world: World, place: int = -1) -> Mapping[str, tuple[int, list[int]]]:
    """By key, the quantity now and the quantities over time of a subscription's add-ons, the newest one's."""
    with world.http() as http:
        keys = {row["id"]: row["key"] for row in http.get("/addons").json()["data"]}
        rows = http.get(f"/subscriptions/{links(world)[place]['id']}/addons").json()["data"]
    return {keys[row["addon"]["id"]]: (row["quantity"], [one["quantity"] for one in row["timeline"]]) for row in rows}


def by_hand(world: World, addon: str, quantity: int, timing: str = "immediate") -> None:
    """Attach an add-on as somebody does in a portal."""
    with world.http() as http:
        (addon_id,) = [row["id"] for row in http.get("/addons").json()["data"] if row["key"] == addon]
        body = {"addon": {"id": addon_id}, "quantity": quantity, "timing": timing}
        answer = http.post(f"/subscriptions/{links(world)[-1]['id']}/addons", json=body)
        assert answer.status_code == 201, answer.text


def test_a_new_subscription_begins_with_its_add_ons(world: World) -> None:
    assert addons(world) == {"blocks": (2, [2])}
    assert again(world, f"plan: pro, {TWO}") == []


def test_without_a_timing_a_quantity_is_not_changed(world: World) -> None:
    run = sync(world, f"plan: pro, {THREE}")

    assert told(run) == [("updating", "refused", "no-timing")]
    assert addons(world) == {"blocks": (2, [2])}


def test_a_rule_of_transitions_gives_a_timing(world: World) -> None:
    rule = "transitions: [{from: pro, to: pro, timing: at_renewal}]"
    wanted = declared(text(f"plan: pro, {THREE}").replace("owner: payments", f"owner: payments\n  {rule}"))

    run = world.sync(wanted)

    assert [step.call.body for step in run.plan.steps] == [{"quantity": 3, "timing": "next_billing_cycle"}]


def test_a_quantity_is_changed_at_once(world: World) -> None:
    wanted = f"plan: pro, {NOW}{THREE}"

    run = sync(world, wanted)

    assert told(run) == [("updating", "pending", "")]
    assert fields(run.plan.changes[-1]) == [("addons.blocks.quantity", 2, 3)]
    assert addons(world) == {"blocks": (3, [2, 3])}
    assert again(world, wanted) == []


def test_a_quantity_that_changes_at_renewal_is_waited_for(world: World) -> None:
    wanted = f"plan: pro, {LATER}{THREE}"
    sync(world, wanted)

    run = sync(world, wanted)

    assert told(run) == [("updating", "waiting", "attached-scheduled")]
    assert "from 2026-10-01T00:00:00Z" in run.plan.changes[-1].reason
    assert addons(world) == {"blocks": (2, [2, 3])}
    world.clock.advance(31 * DAY)
    assert told(sync(world, wanted)) == []


def test_what_is_scheduled_is_taken_back_where_the_file_is(world: World) -> None:
    sync(world, f"plan: pro, {LATER}{THREE}")

    sync(world, f"plan: pro, {LATER}{TWO}")

    world.clock.advance(40 * DAY)
    assert addons(world)["blocks"][0] == 2
    assert again(world, f"plan: pro, {LATER}{TWO}") == []


def test_a_quantity_at_once_goes_before_what_is_scheduled(world: World) -> None:
    sync(world, f"plan: pro, {LATER}{THREE}")
    wanted = f"plan: pro, {NOW}addons: [{{addon: blocks, quantity: 4}}]"

    run = sync(world, wanted)

    assert fields(run.plan.changes[-1]) == [("addons.blocks.quantity", 2, 4)]
    assert addons(world)["blocks"][0] == 4
    world.clock.advance(40 * DAY)
    assert addons(world)["blocks"][0] == 4
    assert again(world, wanted) == []


@pytest.mark.parametrize(("wanted", "number"), [(THREE, 3), (NONE, 0)])
def test_a_scheduled_quantity_is_made_at_once_where_the_file_says_so(world: World, wanted: str, number: int) -> None:
    sync(world, f"plan: pro, {LATER}{wanted}")

    run = sync(world, f"plan: pro, {NOW}{wanted}")

    assert fields(run.plan.changes[-1]) == [("addons.blocks.quantity", 2, number or None)]
    assert addons(world)["blocks"][0] == number
    assert again(world, f"plan: pro, {NOW}{wanted}") == []


def test_only_what_is_scheduled_is_changed_where_that_is_all_that_differs(world: World) -> None:
    sync(world, f"plan: pro, {LATER}{THREE}")

    run = sync(world, f"plan: pro, {NOW}{TWO}")

    assert [step.call.body for step in run.plan.steps] == [{"quantity": 2, "timing": "2026-10-01T00:00:00Z"}]
    assert again(world, f"plan: pro, {NOW}{TWO}") == []


def test_an_add_on_is_detached_and_attached_again(world: World) -> None:
    """The row stays, so that the server would refuse to make another one."""
    gone = sync(world, f"plan: pro, {NOW}{NONE}")
    world.clock.advance(DAY)
    back = sync(world, f"plan: pro, {NOW}{TWO}")

    assert [told(gone), told(back)] == [[("detaching", "pending", "")], [("attaching", "pending", "")]]
    assert addons(world) == {"blocks": (2, [2, 0, 2])}
    assert again(world, f"plan: pro, {NOW}{TWO}") == []


def test_a_quantity_of_zero_is_none(world: World) -> None:
    sync(world, f"plan: pro, {NOW}addons: [{{addon: blocks, quantity: 0}}]")

    assert addons(world) == {"blocks": (0, [2, 0])}
    assert again(world, f"plan: pro, {NONE}") == []


def test_add_ons_that_no_file_declares_are_left_alone(world: World) -> None:
    by_hand(world, "maps", 1)

    assert told(sync(world, "plan: pro")) == []
    assert told(sync(world, f"plan: pro, {NOW}{TWO}")) == [("note", "note", "attached-elsewhere")]
    assert addons(world) == {"blocks": (2, [2]), "maps": (1, [1])}


def test_what_was_attached_elsewhere_is_changed_where_that_is_allowed(world: World) -> None:
    by_hand(world, "maps", 1)

    sync(world, f"plan: pro, {NOW}{TWO}", revert="")

    assert addons(world)["maps"][0] == 0


def test_what_was_scheduled_elsewhere_is_hastened_where_that_is_allowed(world: World) -> None:
    wanted = f"plan: pro, {NOW}{TWO[:-1]}, {{addon: maps}}]"
    by_hand(world, "maps", 1, "next_billing_cycle")

    (waiting,) = sync(world, wanted).plan.changes
    sync(world, wanted, revert="")

    assert (waiting.code, waiting.hint) == ("attached-scheduled", SCHEDULED_ELSEWHERE)
    assert addons(world)["maps"][0] == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (f"plan: pro, {NOW}addons: [{{addon: blocks, quantity: 5}}]", "attached-quantity"),
        (f"plan: pro, {NOW}{TWO[:-1]}, {{addon: maps, quantity: 2}}]", "attached-quantity"),
        (f"plan: max, {NOW}addons: [{{addon: maps}}]", "not-offered"),
        (f"plan: pro, {LATER}addons: [{{addon: blocks, quantity: 5}}]", "attached-quantity"),
    ],
)
def test_what_the_server_would_refuse_is_refused_before_the_first_write(world: World, wanted: str, code: str) -> None:
    run = sync(world, wanted)

    assert [found for _, _, found in told(run)] == [code]
    assert run.plan.steps == ()


def test_a_change_at_once_attaches_what_is_declared_again(world: World) -> None:
    wanted = f"plan: max, {NOW}{THREE}"

    run = sync(world, wanted, **{"dearer-plan": "", "bills-twice": ""})

    assert [step.id.rpartition(":")[2] for step in run.plan.steps] == ["change", "attaching-blocks"]
    assert fields(run.plan.changes[-1]) == [("addons.blocks.quantity", 2, 3)]
    assert addons(world) == {"blocks": (3, [3])}
    assert again(world, wanted) == []


def test_a_change_at_renewal_attaches_with_the_next_run_after_it(world: World) -> None:
    wanted = f"plan: max, {LATER}{TWO}"

    first, second = sync(world, wanted, **{"dearer-plan": ""}), sync(world, wanted)
    world.clock.advance(31 * DAY)
    third = sync(world, wanted)

    assert told(first) == [("changing", "pending", ""), ("updating", "waiting", "attached-later")]
    assert told(second) == [("updating", "waiting", "change-scheduled"), ("updating", "waiting", "attached-later")]
    assert "2026-10-01T00:00:00Z" in second.plan.changes[-1].reason
    assert told(third) == [("attaching", "pending", "")]
    assert [step.call.body["timing"] for step in third.plan.steps] == ["immediate"]
    assert addons(world) == {"blocks": (2, [2])}
    assert again(world, wanted) == []


@pytest.mark.parametrize("timing", [NOW, LATER])
def test_a_change_that_ends_what_no_file_declares_is_guarded(world: World, timing: str) -> None:
    wanted = f"plan: max, {timing.rstrip(', ')}"

    stopped = sync(world, wanted, **{"dearer-plan": "", "bills-twice": ""})
    done = sync(world, wanted, **{"dearer-plan": "", "bills-twice": "", "addons-lost": ""})

    assert [guard.code for guard in stopped.plan.guards] == ["addons-lost"]
    assert "addon 'blocks'" in stopped.plan.guards[0].reason
    assert fields(done.plan.changes[-1]) == [("addons.blocks.quantity", 2, None)]
    assert addons(world) == {}


def test_a_change_keeps_the_quantity_that_somebody_else_attached(world: World) -> None:
    """Attached again in the declared quantity, it would be undone."""
    sync(world, f"plan: pro, {NOW}{NONE}")
    by_hand(world, "maps", 1)
    sync(world, f"plan: max, {NOW}{NONE}", **{"dearer-plan": "", "bills-twice": "", "addons-lost": ""})
    by_hand(world, "blocks", 1)

    stopped = sync(world, f"plan: pro, {NOW}{TWO}")
    same = sync(world, f"plan: pro, {NOW}addons: [{{addon: blocks}}]")

    assert [guard.code for guard in stopped.plan.guards] == ["addons-lost"]
    assert same.plan.guards == ()


def test_an_add_on_that_the_file_drops_with_the_change_asks_nobody(world: World) -> None:
    run = sync(world, f"plan: max, {NOW}{NONE}", **{"dearer-plan": "", "bills-twice": ""})

    assert run.plan.guards == ()
    assert addons(world) == {}


def test_an_ending_subscription_keeps_its_add_ons(world: World) -> None:
    sync(world, f"plan: pro, ends: at_renewal, {TWO}", cancel="")

    run = sync(world, f"plan: pro, ends: at_renewal, {NOW}{THREE}")

    assert told(run) == [("updating", "refused", "attached-ending")]
    assert addons(world) == {"blocks": (2, [2])}


def test_an_add_on_is_attached_when_its_phase_has_begun() -> None:
    world = World()
    wanted = f"plan: later, {TWO}"

    first, second = sync(world, wanted), sync(world, wanted)
    world.clock.advance(11 * DAY)
    third = sync(world, wanted)

    assert told(first) == [("subscribing", "pending", ""), ("updating", "waiting", "attached-later")]
    assert told(second) == [("updating", "waiting", "attached-later")]
    assert "2026-09-11T00:00:00Z" in second.plan.changes[-1].reason
    assert told(third) == [("attaching", "pending", "")]
    assert again(world, wanted) == []


def test_what_a_begun_subscription_lacks_is_attached_at_once() -> None:
    """A run that stopped between the two calls leaves the rest to the next one, whatever the timing of changes is."""
    world = World()
    plan = world.plan(declared(text(f"plan: pro, {LATER}{TWO}")))
    world.carry_out(type(plan)(**{**_values(plan), "steps": plan.steps[:-1]}))
    assert addons(world) == {}

    run = sync(world, f"plan: pro, {LATER}{TWO}")

    assert [step.call.body["timing"] for step in run.plan.steps] == ["immediate"]


def _values(plan: Any) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__slots__}


def test_a_plan_file_that_is_run_twice_changes_nothing_twice(world: World) -> None:
    saved = world.plan_file(declared(text(f"plan: pro, {NOW}{THREE[:-1]}, {{addon: maps}}]")))

    first, second = world.run_plan_file(saved), world.run_plan_file(saved)

    assert [result.status for result in first.results] == [Status.DONE] * 2
    assert [result.status for result in second.results] == [Status.ALREADY] * 2
    assert addons(world) == {"blocks": (3, [2, 3]), "maps": (1, [1])}


def test_a_plan_file_is_stale_where_the_quantity_was_changed_since(world: World) -> None:
    saved = world.plan_file(declared(text(f"plan: pro, {NOW}{THREE}")))
    sync(world, f"plan: pro, {NOW}addons: [{{addon: blocks, quantity: 4}}]")

    report = world.run_plan_file(saved)

    assert [result.status for result in report.results] == [Status.STALE]
    assert "addons.addon/blocks@1 is 4, expected 2" in report.results[0].reason


def test_a_plan_file_for_a_renewal_is_stale_after_it(world: World) -> None:
    saved = world.plan_file(declared(text(f"plan: pro, {LATER}{THREE}")))
    world.clock.advance(31 * DAY)

    report = world.run_plan_file(saved)

    assert [result.status for result in report.results] == [Status.STALE]
    assert addons(world) == {"blocks": (2, [2])}


def test_a_dump_declares_add_ons_and_equals_what_is_live(world: World) -> None:
    by_hand(world, "maps", 1)
    sync(world, f"plan: pro, {LATER}{THREE[:-1]}, {{addon: maps}}]")

    found = dump_everything(world.connection())

    (customer,) = found.document["customers"]
    members = [{"addon": "blocks", "quantity": 3}, {"addon": "maps", "quantity": 1}]
    assert customer["subscription"]["addons"] == members
    text = "subscription/acme/default has addon/blocks × 2, × 3 from 2026-10-01T00:00:00Z: a file has the last"
    assert ("attached-over-time", text) in [(loss.code, loss.text) for loss in found.losses]
