"""A customer's credits as a forecast needs them: grants, and what went. It prices nothing and reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from billsync.model.value import Fields
from billsync.report.credits import Expense, Funding, fundings
from billsync.report.ledger import Ledger, Statement
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


def wallet_of(statement: Statement, ledger: Ledger, features: Mapping[str, str]) -> Wallet:
    """The wallet of a statement; where its movements don't add up to the server's balance, the balance counts.

    Credits that come back have no movement (customer-facts.md §9.1): they go to what is owed, then to the grants that
    were drawn last.
    """
    consumed = tuple(row for row in statement.transactions if row["type"] == CONSUMED)
    differing = (one for one in ledger.balances if not one.agrees)
    unlisted = {one.currency: Expense(ledger.at, one.added_up - one.settled, is_owed=True) for one in differing}
    return Wallet(statement.grants, consumed, features, unlisted)
