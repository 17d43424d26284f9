"""Add-ons of subscriptions on servers of other generations: in their forms, or refused before the first write."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from billsync.api.generations import Generation
from billsync.app.server.connection import Connection
from billsync.local.server.editions import AUGUST, EDITIONS, KONNECT, KONNECT_LATER, LATER, Edition
from billsync.model.result import Status
from tests.laws.test_attached import (
    CATALOG,
    CUSTOMER,
    DAY,
    NOW,
    THREE,
    TWO,
    addons,
    links,
    sync,
    told,
)
from tests.laws.test_attached import (
    LATER as AT_RENEWAL,
)
from tests.support.recorder import Recorder
from tests.support.world import Run, World, Wrap, as_it_is, declared

pytestmark = pytest.mark.thorough

ALLOWED = {"dearer-plan": "", "bills-twice": ""}
CALLS = ("attach", "set_quantity")


class Lacking(World):
    """A server of which a client finds that it can't attach anything, nor change a quantity."""

    def connection(self, wrap: Wrap = as_it_is) -> Connection:
        """A new client that knows nothing."""
        made = World.connection(self, wrap)
        forms = {name: form for name, form in made.generation.forms.items() if name not in CALLS}
        return replace(made, found=Generation(made.dialect, "served", forms))


def name(edition: Edition) -> str:
    return f"{edition.dialect}@{edition.generation}"


def marked(edition: Edition) -> Any:
    """An edition as a parameter; what is sent is checked against its own document."""
    return pytest.param(edition, id=name(edition), marks=pytest.mark.generation(name(edition)))


OWN = [marked(edition) for edition in EDITIONS if edition.dialect == "openmeter"]
HOSTED = [marked(edition) for edition in (KONNECT, KONNECT_LATER)]


@pytest.fixture
def lacking(tmp_path: Path) -> World:
    """A server that can't attach anything, with a subscription that has two blocks since yesterday."""
    database = str(tmp_path / "shop.db")
    world = World(database=database)
    assert sync(world, f"plan: pro, {TWO}").report.succeeded
    world.close()
    world.clock.advance(DAY)
    return Lacking(seed=2, database=database, clock=world.clock)


def statuses(run: Run) -> set[Status]:
    return {result.status for result in run.report.results}


@pytest.mark.parametrize("edition", OWN)
def test_a_quantity_is_set_in_the_form_of_the_server(edition: Edition) -> None:
    world = World(edition=edition)
    sync(world, f"plan: pro, {TWO}")
    world.clock.advance(DAY)

    run = sync(world, f"plan: pro, {NOW}{THREE}")

    older = edition == AUGUST
    assert [step.call.path.startswith("/v1/") for step in run.plan.steps] == [older]
    assert addons(world) == {"blocks": (3, [2, 3])}
    assert told(sync(world, f"plan: pro, {NOW}{THREE}")) == []


@pytest.mark.generation(name(LATER))
def test_a_migration_in_place_keeps_the_add_ons() -> None:
    """The server that migrates in place has the same subscription afterwards, and what is attached to it."""
    world = World(edition=LATER)
    sync(world, f"plan: pro, version: latest, {NOW}{TWO}")
    world.clock.advance(DAY)
    dearer = (CATALOG + CUSTOMER).replace("name: Pro,", "name: Pro plan,")

    run = world.sync(
        declared(dearer.replace("SUBSCRIPTION", f"plan: pro, version: latest, {NOW}{THREE}")), allow=ALLOWED
    )

    assert statuses(run) == {Status.DONE}
    assert [step.id.rpartition(":")[2] for step in run.plan.steps][-2:] == ["migrate", "updating-blocks"]
    assert [row["status"] for row in links(world)] == ["active"]
    assert addons(world) == {"blocks": (3, [2, 3])}


@pytest.mark.parametrize("edition", HOSTED)
def test_where_nothing_can_be_attached_no_such_subscription_begins(edition: Edition) -> None:
    world = World(edition=edition)

    run = sync(world, f"plan: pro, {TWO}")

    assert told(run) == [("subscribing", "unmanageable", "unmanageable")]
    assert "addon 'blocks'" in run.plan.changes[-1].reason
    assert links(world) == []


