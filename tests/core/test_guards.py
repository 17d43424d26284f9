"""Guards: what stops a run before its first write, and the flag that lets it pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.api.documents import BALANCE
from billsync.api.generations import dated
from billsync.api.routes import routes
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Outcome, PlanFile
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, Row, Snapshot

TABLES = routes("openmeter")
CAN = dated("openmeter")
SERVER = Server("here", TABLES, BALANCE, CAN.missing, CAN.is_alone)
HERE = Position("a.yaml", 1, 1)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
OURS = {"billsync_owner": "payments"}
ACME = Row("customer", "C1", {"id": "C1", "key": "acme", "name": "Acme", "labels": OURS})


def entity(kind: str, *names: str, **fields: Any) -> Entity:
    return Entity(Address(kind, names), {"key": names[-1], **fields}, HERE)


def grant_row(server_id: str, **fields: Any) -> Row:
    shown = {"name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none", "priority": 10}
    return Row("grant", server_id, {"id": server_id, "status": "active", "labels": OURS, **shown, **fields}, "C1")


def meter_row(number: int) -> Row:
    shown = {"name": "M", "event_type": "e", "aggregation": "count", "labels": OURS}
    return Row("meter", f"M{number}", {"id": f"M{number}", "key": f"m{number}", **shown})


def planned(snapshot: Snapshot, *entities: Entity, named: frozenset[str] = frozenset(), **allow: str) -> PlanFile:
    desired = Desired("payments", entities, named=named)
    mode = Mode("sync", deletes=True, allow={name.replace("_", "-"): value for name, value in allow.items()})
    return diff(desired, snapshot, KINDS, server=SERVER, mode=mode, now=NOW)


CUSTOMER = entity("customer", "acme", name="Acme")
WELCOME = entity("grant", "acme", "hello", name="Welcome", amount="500", currency="USD", funding_method="none")


@pytest.mark.parametrize(
    ("row", "stops"),
    [
        (grant_row("G1", key="welcome"), True),
        (grant_row("G1", key="welcome", name="Other"), True),
        (grant_row("G1", key="welcome", amount="7"), True),
        (grant_row("G1", key="welcome", name="Other", amount="7"), False),
        (grant_row("G1", key="welcome", status="voided"), False),
        (grant_row("G1", key="welcome", status="expired"), True),
        (grant_row("G1", key="welcome", status="expired", name="Other"), False),
        (grant_row("G1", key="welcome", status="expired", amount="7"), False),
        (grant_row("G1", key="welcome", labels={"billsync_owner": "others"}), False),
        (grant_row("G1"), True),
        (grant_row("G1", labels={}), False),
    ],
)
def test_a_new_grant_like_an_abandoned_owned_grant_stops_the_run(row: Row, stops: bool) -> None:
    """A new grant that looks like an owned grant which is no longer declared stops the run."""
    live = Snapshot({"customer": (ACME,), "grant": (row,)})

    plan = planned(live, CUSTOMER, WELCOME)
    allowed = planned(live, CUSTOMER, WELCOME, doubled_grant="")

    assert [guard.code for guard in plan.guards] == (["doubled-grant"] if stops else [])
    assert allowed.guards == ()


@pytest.mark.parametrize(
    ("balance", "reason"),
    [
        ({"balances": []}, None),
        ({"balances": [{"currency": "USD", "live": "0", "settled": "0", "pending": "0"}]}, None),
        (
            {"balances": [{"currency": "USD", "live": "0", "settled": "0", "pending": "9"}]},
            "a pending balance of 9 USD",
        ),
        ({"balances": [{"currency": "USD", "live": "-1", "settled": "0", "pending": "0"}]}, "a balance of -1 USD"),
        ({"balances": "none"}, "a balance that can't be read"),
        ({"balances": [None]}, "a balance that can't be read"),
        ({"balances": [{"currency": "USD", "live": "x", "settled": "0", "pending": "0"}]}, "a balance of x USD"),
    ],
)
def test_a_customer_with_credit_is_not_deleted(balance: dict[str, Any], reason: str | None) -> None:
    """A customer with credit is not deleted, and an unreadable balance counts as credit."""
    document = {BALANCE.replace("{parent}", "C1"): balance}
    live = Snapshot({"customer": (ACME,)}, documents=document)

    plan = planned(live, entity("meter", "m", name="M"), named=frozenset({"customer"}))

    expected = [] if reason is None else [f"customer/acme has {reason}"]
    assert [guard.reason for guard in plan.guards] == expected


@pytest.mark.parametrize(("number", "kept", "stops"), [(9, 0, False), (10, 7, True), (10, 8, False), (12, 0, True)])
def test_more_than_a_fifth_of_ten_or_more_stops_the_run(number: int, kept: int, stops: bool) -> None:
    live = Snapshot({"meter": tuple(meter_row(n) for n in range(number))})
    meters = [entity("meter", f"m{n}", name="M", event_type="e", aggregation="count") for n in range(kept)]

    plan = planned(live, CUSTOMER, *meters, named=frozenset({"meter"}))
    allowed = planned(live, CUSTOMER, *meters, named=frozenset({"meter"}), deletes=str(number - kept))

    assert [guard.code for guard in plan.guards] == (["deletes"] if stops else [])
    assert allowed.guards == ()


@pytest.mark.parametrize(("holder", "stops"), [("payments", True), ("others", False)])
def test_a_grant_without_an_owner_is_its_customers(holder: str, stops: bool) -> None:
    """A grant without an owner's label is ours if its customer is, which no file declares any more."""
    shown = {"id": "C2", "key": "old", "name": "Acme", "labels": {"billsync_owner": holder}}
    unlabelled = replace(grant_row("G1", key="welcome", labels={}), parent_id="C2")
    live = Snapshot({"customer": (Row("customer", "C2", shown),), "grant": (unlabelled,)})

    plan = planned(live, CUSTOMER, WELCOME)

    assert [guard.code for guard in plan.guards if guard.code == "doubled-grant"] == ["doubled-grant"] * stops


def test_a_grant_that_is_over_is_no_credit_of_its_customer() -> None:
    live = Snapshot({"customer": (ACME,), "grant": (grant_row("G1", status="expired"), grant_row("G2"))})

    plan = planned(live, entity("meter", "m", name="M"), named=frozenset({"customer"}))

    assert [guard.reason for guard in plan.guards] == ["customer/acme has an active grant without a key"]


def test_a_voided_grant_that_is_declared_is_a_note() -> None:
    voided = grant_row("G1", key="hello", status="voided", voided_at="2026-11-01T00:00:00Z")
    live = Snapshot({"customer": (ACME,), "grant": (voided,)})

    plan = planned(live, CUSTOMER, WELCOME)

    [change] = plan.changes
    assert (change.address.text, change.outcome, change.code) == ("grant/acme/hello", Outcome.NOTE, "voided")
    assert change.reason == "its credit was voided at 2026-11-01T00:00:00Z; billsync won't issue it again"
    assert plan.steps == ()
