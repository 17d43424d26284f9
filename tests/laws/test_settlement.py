"""An external grant's payment: moved forward as declared, recorded once, never back, and part of a dump."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from billsync.app.dump.dumping import dump_everything
from billsync.core.dump.losses import told
from billsync.model.change import Change, Outcome, PlanFile
from billsync.model.result import Status
from billsync.model.state import Desired
from billsync.render.formats.yaml_text import to_yaml
from tests.support.end_state import end_state
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
BOUGHT: Document = {
    "key": "bought",
    "name": "Bought",
    "amount": "90",
    "currency": "USD",
    "funding_method": "external",
    "purchase": {"currency": "USD", "per_unit_cost_basis": "0.5"},
}


def files(*grants: Document) -> Desired:
    customer = {"key": "acme", "name": "Acme", "grants": list(grants)}
    return declared(yaml.safe_dump({"_info": {"owner": "us"}, "customers": [customer]}))


def bought(settlement: str = "", **more: Any) -> Document:
    return {**BOUGHT, **({"settlement": settlement} if settlement else {}), **more}


def shown(world: World) -> list[str]:
    return [row["purchase"]["settlement_status"] for row in end_state(world).rows["grant"]]


def only(plan: PlanFile) -> Change:
    (change,) = plan.changes
    return change


@pytest.mark.parametrize(("before", "after"), [("", "authorized"), ("", "settled"), ("authorized", "settled")])
def test_a_payment_moves_forward_and_then_nothing_is_to_be_done(before: str, after: str) -> None:
    world = World()
    world.sync(files(bought(before)))

    run = world.sync(files(bought(after)))

    assert [(r.step.id, r.status) for r in run.report.results] == [("grant/acme/bought:settle", Status.DONE)]
    assert shown(world) == [after]
    assert world.plan(files(bought(after))).changes == ()


@pytest.mark.parametrize("end", [{}, {"expires_after": "P1Y"}, {"expires_at": "2028-01-01T00:00:00Z"}])
def test_a_new_grant_is_made_and_settled_in_one_run(end: Document) -> None:
    world = World()

    run = world.sync(files(bought("settled", **end)))

    assert [r.step.id for r in run.report.results][1:] == ["grant/acme/bought:create", "grant/acme/bought:settle"]
    assert run.report.succeeded
    assert shown(world) == ["settled"]
    assert world.plan(files(bought("settled", **end))).changes == ()


def test_a_payment_that_is_further_is_refused_with_the_way_out() -> None:
    world = World()
    world.sync(files(bought("settled")))

    change = only(world.plan(files(bought("authorized"))))

    assert (change.outcome, change.code) == (Outcome.REFUSED, "never-back")
    assert change.reason == "its settlement is settled, and never goes back to authorized"
    assert change.hint == "declare `settlement: settled`"


def test_what_somebody_recorded_since_the_plan_is_not_recorded_again() -> None:
    world = World()
    world.sync(files(bought()))
    text = world.plan_file(files(bought("authorized")))

    world.sync(files(bought("authorized")))
    same = world.run_plan_file(text)
    world.sync(files(bought("settled")))
    further = world.run_plan_file(text)

    assert [r.status for r in (*same.results, *further.results)] == [Status.ALREADY, Status.STALE]
    assert further.results[0].reason.endswith("settlement is settled, expected pending")


def test_a_voided_grant_that_was_paid_for_can_be_settled() -> None:
    """The server takes the payment of a voided grant (customer-facts.md §7.5)."""
    world = World()
    world.sync(files(bought()))

    both = world.sync(files(bought("authorized", state="voided")), allow={"void": ""})
    later = world.sync(files(bought("settled", state="voided")))

    assert [r.step.id for r in both.report.results] == ["grant/acme/bought:settle", "grant/acme/bought:void"]
    assert [change.name for change in only(both.plan).fields] == ["settlement", "state"]
    assert later.report.succeeded
    assert shown(world) == ["settled"]


def test_a_grant_of_somebody_else_is_not_settled() -> None:
    world = World()
    world.sync(files())
    with world.http() as http:
        customer = http.get("customers").json()["data"][0]["id"]
        http.post(f"customers/{customer}/credits/grants", json=BOUGHT).raise_for_status()

    change = only(world.plan(files(bought("settled"))))

    assert (change.outcome, change.code) == (Outcome.REFUSED, "not-owned")


def test_a_dump_has_the_payment_and_restores_it() -> None:
    world, other = World(), World(seed=2)
    world.sync(files(bought("settled"), bought(key="pending")))

    found = dump_everything(world.connection())
    text = to_yaml(found.document, found.comments)

    assert [loss for loss in told(found.losses) if "grant" in loss] == []
    assert world.plan(declared(text)).changes == ()
    assert other.sync(declared(text)).report.succeeded
    assert shown(other) == shown(world) == ["settled", "pending"]
