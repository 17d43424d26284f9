"""A renamed key of a customer or a subscription that is changed, cancelled or resumed in the same run or later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.state import Desired
from tests.support.end_state import end_state
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
MONTH = timedelta(days=31).total_seconds()
FEE = {"key": "fee", "name": "Fee", "price": {"type": "free"}}
PLANS: list[Document] = [
    {
        "key": key,
        "name": key.title(),
        "currency": "USD",
        "billing_cadence": "P1M",
        "settlement_mode": "credit_only",
        "phases": [{"key": "default", "name": "Default", "rate_cards": [FEE]}],
    }
    for key in ("basic", "pro")
]
CUSTOMER = {"kind": "customer", "from": "acmee", "to": "acme"}
SUBSCRIPTION = {"kind": "subscription", "customer": "acme", "from": "default", "to": "main"}


def files(customer: str, moved: tuple[Document, ...] = (), **subscription: Any) -> Desired:
    own = {"key": "default", "plan": "basic", **subscription}
    document = {
        "_info": {"owner": "us"},
        "plans": PLANS,
        "customers": [{"key": customer, "name": "Acme", "subscriptions": [own]}],
        "moved": list(moved),
    }
    return declared(yaml.safe_dump(document))


def before(**more: Any) -> World:
    world = World()
    assert world.sync(files("acmee", **more)).report.succeeded
    return world


BOTH = (CUSTOMER, SUBSCRIPTION)


def links(world: World) -> list[tuple[str, str, str]]:
    """Of each link: its plan, its status and its key's label."""
    rows = end_state(world).rows["subscription"]
    return sorted((row["plan"]["key"], row["status"], row["labels"]["billsync_key"]) for row in rows)


def told(plan: PlanFile) -> list[str]:
    return [f"{c.verb} {c.address.text} {c.code}".strip() for c in plan.changes]


def test_a_moved_chain_is_changed_at_once_and_goes_on_under_its_new_key() -> None:
    world = before()
    wanted = files("acme", BOTH, key="main", plan="pro", change="immediate")

    run = world.sync(wanted)

    assert told(run.plan) == ["changing subscription/acme/main"]
    assert run.report.succeeded
    assert links(world) == [("basic", "inactive", "default"), ("pro", "active", "main")]
    assert world.plan(wanted).changes == ()


def test_a_chain_that_is_moved_while_a_change_is_scheduled_waits_for_it() -> None:
    world = before()
    assert world.sync(files("acmee", plan="pro", change="at_renewal")).report.succeeded
    wanted = files("acme", BOTH, key="main", plan="pro", change="at_renewal")

    waiting = world.plan(wanted)
    world.clock.advance(MONTH)
    later = world.plan(wanted)

    assert (told(waiting), waiting.steps) == (["updating subscription/acme/main change-scheduled"], ())
    assert later.changes == ()
    assert links(world) == [("basic", "inactive", "default"), ("pro", "active", "default")]


def test_a_moved_chain_is_cancelled_and_resumed() -> None:
    world = before()
    ending = files("acme", BOTH, key="main", ends="at_renewal")
    going_on = files("acme", BOTH, key="main")

    cancelled = world.sync(ending, allow={"cancel": ""})
    again = world.plan(ending)
    resumed = world.sync(going_on, allow={"revert": ""})

    assert told(cancelled.plan) == ["cancelling subscription/acme/main"]
    assert again.changes == ()
    assert told(resumed.plan) == ["resuming subscription/acme/main"]
    assert links(world) == [("basic", "active", "default")]


@pytest.mark.parametrize("moved", [(CUSTOMER,), BOTH])
def test_a_moved_chain_is_neither_sold_again_nor_cancelled(moved: tuple[Document, ...]) -> None:
    world = before()
    key = "main" if SUBSCRIPTION in moved else "default"

    plan = world.plan(files("acme", moved, key=key))

    assert [change for change in told(plan) if "subscription" in change] == []
    assert plan.guards == ()
    assert links(world) == [("basic", "active", "default")]


def test_a_saved_plan_file_changes_a_moved_chain_once() -> None:
    world = before()
    text = world.plan_file(files("acme", BOTH, key="main", plan="pro", change="immediate"))

    first, second = world.run_plan_file(text), world.run_plan_file(text)

    assert [result.status.value for result in (*first.results, *second.results)] == ["done", "already"]
    assert links(world) == [("basic", "inactive", "default"), ("pro", "active", "main")]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_each_kind_can_be_moved_or_is_refused_with_the_way_out(kind: Any, tmp_path: Any) -> None:
    parent = {kind.parent.kind: "acme"} if kind.parent else {}
    document = {
        "plans": PLANS,
        "customers": [{"key": "acme", "name": "Acme"}],
        "moved": [{"kind": kind.name, **parent, "from": "old", "to": "new"}],
    }
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(document))

    _, found = load([str(tmp_path / "a.yaml")], registry=KINDS)

    (only,) = found
    if kind.traits:
        assert only.code == "moved-to-nothing"  # the new key isn't declared: the kind itself is right
    else:
        assert only.code == "moved-fixed-key"
        assert 'Declare it as "old" again' in only.hint
