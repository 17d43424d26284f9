"""Tax codes on a server: those of the server are nobody's, none is deleted, and other owners' files refer to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare, everything
from billsync.core.diffing.diff import Mode
from billsync.core.dump.dump import dump
from billsync.kinds.registry import KINDS
from tests.support.faults import FaultyTransport
from tests.support.world import NoJournal, World, declared

OWNED = "_info: {owner: finance}\n"
ONE = "meters: [{key: m, name: M, event_type: e, aggregation: count}]\n"
PLAN = """\
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    phases:
      - key: default
        name: Default
        rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "AMOUNT"}, tax_config: {code: CODE}}]
"""
SERVERS = "tax_codes: [{key: default, name: NAME}]\n"


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.close()


def synced(world: World, text: str) -> list[tuple[str, str, str]]:
    """Sync; each change by its outcome, address and code."""
    run = world.sync(declared(OWNED + text))
    assert run.report.succeeded
    return [(change.outcome.value, change.address.text, change.code) for change in run.plan.changes]


def live(world: World) -> Mapping[str, dict[str, Any]]:
    with world.http() as http:
        return {row["key"]: row for row in http.get("tax-codes").json()["data"]}


def made_by_hand(world: World, key: str) -> None:
    with world.http() as http:
        http.post("tax-codes", json={"key": key, "name": "By hand", "app_mappings": []}).raise_for_status()


@pytest.mark.parametrize("adopted", ["", "adopted: {tax_codes: ['*']}\n"])
def test_a_tax_code_of_the_server_is_never_changed(world: World, adopted: str) -> None:
    """A tax code of the server may be declared as it is, and is never changed."""
    before = live(world)

    equal = synced(world, adopted + SERVERS.replace("NAME", "Provider default"))
    renamed = world.plan(declared(OWNED + adopted + SERVERS.replace("NAME", "Mine")))

    assert (equal, live(world)) == ([], before)
    [change] = renamed.changes
    assert (change.code, change.reason, change.steps) == (
        "managed-by-server",
        "it is live, differs in name, and the server manages it itself: it can't be changed",
        (),
    )


def test_an_undeclared_tax_code_stays_and_is_noted(world: World) -> None:
    """A tax code that is no longer declared stays, and is noted unless it is the server's own."""
    synced(world, "tax_codes: [{key: vat, name: VAT}, {key: kept, name: Kept}]")

    gone = synced(world, "adopted: {tax_codes: ['*']}\ntax_codes: [{key: kept, name: Kept}]")

    assert gone == [("note", "tax_code/vat", "not-deletable")]
    assert live(world).keys() == {"default", "nontaxable", "vat", "kept"}


def test_as_none_is_deleted_nobody_is_read_who_may_use_one(world: World) -> None:
    synced(world, ONE + "tax_codes: [{key: vat, name: VAT}]")
    wires: list[FaultyTransport] = []

    def watched(inner: Any) -> FaultyTransport:
        wires.append(FaultyTransport(inner))
        return wires[-1]

    world.plan(declared(OWNED + ONE + "tax_codes: []"), wrap=watched)

    read = {call.path.partition("?")[0].rpartition("/")[2] for call in wires[0].calls}
    assert read == {"features", "meters", "tax-codes"}


def test_a_code_made_by_hand_is_changed_once_it_is_adopted(world: World) -> None:
    made_by_hand(world, "vat")
    wanted = "tax_codes: [{key: vat, name: VAT}]\n"

    refused = world.plan(declared(OWNED + wanted)).changes[0].code
    adopted = synced(world, wanted + "adopted: {tax_codes: [vat]}\n")
    later = synced(world, wanted)

    assert (refused, adopted, later) == ("not-owned", [("pending", "tax_code/vat", "")], [])
    assert live(world)["vat"]["labels"] == {"billsync_owner": "finance"}


def test_another_key_is_another_code_and_makes_a_new_version_of_the_plan(world: World) -> None:
    taxed = PLAN.replace("AMOUNT", "5").replace("CODE", "vat")
    synced(world, "tax_codes: [{key: vat, name: VAT}]\n" + taxed)

    renamed = synced(world, "tax_codes: [{key: sales_tax, name: VAT}]\n" + taxed.replace("vat", "sales_tax"))

    assert renamed == [
        ("pending", "tax_code/sales_tax", ""),
        ("note", "tax_code/vat", "not-deletable"),
        ("pending", "plan/pro@2", ""),
    ]


def test_a_dump_declares_codes_and_only_refers_to_those_of_the_server(world: World) -> None:
    code = "tax_codes: [{key: vat, name: VAT, app_mappings: [{app_type: stripe, tax_code: txcd_10103001}]}]\n"
    plans = PLAN.replace("AMOUNT", "5").replace("CODE", "nontaxable")
    synced(world, code + plans + "external: {tax_codes: [nontaxable]}\n")
    connection = world.connection()

    document = dump(everything(connection), KINDS, connection.routes).document

    assert document["external"] == {"tax_codes": ["nontaxable"]}
    assert document["tax_codes"] == [
        {"key": "vat", "name": "VAT", "app_mappings": [{"app_type": "stripe", "tax_code": "txcd_10103001"}]}
    ]


def test_a_plan_whose_labels_hide_is_not_its_tax_codes_owners(world: World) -> None:
    """Finance declares the codes, and others the plans that refer to them; Konnect shows no labels of plans."""
    synced(world, "tax_codes: [{key: vat, name: VAT}]\n")
    konnect = replace(world.connection(), dialect="konnect")
    files = "_info: {owner: growth}\nexternal: {tax_codes: [vat]}\n" + PLAN.replace("CODE", "vat")
    first = compare(konnect, declared(files.replace("AMOUNT", "5")), Mode("sync", True, {}))
    assert carry_out(konnect, first.plan, journal=NoJournal(), known=first.snapshot).succeeded

    dearer = compare(konnect, declared(files.replace("AMOUNT", "6")), Mode("sync", True, {})).plan

    assert [(change.address.text, change.code) for change in dearer.changes] == [("plan/pro@2", "")]
    assert [guard.code for guard in dearer.guards] == ["unmarked-plan"]
