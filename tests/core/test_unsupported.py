"""A field that a server's dialect lacks is refused by name, wherever it stands in an entity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.core.changes.planned import Context
from billsync.core.changes.unsupported import unsupported
from billsync.core.observed.index import Index
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Outcome
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, Snapshot

MISSING = {
    "addon": ("rate_cards.currency",),
    "plan": ("phases.rate_cards.currency",),
    "subscription": ("cost_basis_mode",),
}
HERE = Position("a.yaml", 1, 1)
FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "1"}}
IN_EUR = {**FEE, "currency": "EUR"}


def context(*absent: str) -> Context:
    """A server whose API lacks the lists of these kinds."""
    found, now = Snapshot(absent=frozenset(absent)), datetime(2026, 9, 1, tzinfo=UTC)
    return Context(Desired(), {}, {}, found, Index(), KINDS, {}, one_chain_per_parent=True, now=now)


def plan(*cards: Any) -> dict[str, Any]:
    return {"key": "a", "name": "A", "phases": [{"key": "trial", "rate_cards": [FEE]}, {"rate_cards": list(cards)}]}


@pytest.mark.parametrize(
    ("kind", "fields", "lacking"),
    [
        ("subscription", {"plan": "pro", "cost_basis_mode": "live"}, "cost_basis_mode"),
        ("addon", {"rate_cards": (FEE, IN_EUR)}, "rate_cards.currency"),
        ("plan", plan(FEE, IN_EUR), "phases.rate_cards.currency"),
    ],
)
def test_a_declared_field_that_the_dialect_lacks_is_refused_by_name(
    kind: str, fields: dict[str, Any], lacking: str
) -> None:
    planned = unsupported(Entity(Address(kind, ("a",)), fields, HERE), MISSING, context())

    assert planned is not None
    change = planned.change
    assert (change.address.text, change.action, change.outcome) == (f"{kind}/a", Action.NONE, Outcome.UNMANAGEABLE)
    assert (change.code, change.reason) == ("unmanageable", f"this server's API has no {lacking}")
    assert planned.steps == ()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("subscription", {"plan": "pro"}),
        ("subscription", {"cost_basis_mode": None}),
        ("plan", plan(FEE)),
        ("plan", {"phases": ["damaged"]}),
        ("meter", {"currency": "EUR"}),
    ],
)
def test_an_entity_without_such_a_field_is_left_to_its_lifecycle(kind: str, fields: dict[str, Any]) -> None:
    assert unsupported(Entity(Address(kind, ("a",)), fields, HERE), MISSING, context("grant")) is None


def test_an_entity_of_a_kind_whose_list_the_server_lacks_is_unmanageable() -> None:
    planned = unsupported(Entity(Address("tax_code", ("a",)), {"name": "A"}, HERE), MISSING, context("tax_code"))

    assert planned is not None
    change = planned.change
    assert (change.action, change.outcome, change.code) == (Action.NONE, Outcome.UNMANAGEABLE, "unmanageable")
    assert change.reason == "this server's API has no list of tax codes"
    assert planned.steps == ()
