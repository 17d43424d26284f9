"""A customer's credits as a forecast needs them: grants, and their draws so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from billsync.model.frozen import dataclass, replace
from billsync.model.value import Fields
from billsync.rating.arithmetic import exactly, minus, negative
from billsync.report.billing.subscribed import moment_of
from billsync.report.credits.credits import Expense, Funding, Purse, fundings, held, purse_after
from billsync.report.credits.ledger import Statement

CONSUMED = "consumed"


class Past:
    """One currency: grants, and expenses until now. They are computed once for each set of grants."""

    __slots__ = ("_followed", "funded", "history")

    def __init__(self, funded: Sequence[Funding], history: Sequence[Expense]) -> None:
        self.funded = funded
        self.history = history
        self._followed: dict[int, Purse] = {}

    def purse(self, *, booked_by: datetime | None = None) -> Purse:
        """An independent purse after all expenses so far; with all grants, or those booked by a moment."""
        booked = [one for one in self.funded if booked_by is None or one.at <= booked_by]
        if len(booked) not in self._followed:  # sets by moments lie within each other, so that a number names one
            self._followed[len(booked)] = purse_after(booked, self.history)
        return self._followed[len(booked)].copy()


@dataclass(frozen=True, slots=True)
class Wallet:
    """A customer's credits as the API shows them: rows of grants, and rows of consumed credits, newest first.

    `features` maps features' ids to keys: movements name a feature by id. `unlisted` is, by currency, the amount that
    the server returned or took without a movement.
    """

    grants: Sequence[Fields] = ()
    consumed: Sequence[Fields] = ()
    features: Mapping[str, str] = field(default_factory=dict)
    unlisted: Mapping[str, Expense] = field(default_factory=dict)

    def pasts(self, currencies: Iterable[str] = ()) -> dict[str, Past]:
        """By currency, of those given and of all grants, in their order."""
        funded, history = self.funded(), self.history()
        codes = sorted({*currencies, *funded})
        return {code: Past(funded.get(code, ()), history.get(code, ())) for code in codes}

    def funded(self) -> dict[str, Sequence[Funding]]:
        """The grants by currency."""
        return {code: fundings(self.grants, code) for code in sorted({row["currency"] for row in self.grants})}

    def history(self) -> dict[str, Sequence[Expense]]:
        """Return the consumption so far, by currency, in the order in which it counts."""
        found: dict[str, list[Expense]] = {}
        newest_last = self.consumed[::-1]
        oldest_first = sorted(newest_last, key=lambda row: moment_of(row["booked_at"]))
        spent = ((row["currency"], self._spent(row)) for row in oldest_first)
        for code, expense in sorted(spent, key=lambda one: one[1].known_at):
            found.setdefault(code, []).append(expense)
        for code, expense in self.unlisted.items():
            found.setdefault(code, []).append(expense)
        return {code: tuple(expenses) for code, expenses in found.items()}

    def _spent(self, row: Fields) -> Expense:
        """The expense in a row. One without a subscription is a fee that somebody posted, for any time before."""
        labels = row.get("labels") or {}
        feature = self.features.get(str(labels.get("feature_id", "")))
        is_posted = "created_at" in row and not labels.get("subscription_id")
        posted = moment_of(row["created_at"]) if is_posted else None
        at, amount = moment_of(row["booked_at"]), negative(Decimal(row["amount"]))
        return Expense(at, amount, feature, is_owed=True, posted=posted)


def wallet_of(statement: Statement, features: Mapping[str, str]) -> Wallet:
    """The wallet of a statement; if its movements add up to another balance than the server's, the server's counts.

    Returned credits have no movement (customer-facts.md §9.1): they reduce debts first, then go back to the grants
    drawn last.
    """
    listed = Wallet(statement.grants, tuple(row for row in statement.transactions if row["type"] == CONSUMED), features)
    now = moment_of(statement.balance["retrieved_at"])
    said = {row["currency"]: Decimal(row["settled"]) for row in statement.balance["balances"]}
    found = {code: _worked_out(past, now) for code, past in listed.pasts(said).items() if code in said}
    missing = {code: minus(amount, said[code]) for code, amount in found.items()}
    unlisted = {code: Expense(now, amount, is_owed=True) for code, amount in missing.items() if amount}
    return replace(listed, unlisted=unlisted)


@exactly
def _worked_out(past: Past, now: datetime) -> Decimal:
    """The balance in a currency computed from grants and movements: the grants' balances, without debts."""
    spent = past.purse(booked_by=now).spent()
    return held([one for one in past.funded if one.at <= now], spent, now) - spent.debt_at(now)
