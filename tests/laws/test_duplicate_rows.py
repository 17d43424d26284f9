"""Two live rows of one entity are refused by both ids; nothing is written to either, or to what hangs below them."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from tests.support.newer_server import CATALOG, Newer, twice
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

OTHER = "01M7YRG3XQ6HWA0V5CP80TW1NS"
SHOP = (
    CATALOG
    + """\
customers:
  - {key: acme, name: Acme, subscription: {plan: pro},
     grants: [{key: g, name: G, amount: 5, currency: USD, funding_method: none}]}
"""
)
EVERYTHING_CHANGED = (
    SHOP.replace("name: Calls", "name: Telephone calls")
    .replace("{key: support, name: Support}", '{key: support, name: Support, unit_cost: {type: manual, amount: "1"}}')
    .replace('amount: "5"', 'amount: "6"')
    .replace('amount: "1"}}]}]', 'amount: "2"}}]}]')
    .replace("name: VAT", "name: Value added tax")
    .replace("name: Acme", "name: Acme Inc.")
    .replace("amount: 5,", "amount: 6,")
    .replace("grants: [", "grants: [{key: more, name: More, amount: 7, currency: USD, funding_method: none}, ")
)
WHERE = {
    "meter/calls": "meters",
    "feature/support": "features",
    "tax_code/vat": "tax-codes",
    "addon/extra": "addons",
    "plan/pro": "plans",
    "customer/acme": "customers",
    "subscription/acme/default": "subscriptions",
    "grant/acme/g": "grants",
}
BELOW = {
    "meter/calls": {"feature/calls", "plan/pro@2"},
    "feature/support": {"addon/extra@2", "plan/pro@2"},
    "tax_code/vat": {"plan/pro@2"},
    "addon/extra": {"plan/pro@2"},
    "customer/acme": {"grant/acme/more"},
}


def shop() -> World:
    world = World()
    assert world.sync(declared(SHOP)).report.succeeded
    return world


def path_of(world: World, address: str) -> str:
    if not address.startswith("grant"):
        return WHERE[address]
    with world.http() as http:
        return f"customers/{http.get('customers').json()['data'][0]['id']}/credits/grants"


def id_of(world: World, address: str) -> str:
    key = address.split("/")[-1]
    with world.http() as http:
        rows: list[dict[str, Any]] = http.get(path_of(world, address)).json()["data"]
    return str(next(row["id"] for row in rows if row.get("key") in (key, None)))


def refusal(plan: PlanFile, address: str) -> list[tuple[str, str]]:
    return [(c.code, c.reason) for c in plan.changes if c.address.unversioned().text == address]


def test_every_kind_is_shown_twice() -> None:
    assert {address.partition("/")[0] for address in WHERE} == set(KINDS)


@pytest.mark.parametrize("address", WHERE)
def test_an_entity_that_the_server_shows_twice_is_refused_by_both_ids(address: str) -> None:
    world = shop()
    server_id = id_of(world, address)
    newer = twice(server_id, OTHER)

    run = world.sync(declared(EVERYTHING_CHANGED), wrap=newer, allow={"doubled-grant": ""})

    both = " and ".join(sorted((server_id, OTHER)))
    assert refusal(run.plan, address) == [("duplicate-rows", f"the server shows it more than once: {both}")]
    assert not [write for write in newer.writes if server_id in write or OTHER in write]
    assert not {c.address.text for c in run.plan.changes if c.is_pending} & BELOW.get(address, set())


@pytest.mark.parametrize("address", WHERE)
def test_an_unchanged_entity_that_the_server_shows_twice_is_not_silent(address: str) -> None:
    world = shop()
    newer = twice(id_of(world, address), OTHER)

    run = world.sync(declared(SHOP), wrap=newer)

    assert [code for code, _ in refusal(run.plan, address)] == ["duplicate-rows"]
    assert newer.writes == []


def test_an_undeclared_customer_shown_twice_is_not_deleted() -> None:
    """A customer that is no longer declared and that the server shows twice is not deleted."""
    world = World()
    two = "_info: {owner: o}\ncustomers: [{key: keep, name: K}, {key: gone, name: G}]"
    assert world.sync(declared(two)).report.succeeded
    with world.http() as http:
        gone = next(row["id"] for row in http.get("customers").json()["data"] if row["key"] == "gone")
    newer = twice(gone, OTHER)

    run = world.sync(declared("_info: {owner: o}\ncustomers: [{key: keep, name: K}]"), wrap=newer)

    assert [code for code, _ in refusal(run.plan, "customer/gone")] == ["duplicate-rows"]
    assert newer.writes == []


def test_what_only_refers_to_a_plan_that_is_shown_twice_is_blocked() -> None:
    world = shop()
    newer = twice(id_of(world, "plan/pro"), OTHER)
    text = "_info: {owner: o}\nexternal: {plans: [pro]}\ncustomers: [{key: new, name: N, subscription: {plan: pro}}]"

    run = world.sync(declared(text), wrap=newer)

    told = [(c.address.text, c.outcome.value) for c in run.plan.changes]
    assert told == [
        ("plan/pro", "refused"),
        ("customer/new", "pending"),
        ("subscription/new/default", "blocked"),
    ]


def test_two_links_one_after_the_other_are_one_chain() -> None:
    world = shop()
    server_id = id_of(world, "subscription/acme/default")
    turn = world.clock.now().replace(microsecond=0).isoformat().replace("+00:00", "Z")
    labels = {
        "billsync_key": "default",
        "billsync_owner": "payments",
        str(KINDS["subscription"].predecessor): server_id,
    }
    later = twice(server_id, OTHER, status="scheduled", active_from=turn, labels=labels)

    def ending(body: Any) -> Any:
        rows = body.get("data") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            return body
        ended = [
            {**row, "status": "canceled", "active_to": turn} if row.get("id") == server_id else row for row in rows
        ]
        return later.rewrite({**body, "data": ended})

    run = world.sync(declared(SHOP), wrap=Newer(ending))

    waits = [(change.address.text, change.outcome.value, change.code, change.steps) for change in run.plan.changes]
    assert waits == [("subscription/acme/default", "waiting", "change-scheduled", ())]


def test_two_attachments_of_one_addon_are_refused_by_both_ids() -> None:
    world = shop()
    plan = id_of(world, "plan/pro")
    with world.http() as http:
        attached = http.get(f"plans/{plan}/addons").json()["data"][0]["id"]
    newer = twice(attached, OTHER)

    run = world.sync(declared(EVERYTHING_CHANGED), wrap=newer, allow={"doubled-grant": ""})

    [(code, reason)] = refusal(run.plan, "plan/pro")
    assert code == "unknown-value"
    assert " and ".join(sorted((attached, OTHER))) in reason
    assert not [write for write in newer.writes if "plans" in write]


def test_a_row_that_doubles_between_the_decision_and_the_step_is_noticed() -> None:
    world = shop()
    desired = declared(SHOP.replace("name: Acme", "name: Acme Inc."))
    decided = world.plan(desired)
    newer = twice(id_of(world, "customer/acme"), OTHER)

    report = world.carry_out(decided, wrap=newer)

    assert [result.status.value for result in report.results] == ["failed"]
    assert OTHER in report.results[0].reason
    assert newer.writes == []
