"""Promises read from the embedded server."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billsync.app.recovery.promises import promises_of
from billsync.app.server.connection import Connection
from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.model.recovery import Promise
from tests.cli.test_forecast_besides import changed as changed
from tests.cli.test_forecast_besides import told
from tests.support.addon_shop import server
from tests.support.command import Shell

pytestmark = pytest.mark.thorough
BEGUN, RENEWAL = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)


def read(shell: Shell) -> list[Promise]:
    """The promises of all subscriptions of the shell's server."""
    with server(shell) as client:
        settings = Settings(transport=client._transport)
        remote = Client(Target("http://local/api/v3", database="test"), shell.clock, settings)
        found = promises_of(Connection(remote, shell.clock, "local", "openmeter"))
    return list(found.values())


def test_a_promise_is_due_what_the_forecast_says(changed: Shell) -> None:
    """After changes of add-ons within the running period, too."""
    assert sum(Decimal(line["amount"]) for one in told(changed)["due"] for line in one["lines"]) == Decimal("17.2")
    assert read(changed) == [
        Promise(
            plan="pro",
            version=1,
            phase="default",
            period_from=BEGUN,
            period_to=RENEWAL,
            addons={"boost": 4},
            due={"USD": Decimal("17.2")},
            access=frozenset(),
            hidden={"USD": Decimal("6.2")},
            early={},
        )
    ]