@pytest.mark.parametrize("timing", [NOW, AT_RENEWAL])
@pytest.mark.parametrize("declaration", [TWO, "addons: []", ""])
def test_where_nothing_can_be_attached_a_change_would_lose_add_ons(
    lacking: World, timing: str, declaration: str
) -> None:
    """Refused before the first write, naming them, whatever the file says of them."""
    run = sync(lacking, f"plan: max, {timing}{declaration}".rstrip(", "), **ALLOWED)

    assert told(run) == [("changing", "unmanageable", "unmanageable")]
    assert "addon 'blocks'" in run.plan.changes[-1].reason
    assert run.plan.steps == ()
    assert addons(lacking) == {"blocks": (2, [2])}


@pytest.mark.parametrize(
    ("declaration", "capability"),
    [(THREE, "set_quantity"), ("addons: []", "set_quantity"), (f"{TWO[:-1]}, {{addon: maps}}]", "attach")],
)
def test_what_a_server_can_not_do_is_told_with_the_capability(
    lacking: World, declaration: str, capability: str
) -> None:
    run = sync(lacking, f"plan: pro, {NOW}{declaration}")

    assert told(run) == [("updating", "unmanageable", "unmanageable")]
    assert f"capability `{capability}`" in run.plan.changes[-1].reason
    assert run.plan.steps == ()


def test_add_ons_that_are_live_can_be_declared_everywhere(lacking: World) -> None:
    assert told(sync(lacking, f"plan: pro, {TWO}")) == []


@pytest.mark.parametrize("edition", HOSTED)
@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        (f"plan: pro, {TWO}", []),
        ("plan: pro", []),
        (f"plan: pro, {NOW}{THREE}", [("updating", "unmanageable", "unmanageable")]),
        (f"plan: max, {NOW}{TWO}", [("changing", "unmanageable", "unmanageable")]),
    ],
)
def test_konnect_shows_add_ons_and_changes_none(
    tmp_path: Path, openapi: Recorder, edition: Edition, declaration: str, expected: list[tuple[str, str, str]]
) -> None:
    """What it shows was sold elsewhere: Konnect's portal, say."""
    database = str(tmp_path / "shop.db")
    world = World(database=database)
    sync(world, f"plan: pro, {TWO}")
    world.close()
    openapi.faults.clear()  # of traffic with the other server

    run = sync(World(seed=2, database=database, clock=world.clock, edition=edition), declaration, **ALLOWED)

    assert told(run) == expected
    assert run.plan.steps == ()


def test_the_older_api_takes_no_quantity_of_what_it_can_not_show() -> None:
    """API v1 refuses add-ons with a unit conversion (customer-facts.md §6.3)."""
    card = 'price: {type: unit, amount: "3"}, unit_config: {operation: divide, conversion_factor: "1000"}'
    metered: list[Any] = [
        ("rate_cards: [{key: maps, name: Maps, billing_cadence: P1M, price: {type: flat, amount: \"3\"}}]",
         f"rate_cards: [{{feature: calls, billing_cadence: P1M, {card}}}]"),
        ("addons:\n  - key: blocks", "meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]\n"
         "features: [{key: calls, name: Calls, meter: calls}]\naddons:\n  - key: blocks"),
    ]  # fmt: skip
    files = CATALOG + CUSTOMER
    for old, new in metered:
        assert old in files
        files = files.replace(old, new, 1)
    world = World()
    begun = world.sync(declared(files.replace("SUBSCRIPTION", "plan: pro, addons: [{addon: maps}]")), allow=ALLOWED)
    assert statuses(begun) == {Status.DONE}

    run = world.sync(declared(files.replace("SUBSCRIPTION", f"plan: pro, {NOW}addons: []")))

    assert told(run) == [("updating", "unmanageable", "unmanageable")]
    assert "which has a `unit_config`" in run.plan.changes[-1].reason
