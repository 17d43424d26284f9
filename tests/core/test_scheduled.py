"""A version that the server shows as scheduled: waited for if it is the declared one, refused by name if it isn't."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.api.documents import BALANCE
from billsync.api.routes import routes
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, FieldChange, Outcome
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, Row, Snapshot

SERVER = Server("here", routes("openmeter"), BALANCE, {}, one_chain_per_parent=True)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SINCE = "2026-12-01T00:00:00Z"
FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "1"}}
PRO = {
    "key": "pro",
    "name": "Pro",
    "currency": "USD",
    "billing_cadence": "P1M",
    "phases": [{"key": "default", "name": "Default", "rate_cards": [FEE]}],
}


def version(number: int, status: str, **fields: Any) -> Row:
    shown = {"id": f"P{number}", "version": number, "status": status, "addons": [], **PRO, **fields}
    return Row("plan", f"P{number}", shown)


@pytest.mark.parametrize("earlier", [(), (version(1, "active", name="Old"),)])
def test_a_scheduled_version_that_is_the_declared_one_is_waited_for(earlier: tuple[Row, ...]) -> None:
    number = len(earlier) + 1
    live = Snapshot({"plan": (*earlier, version(number, "scheduled", effective_from=SINCE))})
    desired = Desired("payments", (Entity(Address("plan", ("pro",)), PRO, Position("a.yaml", 1, 1)),))

    plan = diff(desired, live, KINDS, server=SERVER, mode=Mode("sync", True, {}), now=NOW)

    [change] = plan.changes
    assert plan.steps == ()
    assert (change.address.text, change.outcome, change.action) == (f"plan/pro@{number}", Outcome.WAITING, Action.NONE)
    assert change.reason == (
        f"it is scheduled: it takes effect at {SINCE} by the server's clock, which may have gone back"
    )


def test_a_scheduled_version_with_other_content_is_refused_by_name() -> None:
    live = Snapshot({"plan": (version(1, "active"), version(2, "scheduled", effective_from=SINCE, name="Later"))})
    desired = Desired("payments", (Entity(Address("plan", ("pro",)), PRO, Position("a.yaml", 1, 1)),))

    plan = diff(desired, live, KINDS, server=SERVER, mode=Mode("sync", True, {}), now=NOW)

    [change] = plan.changes
    assert plan.steps == ()
    assert (change.address.text, change.outcome, change.code) == ("plan/pro", Outcome.REFUSED, "scheduled-version")
    assert change.fields == (FieldChange(("name",), "Later", "Pro"),)
    assert change.reason == (
        f"plan/pro@2 has other content and is scheduled: it takes effect at {SINCE} by the server's clock"
    )
