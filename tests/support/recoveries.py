"""Recovery snapshots of embedded servers, without a file."""

from __future__ import annotations

from decimal import Decimal

from billsync.app.customers import statement_of
from billsync.app.dumped_addons import with_addons
from billsync.app.pipeline import everything
from billsync.app.promises import promises_of
from billsync.model.recovery import Credit, Header, Recovery
from billsync.model.value import Fields
from billsync.report.credits.wallet import wallet_of
from tests.support.world import TARGET, World


def recovery_of(world: World) -> Recovery:
    """The recovery snapshot of a server, as it is now."""
    connection = world.connection()
    live = with_addons(connection, everything(connection)).snapshot
    now = world.clock.now()
    header = Header(now, now, TARGET, connection.dialect, connection.generation.full_name, "test")
    features = {row.id: str(row.fields["key"]) for row in live.of("feature")}
    credit = {}
    for customer in live.of("customer"):
        statement = statement_of(connection, customer.id)
        pasts = wallet_of(statement, features).pasts()
        spent = {code: past.purse().spent() for code, past in pasts.items()}
        left = {key: amount for one in spent.values() for key, amount in one.left.items()}
        rows: tuple[Fields, ...] = tuple(statement.balance["balances"])
        settled = {row["currency"]: Decimal(row["settled"]) for row in rows}
        debts = {code: -amount for code, amount in settled.items() if amount < 0}
        credit[customer.id] = Credit(rows, left, debts)
    return Recovery(header, live, credit=credit, promises=promises_of(connection))
