"""A value that a newer server shows is never taken for absence: refused by name, at every enum that billsync reads.

A row of another shape than the API promises doesn't come in at all: that is one error, which names the field.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from billsync.api.generations import generation_of
from billsync.api.routes import routes
from billsync.api.served import served_by
from billsync.app.planning.pipeline import compare
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.local.server.editions import AUGUST
from billsync.local.server.openapi import openapi_document
from billsync.model.change import Change, Outcome, PlanFile
from billsync.model.kind import Kind
from billsync.model.ports import RemoteError
from billsync.model.shape import FieldEffect
from billsync.model.state import Desired
from billsync.render.plan.outline import outline
from billsync.render.plan.text import as_text
from tests.coverage_of_fields.bases import Base, bases
from tests.coverage_of_fields.trial import declared
from tests.support.newer_server import CATALOG, FUTURE, Newer, Place, all_choices, choices_in, name_of, showing
from tests.support.world import World
from tests.support.world import declared as declares

pytestmark = pytest.mark.thorough

ALLOWED = {"deletes": "100", "doubled-grant": "", "customer-credit": ""}


@cache
def settled(base: str) -> tuple[World, Desired]:
    """A server that holds a base, and the base."""
    found = next(one for one in bases() if one.name == base)
    desired, findings = declared(found)
    assert not findings
    world = World()
    assert world.sync(desired).report.succeeded
    return world, desired


def rows_of(world: World, kind: Kind) -> list[dict[str, Any]]:
    """All live rows of a kind, read without billsync; a plan's with the rows below it."""
    with world.http() as http:
        if kind.name == "grant":
            customers = http.get("customers").json()["data"]
            return [row for c in customers for row in http.get(f"customers/{c['id']}/credits/grants").json()["data"]]
        path = routes("openmeter")[kind.name].collection.removeprefix("/openmeter/")
        rows: list[dict[str, Any]] = http.get(path).json()["data"]
        return rows


def row_of(world: World, base: Base) -> dict[str, Any]:
    """The row of the entity that a base is about."""
    rows = rows_of(world, base.kind)
    key = base.entity.get("key")
    return next((row for row in rows if row.get("key") == key), rows[0])


def place_of(world: World, base: Base, name: str) -> Place:
    return next(place for place in choices_in(base.kind, row_of(world, base)) if name_of(place) == name)


def refusals(changes: tuple[Change, ...], kind: str) -> list[tuple[str, str]]:
    return [(c.code, c.reason) for c in changes if c.address.kind == kind and c.outcome is Outcome.REFUSED]


@pytest.mark.slow
def test_every_choice_that_a_kind_knows_is_tried() -> None:
    tried: dict[str, set[str]] = {name: set() for name in KINDS}
    for base in bases():
        world, _ = settled(base.name)
        tried[base.kind.name] |= {name_of(place) for place in choices_in(base.kind, row_of(world, base))}

    assert tried == {name: set(all_choices(kind)) for name, kind in KINDS.items()}


def refused_without_a_write(base: Base, place: Place, value: Any) -> str:
    """Why the entity or its row is refused while it shows a value; nothing is written, and no silence is kept."""
    world, desired = settled(base.name)
    newer = showing(row_of(world, base)["id"], place, value)
    try:
        run = world.sync(desired, wrap=newer, allow=ALLOWED)
    except RemoteError as stopped:
        return str(stopped).partition("unexpected response: ")[2]
    finally:
        assert newer.writes == []
    assert "No changes" not in as_text(outline(run.plan))
    [(code, reason)] = refusals(run.plan.changes, base.kind.name)
    assert code == "unknown-value"
    return reason


@pytest.mark.parametrize("base", bases(), ids=lambda base: base.name)
def test_an_unknown_value_is_refused_by_name_and_nothing_is_written(base: Base) -> None:
    world, _ = settled(base.name)
    places = {name_of(place): place for place in choices_in(base.kind, row_of(world, base))}
    for place in places.values():
        reason = refused_without_a_write(base, place, FUTURE)

        path = ".".join(str(part) for part in place)
        assert reason == f"the server shows {path}: '{FUTURE}', which this billsync doesn't know"


