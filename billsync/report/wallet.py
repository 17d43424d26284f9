"""A customer's credits as a forecast needs them: grants, and what went. It prices nothing and reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from billsync.model.value import Fields
from billsync.rating.arithmetic import exactly
from billsync.report.credits import Expense, Funding, fundings, held, spend
from billsync.report.ledger import Statement
from billsync.report.subscribed import moment_of

CONSUMED = "consumed"


@dataclass(frozen=True, slots=True)
class Wallet:
    """A customer's credits as the API shows them: rows of grants, and newest first those of consumed credits.

    `features` maps ids of features to keys: movements name a feature by its id. `unlisted` is, by currency, what the
    server gave back or took without a movement.
    """

    grants: Sequence[Fields] = ()
    consumed: Sequence[Fields] = ()
    features: Mapping[str, str] = field(default_factory=dict)
    unlisted: Mapping[str, Expense] = field(default_factory=dict)

    def funded(self) -> dict[str, Sequence[Funding]]:
        """The grants by currency."""
        return {code: fundings(self.grants, code) for code in sorted({row["currency"] for row in self.grants})}

    def history(self) -> dict[str, Sequence[Expense]]:
        """What was consumed so far, by currency, oldest first."""
        found: dict[str, list[Expense]] = {}
        oldest_first = self.consumed[::-1]
        for row in sorted(oldest_first, key=lambda row: moment_of(row["booked_at"])):
            feature = self.features.get(str((row.get("labels") or {}).get("feature_id", "")))
            spent = Expense(moment_of(row["booked_at"]), -Decimal(row["amount"]), feature, is_owed=True)
            found.setdefault(row["currency"], []).append(spent)
        for code, expense in self.unlisted.items():
            found.setdefault(code, []).append(expense)
        return {code: tuple(expenses) for code, expenses in found.items()}


def wallet_of(statement: Statement, features: Mapping[str, str]) -> Wallet:
    """The wallet of a statement; where its movements come to another balance than the server's, the server's counts.

    Credits that come back have no movement (customer-facts.md §9.1): they go to what is owed, then to the grants that
    were drawn last.
    """
    listed = Wallet(statement.grants, tuple(row for row in statement.transactions if row["type"] == CONSUMED), features)
    now = moment_of(statement.balance["retrieved_at"])
    missing = {
        row["currency"]: _worked_out(listed, row["currency"], now) - Decimal(row["settled"]) for row in _said(statement)
    }
    unlisted = {code: Expense(now, amount, is_owed=True) for code, amount in missing.items() if amount}
    return replace(listed, unlisted=unlisted)


def _said(statement: Statement) -> Sequence[Fields]:
    found: Sequence[Fields] = statement.balance["balances"]
    return found


@exactly
def _worked_out(wallet: Wallet, currency: str, now: datetime) -> Decimal:
    """The balance in a currency as grants and movements make it: what grants hold, without debts."""
    booked = [one for one in wallet.funded().get(currency, ()) if one.at <= now]
    spent = spend(booked, wallet.history().get(currency, ()))
    return held(booked, spent, now) - spent.debt_at(now)
