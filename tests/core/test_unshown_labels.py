"""Declared labels that can't be compared, because no API shows the live ones, are refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.api.documents import BALANCE
from billsync.api.routes import routes
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, Outcome
from billsync.model.diagnostic import Position
from billsync.model.globs import Patterns
from billsync.model.state import Desired, Entity, Row, Snapshot

HERE = Position("a.yaml", 1, 1)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "1"}}
CONVERTED = {
    **FEE,
    "price": {"type": "unit", "amount": "1"},
    "feature": "api",
    "unit_config": {"operation": "divide", "conversion_factor": "10"},
}
PHASE = {"key": "default", "name": "Default", "rate_cards": [FEE]}
PRO = {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": [PHASE]}
API = Row("feature", "F1", {"id": "F1", "key": "api", "name": "API"})


def entity(kind: str, *names: str, **fields: Any) -> Entity:
    return Entity(Address(kind, names), fields, HERE)


def version(number: int, status: str) -> Row:
    return Row("plan", f"P{number}", {"id": f"P{number}", "version": number, "status": status, "addons": [], **PRO})


def change_of(wanted: Entity, *rows: Row, dialect: str = "openmeter", unread: str = "") -> Change:
    """The one change of an entity that is declared alone; what it refers to is external."""
    kinds = {row.kind for row in rows}
    why = {"plan": unread} if unread else {}
    live = Snapshot({kind: tuple(row for row in rows if row.kind == kind) for kind in kinds}, unread=why)
    desired = Desired("payments", (wanted,), external=Patterns({"plan": ("pro",), "feature": ("api",)}))
    server = Server("here", routes(dialect), BALANCE, {}, one_chain_per_parent=True)
    [change] = diff(desired, live, KINDS, server=server, mode=Mode("sync", True, {}), now=NOW).changes
    return change


@pytest.mark.parametrize(
    ("dialect", "card", "unread", "why"),
    [
        ("konnect", FEE, "", "this server keeps the labels of a plan and never shows them"),
        ("openmeter", FEE, "403", "the live labels could not be read (403)"),
        (
            "openmeter",
            CONVERTED,
            "",
            "the server doesn't show those of this plan (API v1, which shows labels, can't represent it)",
        ),
    ],
)
def test_declared_labels_that_cannot_be_compared_are_refused(
    dialect: str, card: dict[str, Any], unread: str, why: str
) -> None:
    cards = [{**card, "labels": {"team": "one"}}]
    wanted = entity("plan", "pro", **{**PRO, "phases": [{**PHASE, "rate_cards": cards}]})

    change = change_of(wanted, API, dialect=dialect, unread=unread)

    assert (change.outcome, change.code) == (Outcome.REFUSED, "hidden-labels")
    assert change.reason == f"it declares labels, and {why}, so that they can't be compared"


def test_labels_of_a_version_whose_labels_are_not_known_are_refused() -> None:
    wanted = entity("plan", "pro", **{**PRO, "labels": {"team": "one"}})

    change = change_of(wanted, version(1, "active"))

    assert (change.outcome, change.code) == (Outcome.REFUSED, "hidden-labels")
