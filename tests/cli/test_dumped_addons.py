"""`dump` declares the add-ons of live subscriptions, and says what a file doesn't carry of them: nobody loses one in
silence."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from billsync.app.dump.addons import with_addons
from billsync.app.planning.pipeline import everything
from billsync.core.dump.losses import told
from billsync.model.ports import Answer, Remote
from billsync.model.value import Fields, Plain
from billsync.render.formats.words import noted
from tests.support.addon_shop import (
    CATALOG,
    CUSTOMERS,
    DAY,
    LOCAL,
    attach,
    edited,
    rows,
    sell,
    server,
    subscription_of,
)
from tests.support.command import Shell
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

BEYOND = ("has addon", "may have add-ons", "items other than", "more subscription", "more losses `attached")
Edit = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class Edited:
    """A server that shows the rows of subscriptions edited, and may refuse their add-ons; `asked` are paths."""

    remote: Remote
    edit: Edit = dict
    refuses: bool = False
    asked: list[str] = field(default_factory=list)

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        self.asked.append(path)
        answer = self.remote.get(path, query)
        if path.startswith("/openmeter/subscriptions/") and self.refuses:
            return replace(answer, status=403, body={"detail": "not allowed"})
        if path != "/openmeter/subscriptions":
            return answer
        return replace(answer, body={**answer.body, "data": [self.edit(dict(row)) for row in answer.body["data"]]})

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        raise AssertionError(f"{method} {path} would write")


@pytest.fixture
def world() -> World:
    """A shop on a server in this process, of which nobody has add-ons."""
    world = World()
    world.sync(declared(CATALOG + CUSTOMERS))
    world.clock.advance(DAY)
    return world


def give(world: World, customer: str, addon: str, quantity: int) -> None:
    with world.http() as client:
        client.base_url = httpx.URL(str(client.base_url).rstrip("/"))
        attach(client, customer, addon, quantity)


def looked_at(world: World, edit: Edit = dict, *, refuses: bool = False) -> tuple[tuple[str, ...], list[str]]:
    """The notes, as they are printed, and the paths that were asked for them."""
    connection = world.connection()
    server = Edited(connection.remote, edit, refuses)
    edited = replace(connection, remote=server)
    live = everything(edited)
    server.asked.clear()
    notes = tuple(map(noted, told(with_addons(edited, live).losses)))
    return notes, [path.rpartition("/")[0].rpartition("/")[0] for path in server.asked]


def dearer(row: Fields) -> dict[str, Any]:
    """A row with the first item's price edited by hand, unless the plan is `plain`."""
    (phase,) = row["phases"]
    first, *others = phase["items"]
    card = {**first["rate_card"], "price": {"type": "flat", "amount": "77"}}
    edited = {**phase, "items": [{**first, "rate_card": card}, *others]}
    return {**row, "phases": [edited]} if row["plan"]["key"] == "pro" else dict(row)


def notes(shell: Shell) -> list[str]:
    """What the dump says about what subscriptions have beside their plans."""
    ran = shell.run("dump", *LOCAL)
    assert ran.code == 0, ran
    return [line for line in ran.err.splitlines() if any(words in line for words in BEYOND)]


def set_quantity(client: httpx.Client, customer: str, quantity: int, timing: str) -> None:
    """Change the only add-on of a customer's subscription, which API v1 alone can do."""
    subscription = subscription_of(client, customer)
    (addon,) = rows(client, f"/subscriptions/{subscription}/addons")
    path = f"http://local/api/v1/subscriptions/{subscription}/addons/{addon['id']}"
    answer = client.patch(path, json={"quantity": quantity, "timing": timing})
    assert answer.status_code == 200, answer.text


def dumped(shell: Shell) -> dict[str, list[str]]:
    """The add-ons that the dump declares, by customer."""
    document = yaml.safe_load(shell.run("dump", *LOCAL).out)
    found = {row["key"]: row.get("subscription", {}).get("addons", []) for row in document["customers"]}
    return {key: [f"{one['addon']} × {one['quantity']}" for one in members] for key, members in found.items()}


def test_a_dump_declares_the_addons_of_each_subscription(shell: Shell, folder: Path) -> None:
    sell(shell, folder)
    with server(shell) as client:
        attach(client, "acme", "maps", 1)

    assert dumped(shell) == {
        "acme": ["blocks × 2", "maps × 1"],
        "birch": ["boost × 2"],
        "cedar": ["maps × 1"],
        "dune": [],
        "elm": [],
    }
    assert notes(shell) == []