@pytest.mark.parametrize("base", bases(), ids=lambda base: base.name)
def test_a_value_of_an_unknown_shape_is_refused_by_name(base: Base) -> None:
    """A value of an unknown shape is refused with the name of its field, and nothing is written."""
    world, _ = settled(base.name)
    row = row_of(world, base)
    shown = [(name, known.wire or name) for name, known in base.kind.record.fields.items() if name in base.entity]
    for name, wire in shown:
        known = base.kind.record.fields[name]
        if known.effect in (FieldEffect.IDENTITY, FieldEffect.OURS, FieldEffect.ONE_WAY) or row.get(wire) is None:
            continue
        other = {"new": {}} if isinstance(row[wire], str | bool | int) else FUTURE

        assert wire in refused_without_a_write(base, (wire,), other)


UNKNOWN_STATUS = "the server shows status: {0!r}, which this billsync doesn't know"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "status is missing"),
        ("", UNKNOWN_STATUS.format("")),
        (7, "status is not a text (it is: number)"),
        ({}, "status is not a text (it is: map)"),
        (["active"], "status is not a text (it is: list)"),
    ],
)
@pytest.mark.parametrize("base", ["plan-flat", "addon-flat", "subscription-bare", "grant-free"])
def test_a_status_that_is_missing_or_no_text_is_refused(base: str, value: Any, said: str) -> None:
    found = next(one for one in bases() if one.name == base)

    assert refused_without_a_write(found, ("status",), value) == said


@pytest.mark.parametrize(
    ("base", "place"), [("meter-sum", "aggregation"), ("plan-flat", "phases"), ("grant-free", "amount")]
)
def test_a_promised_field_that_is_null_is_refused(base: str, place: str) -> None:
    found = next(one for one in bases() if one.name == base)

    assert refused_without_a_write(found, (place,), None) == f"{place} is missing"


SHOP = (
    CATALOG
    + """\
customers: [{key: acme, name: Acme, subscription: {plan: pro}},
            {key: keep, name: Keep, grants: [{key: g, name: G, amount: 5, currency: USD, funding_method: none}]}]
"""
)


def row_at(world: World, path: str, **fields: Any) -> dict[str, Any]:
    with world.http() as http:
        rows: list[dict[str, Any]] = http.get(path).json()["data"]
    return next(row for row in rows if fields.items() <= row.items())


def told(plan: PlanFile) -> list[tuple[str, str, str]]:
    return [(c.address.text, c.outcome.value, c.code) for c in plan.changes]


def shop(text: str = SHOP) -> World:
    world = World()
    assert world.sync(declares(text)).report.succeeded
    return world


def test_what_needs_it_is_blocked_and_the_rest_goes_on() -> None:
    costly = SHOP.replace("meter: calls}", 'meter: calls, unit_cost: {type: manual, amount: "1"}}')
    world = shop(costly)
    feature = row_at(world, "features", key="calls")
    newer = showing(feature["id"], ("unit_cost", "type"), FUTURE)
    changed = costly.replace('amount: "1"', 'amount: "2"').replace("name: Keep", "name: Kept")

    run = world.sync(declares(changed), wrap=newer)

    assert told(run.plan) == [
        ("feature/calls", "refused", "unknown-value"),
        ("plan/pro@2", "blocked", "blocked"),
        ("customer/keep", "pending", ""),
    ]
    assert [write.split()[0] for write in newer.writes] == ["PUT"]


@pytest.mark.parametrize("status", ["live", "scheduled", "DRAFT"])
def test_versions_do_not_pile_up_while_a_status_is_not_known(status: str) -> None:
    world = shop()
    newer = showing(row_at(world, "plans", key="pro")["id"], ("status",), status)

    for _ in range(3):
        world.sync(declares(SHOP), wrap=newer)

    assert newer.writes == []


def test_an_undeclared_entity_with_an_unknown_status_is_not_removed() -> None:
    """An entity that is no longer declared is not removed while its status is unknown."""
    world = shop()
    newer = showing(row_at(world, "addons", key="extra")["id"], ("status",), FUTURE)
    without = SHOP.replace("     addons: [{addon: extra}]}", "     }").replace(
        SHOP[SHOP.index("addons:\n  - {key: extra") : SHOP.index("plans:")], "addons: []\n"
    )

    run = world.sync(declares(without), wrap=newer)

    assert ("addon/extra", "refused", "unknown-value") in told(run.plan)
    assert not [write for write in newer.writes if "addons" in write]


