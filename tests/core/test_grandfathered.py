"""Subscribers of an older version: only those that stay are counted as staying."""

from typing import Any

import pytest

from billsync.api.documents import BALANCE
from billsync.api.generations import dated
from billsync.api.routes import routes_of
from billsync.core.changes.read_set import ending_read, subscribers_read
from billsync.core.declared.selecting import selected
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.selection import Selection
from billsync.model.state import Desired, Entity, Row, Snapshot
from tests.core.test_chain_outcomes import DECEMBER, NOW, OURS, SUPERSEDED, link

SMALL = {"key": "small", "name": "small", "currency": "USD", "billing_cadence": "P1M", "phases": []}
PLACE = Position("a.yaml", 1, 1)
STATUSES = ((1, "archived"), (2, "active"))
MODE = Mode("sync", True, {})
STAYS = link(1, "S1", "active")
MOVES = link(1, "S1", "canceled", active_to=DECEMBER, labels={SUPERSEDED: "X2"})
ENDS = link(1, "S1", "canceled", active_to=DECEMBER)
LATEST = {"version": "latest", "change": "at_renewal"}


@pytest.mark.parametrize(
    ("running", "ending", "row", "chain", "said"),
    [
        (5, 0, STAYS, {}, "5 subscriptions stay on plan/small@1 (grandfathered)"),
        (5, 1, MOVES, {}, "4 subscriptions stay on plan/small@1 (grandfathered), 1 is scheduled to move"),
        (5, 1, ENDS, {}, "4 subscriptions stay on plan/small@1 (grandfathered), 1 is scheduled to end"),
        (5, 3, MOVES, {}, "2 subscriptions stay on plan/small@1 (grandfathered), 3 are scheduled to move or to end"),
        (2, 0, STAYS, LATEST, "1 subscription stays on plan/small@1 (grandfathered), 1 is moved by this run"),
        (1, 1, MOVES, {}, "no subscriptions stay on plan/small@1 (grandfathered), 1 is scheduled to move"),
        (1, 0, STAYS, LATEST, None),
        (
            2,
            0,
            STAYS,
            {"ends": "immediate"},
            "1 subscription stays on plan/small@1 (grandfathered), 1 is cancelled by this run",
        ),
    ],
)
def test_who_moves_or_ends_does_not_stay(
    running: int, ending: int, row: dict[str, Any], chain: dict[str, str], said: str | None
) -> None:
    assert notes(running, ending, row, chain) == ([f"{said}; plan/small@2 is for new ones"] if said else [])


def test_who_would_move_without_the_selection_is_counted_apart() -> None:
    """What stays, with what moves and isn't selected, is what runs on the older version."""
    found = notes(3, 0, STAYS, LATEST, Selection(patterns=(("plan", "small"),)))

    moving = "2 subscriptions stay on plan/small@1 (grandfathered), 1 is to move and not selected"
    assert found == [f"{moving}; plan/small@2 is for new ones"]


def notes(
    running: int, ending: int, row: dict[str, Any], chain: dict[str, str], selection: Selection | None = None
) -> list[str]:
    """What is noted of a version on which so many run, of whom some end, with one declared chain."""
    versions = [
        Row("plan", f"S{n}", {**SMALL, "id": f"S{n}", "version": n, "status": status}) for n, status in STATUSES
    ]
    counts = {subscribers_read(KINDS["subscription"], "S1"): running, ending_read(KINDS["subscription"], "S1"): ending}
    acme = Row("customer", "C1", {"id": "C1", "key": "acme", "name": "Acme", "labels": OURS})
    rows = {"customer": (acme,), "plan": tuple(versions), "subscription": (Row("subscription", "X1", row),)}
    entities = (
        Entity(Address("plan", ("small",)), SMALL, PLACE),
        Entity(Address("customer", ("acme",)), {"key": "acme", "name": "Acme"}, PLACE),
        Entity(Address("subscription", ("acme", "default")), {"key": "default", "plan": "small", **chain}, PLACE),
    )
    can = dated("openmeter")
    server = Server("here", routes_of(can), BALANCE, can.missing, can.is_alone)

    desired = selected(Desired("payments", entities), selection or Selection(), KINDS)

    plan = diff(desired, Snapshot(rows, counts=counts), KINDS, server=server, mode=MODE, now=NOW)

    return [change.reason for change in plan.changes if change.code == "grandfathered"]