def test_a_dump_of_addons_equals_what_is_live(shell: Shell, folder: Path) -> None:
    sell(shell, folder)
    with server(shell) as client:
        set_quantity(client, "acme", 3, "next_billing_cycle")
        set_quantity(client, "birch", 0, "next_billing_cycle")
    (folder / "dump.yaml").write_text(shell.run("dump", *LOCAL).out)

    ran = shell.run("diff", "dump.yaml", *LOCAL, "--exit-code", "--format", "json")

    document = json.loads(ran.out)
    assert (ran.code, document["summary"]["total"]) == (0, 0)
    assert [(told["name"], told["code"]) for told in document["told"]] == [("acme/default", "attached-scheduled")]


def test_what_an_addon_will_be_is_declared_and_noted_with_what_it_is(shell: Shell, folder: Path) -> None:
    sell(shell, folder)
    with server(shell) as client:
        set_quantity(client, "acme", 3, "next_billing_cycle")
        set_quantity(client, "birch", 0, "next_billing_cycle")
        attach(client, "dune", "blocks", 1, timing="next_billing_cycle")

    found = dumped(shell)

    assert (found["acme"], found["birch"], found["dune"]) == (["blocks × 3"], [], ["blocks × 1"])
    last = "from 2026-12-01T00:00:00Z: a file has the last"
    assert notes(shell) == [
        f"note[attached-over-time]: subscription/acme/default has addon/blocks × 2, × 3 {last}",
        f"note[attached-over-time]: subscription/birch/default has addon/boost × 2, none {last}",
        f"note[attached-over-time]: subscription/dune/default has addon/blocks not yet, × 1 {last}",
    ]


def test_an_addon_that_was_taken_away_is_not_declared(shell: Shell, folder: Path) -> None:
    sell(shell, folder)
    with server(shell) as client:
        set_quantity(client, "acme", 0, "immediate")
    shell.clock.advance(DAY)

    assert dumped(shell)["acme"] == []
    assert notes(shell) == []


def test_addons_of_older_versions_are_declared_and_noted(shell: Shell, folder: Path) -> None:
    sell(shell, folder)
    edited(folder, ('amount: "5"', 'amount: "6"'))
    shell.run("sync", "shop", *LOCAL, "--yes")

    found = notes(shell)

    assert dumped(shell)["acme"] == ["blocks × 2"]
    assert found == [
        "note[attached-older]: subscription/acme/default has addon/blocks@1, and addon/blocks@2 is active: created "
        "again, it has that one's price"
    ]


def test_who_has_a_plan_that_offers_addons_is_asked_once(world: World) -> None:
    give(world, "acme", "blocks", 2)

    found, asked = looked_at(world)

    assert found == ()
    assert asked == ["/openmeter/subscriptions"] * 4


def test_what_an_older_version_offers_is_read_once(world: World) -> None:
    give(world, "acme", "blocks", 2)
    world.sync(declared((CATALOG + CUSTOMERS).replace('amount: "10"', 'amount: "11"').replace(", version: latest", "")))

    found, asked = looked_at(world)

    assert found == ()
    assert Counter(asked) == {"/openmeter/subscriptions": 4, "/openmeter/plans": 1}


def test_an_item_that_no_addon_explains_is_noted(world: World) -> None:
    give(world, "acme", "blocks", 2)
    give(world, "birch", "boost", 1)

    found, _ = looked_at(world, dearer)

    items = "has items other than its plan's (base), which no file can declare"
    assert found == tuple(
        f"note[held-items]: subscription/{customer}/default {items}" for customer in ("acme", "cedar", "dune")
    )


def test_addons_that_can_not_be_read_are_noted(world: World) -> None:
    give(world, "acme", "blocks", 2)

    found, _ = looked_at(world, refuses=True)

    assert found == tuple(
        f"note[unread]: subscription/{customer}/default may have add-ons, which can't be read (403), "
        "so that it isn't known what the file lacks"
        for customer in ("acme", "birch", "cedar", "dune")
    )


def test_who_has_a_plan_without_addons_is_not_asked() -> None:
    world = World()
    world.sync(declared(CATALOG + CUSTOMERS.replace("plan: pro", "plan: plain")))

    found, asked = looked_at(world, lambda row: {**row, "phases": [{**row["phases"][0], "items": []}]})

    items = "has items other than its plan's (base), which no file can declare"
    customers = ("acme", "birch", "cedar", "dune", "elm")
    assert found == tuple(f"note[held-items]: subscription/{customer}/default {items}" for customer in customers)
    assert asked == []
