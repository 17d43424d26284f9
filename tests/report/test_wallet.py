from datetime import UTC, datetime
from decimal import Decimal

from billsync.report.credits.credits import Expense
from billsync.report.credits.ledger import Statement
from billsync.report.credits.wallet import Wallet, wallet_of
from tests.support.subscription_rows import FEATURES, consumed_row, grant_row

NOW = "2026-09-10T00:00:00Z"
GRANT = grant_row("100")
FUNDED = {**GRANT, "type": "funded", "name": "G", "booked_at": GRANT["created_at"], "labels": {}}
TAKEN = {**consumed_row("30", "2026-09-02T00:00:00Z"), "id": "c", "name": "Fee", "labels": {"feature_id": "f-api"}}
SPENT = Expense(datetime(2026, 9, 2, tzinfo=UTC), Decimal(30), "api", is_owed=True)


def wallet(settled: str) -> Wallet:
    balance = {"currency": "USD", "settled": settled, "live": settled, "pending": "0"}
    statement = Statement({"retrieved_at": NOW, "balances": [balance]}, (TAKEN, FUNDED), (GRANT,))
    return wallet_of(statement, FEATURES)


def test_a_wallet_holds_what_was_consumed_by_feature() -> None:
    assert wallet("70").history() == {"USD": (SPENT,)}


def test_what_came_back_without_a_movement_is_given_back() -> None:
    back = Expense(datetime(2026, 9, 10, tzinfo=UTC), Decimal(-20), is_owed=True)

    assert wallet("90").history() == {"USD": (SPENT, back)}