def test_a_feature_stays_while_a_plan_in_an_unknown_status_uses_it() -> None:
    world = shop()
    newer = showing(row_at(world, "plans", key="pro")["id"], ("status",), FUTURE)
    lines = [line for line in SHOP.splitlines() if "key: calls" not in line or "meters" in line]
    without = "\n".join([*lines[: lines.index("plans:")], "plans: []", "customers: []"])

    run = world.sync(declares(without), wrap=newer, allow=ALLOWED)

    assert ("feature/calls", "waiting", "in-use") in told(run.plan)
    assert not [write for write in newer.writes if "features" in write]


def test_a_customer_stays_while_its_subscription_is_in_an_unknown_status() -> None:
    world = shop()
    newer = showing(row_at(world, "subscriptions", status="active")["id"], ("status",), FUTURE)
    without = SHOP[: SHOP.index("customers:")] + "customers: [{key: keep, name: Keep}]"

    run = world.sync(declares(without), wrap=newer, allow=ALLOWED)

    assert ("customer/acme", "waiting", "in-use") in told(run.plan)
    assert newer.writes == []


def test_an_unknown_grant_counts_as_credit_when_deleting_a_customer() -> None:
    """A grant with an unknown status counts as credit of a customer that is to be deleted."""
    world = shop(SHOP.replace("amount: 5,", "amount: 5, effective_at: 2099-01-01T00:00:00Z,"))
    keep = row_at(world, "customers", key="keep")["id"]
    newer = showing(row_at(world, f"customers/{keep}/credits/grants", key="g")["id"], ("status",), FUTURE)
    without = SHOP[: SHOP.index("            {key: keep")].rstrip().rstrip(",") + "]"

    run = world.sync(declares(without), wrap=newer)

    assert [guard.code for guard in run.plan.guards] == ["customer-credit"]


def test_a_field_that_is_new_on_the_server_breaks_nothing() -> None:
    world = shop()

    def with_more(body: Any) -> Any:
        rows = body.get("data") if isinstance(body, dict) else None
        return {**body, "data": [{**row, "tags": [FUTURE]} for row in rows]} if isinstance(rows, list) else body

    newer = Newer(with_more)

    run = world.sync(declares(SHOP), wrap=newer)

    assert (run.plan.changes, newer.writes) == ((), [])


PLAN_CHANGED = ("name: Pro,", "name: Professional,")
REPLACED = {
    "meters": (("name: Calls, event_type", "name: All calls, event_type"), ("tags",), "the update"),
    "tax-codes": (("name: VAT", "name: Value added tax"), ("tags",), "the update"),
    "customers": (("name: Keep", "name: Kept"), ("tags",), "the update"),
    "plans": (PLAN_CHANGED, ("phases", 0, "rate_cards", 0, "price", "tags"), "a new version"),
    "addons": (("name: Extra,", "name: More,"), ("rate_cards", 0, "tags"), "a new version"),
}


@pytest.mark.parametrize("path", REPLACED)
def test_what_an_update_would_lose_is_refused_by_name(path: str) -> None:
    """A field that billsync doesn't know, at any depth, is never cleared: the change that would is refused."""
    (old, new), place, what = REPLACED[path]
    world = shop()
    key = {"customers": "keep", "plans": "pro", "addons": "extra", "meters": "calls", "tax-codes": "vat"}[path]
    newer = showing(row_at(world, path, key=key)["id"], place, [FUTURE])

    run = world.sync(declares(SHOP.replace(old, new)), wrap=newer)

    [change] = [change for change in run.plan.changes if change.outcome is Outcome.REFUSED]
    name = ".".join(part for part in place if isinstance(part, str))
    assert change.code == "unlisted-field"
    assert change.reason == f"the server also shows {name}, which this billsync doesn't know and {what} would lose"
    assert newer.writes == []


def test_a_field_that_no_request_takes_cannot_be_lost() -> None:
    """Where the server says what it takes, a field that it only shows is no reason to refuse."""
    world = shop()
    keep = row_at(world, "customers", key="keep")
    newer = Newer(lambda body: with_field(body, keep["id"], "tags", [FUTURE]))
    served = served_by(openapi_document(AUGUST))
    assert served is not None

    connection = replace(world.connection(newer), found=generation_of(served))
    plan = compare(connection, declares(SHOP.replace("name: Keep", "name: Kept")), Mode("sync", True, {})).plan

    assert [change.outcome for change in plan.changes] == [Outcome.PENDING]


def with_field(body: Any, server_id: str, name: str, value: Any) -> Any:
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return body
    return {**body, "data": [{**row, name: value} if row.get("id") == server_id else row for row in rows]}
