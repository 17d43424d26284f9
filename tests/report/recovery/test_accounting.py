"""The loss report: every row of a recovery snapshot has one fate."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billsync.model.recovery import Accounted, Credit, Fate, Header, Recovery
from billsync.model.state import Row, Snapshot
from billsync.report.recovery.losses.accounting import DEBT, EVENT, REFUSED, Money, complete, loss_report

NOW = datetime(2026, 9, 1, tzinfo=UTC)
HEADER = Header(NOW, NOW, "local", "openmeter", "openmeter@august", "1")
ROWS: Mapping[str, tuple[Row, ...]] = {
    "plan": (Row("plan", "p1", {"key": "pro"}),),
    "customer": (Row("customer", "c1", {"key": "acme"}),),
    "grant": (Row("grant", "g1", {"key": "welcome"}, "c1"),),
}
RECOVERY = Recovery(
    HEADER, Snapshot(ROWS), {"apps": ({"id": "a1"},), "currencies": 501}, {"c1": Credit(debts={"USD": Decimal(20)})}
)
RESTORED = Fate.RESTORED
GRANT = Accounted("grant", "g1", "grant/acme/welcome", Fate.DIFFERENT, "x", "y", "acme", {"USD": Decimal("0.50")})
OWED = Accounted(DEBT, "c1/USD", "debt of acme", Fate.LOST, "debt", "z", "acme", {"USD": Decimal(-20)})
WHOLE = (
    Accounted("plan", "p1", "plan/pro@1", RESTORED),
    Accounted("customer", "c1", "customer/acme", RESTORED, customer="acme"),
    GRANT,
    Accounted("apps", "a1", "app", Fate.LOST, "undeclared", "a fresh server doesn't have it"),
    Accounted(REFUSED, "currencies", "the list of currencies", Fate.LOST, "unread", "it can't be read (501)"),
    OWED,
    Accounted(EVENT, "c1", "7 usage events of acme", RESTORED, customer="acme", count=7),
)


def test_an_account_of_every_row_is_complete() -> None:
    assert complete(RECOVERY, WHOLE, events=7) == ()


@pytest.mark.parametrize(
    ("accounts", "events", "fault"),
    [
        (WHOLE[1:], 7, "plan p1 has no fate"),
        ((*WHOLE, WHOLE[0]), 7, "plan p1 has 2 fates"),
        ((*WHOLE, replace(WHOLE[0], row_id="p2")), 7, "plan p2 isn't in the snapshot"),
        ((*WHOLE[:2], replace(GRANT, customer=None), *WHOLE[3:]), 7, "grant/acme/welcome doesn't name its customer"),
        (WHOLE, 8, "7 usage events have a fate, and the snapshot has 8"),
    ],
)
def test_an_account_that_does_not_add_up_says_where(accounts: tuple[Accounted, ...], events: int, fault: str) -> None:
    assert complete(RECOVERY, accounts, events=events) == (fault,)


def test_a_loss_report_counts_rows_and_sums_the_money_of_both_sides() -> None:
    found = loss_report(WHOLE)

    assert found.totals == {Fate.RESTORED: 9, Fate.DIFFERENT: 1, Fate.LOST: 3}
    assert found.counts[EVENT] == {Fate.RESTORED: 7}
    assert found.money == {"USD": Money(customers=Decimal("0.50"), seller=Decimal(20))}
    assert [one.what for one in found.lines] == [
        "app", "the list of currencies", "debt of acme", "grant/acme/welcome",
    ]  # fmt: skip
