"""The rest of each grant of a customer, and the difference of the server's balance from their sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from billsync.core.observed.index import state_of
from billsync.kinds.registry import KINDS
from billsync.model.recovery import Credit
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, exactly, negative
from billsync.report.billing.subscribed import moment_of
from billsync.report.credits.credits import Spent
from billsync.report.credits.ledger import Statement
from billsync.report.credits.wallet import Past, Wallet, wallet_of

GRANT, PENDING = "grant", "pending"


def credit_of(statement: Statement, features: Mapping[str, str]) -> Credit:
    """The customer's credit at the time of its balance; `features` maps ids to keys.

    Of a grant that is over nothing is left; of one that waits for its invoice, all. Grants whose status isn't known
    are left out, so that `unexplained` has what the server counts of them.

    What is left of all grants, less the debts, is the server's balance (`settled` and `pending`) less `unexplained`.
    An amount that the server gave back or took without a movement (customer-facts.md §9.1) is in what is left of the
    grants drawn last, and in `unlisted`; in `unexplained`, where these are over or a grant isn't known. Sources:
    customer-facts.md §7.6, §8, §9.2.
    """
    balances = tuple(statement.balance["balances"])
    if not (statement.grants or statement.transactions or balances):
        return Credit()
    now = moment_of(statement.balance["retrieved_at"])
    known = tuple(row for row in statement.grants if state_of(KINDS[GRANT], row) is not None)
    wallet = _wallet(statement, known, features)
    pasts = wallet.pasts([str(row["currency"]) for row in balances])
    spent = {code: past.purse().spent() for code, past in pasts.items()}
    left = {key: amount for code, past in pasts.items() for key, amount in _left(past, spent[code], now)}
    left |= {str(row["id"]): Decimal(row["amount"]) for row in _waiting(known, now)}
    debts = {code: one.debt for code, one in spent.items() if one.debt}
    unexplained = _unexplained(balances, known, left, debts)
    unlisted = {code: negative(expense.amount) for code, expense in wallet.unlisted.items()}
    owed = {code: for_features for code, one in spent.items() if (for_features := _for_features(one))}
    return Credit(balances, left, debts, unexplained, unlisted, owed)


def _for_features(spent: Spent) -> Mapping[str, Decimal]:
    """The debts that are for a feature, by its key."""
    return {feature: amount for feature, amount in spent.owed.items() if feature is not None}


def unreadable_credit(balance: Fields) -> Credit:
    """The credit of a customer whose consumption the server doesn't list: nothing of it is known of any grant."""
    balances = tuple(balance["balances"])
    return Credit(balances, unexplained=_unexplained(balances, (), {}, {}))


def _wallet(statement: Statement, known: Sequence[Fields], features: Mapping[str, str]) -> Wallet:
    """The wallet of the grants that are known; made to agree with the balance if these are all."""
    if len(known) == len(statement.grants):
        return wallet_of(statement, features)
    return Wallet(known, statement.transactions, features)


def _left(past: Past, spent: Spent, now: datetime) -> Iterable[tuple[str, Decimal]]:
    for funding in past.funded:
        ends = [end for end in (funding.grant.expires_at, funding.voided_at) if end is not None]
        is_over = any(end <= now for end in ends)  # credit that came back to one is nobody's
        yield funding.grant.key, ZERO if is_over else spent.left[funding.grant.key]


def _waiting(rows: Iterable[Fields], now: datetime) -> Iterable[Fields]:
    """The grants whose invoice isn't made yet, and which haven't expired before it was."""
    for row in rows:
        ends = moment_of(row["expires_at"]) if row.get("expires_at") else None
        if row["status"] == PENDING and (ends is None or ends > now):
            yield row


@exactly
def _unexplained(
    balances: Iterable[Fields],
    grants: Iterable[Fields],
    left: Mapping[str, Decimal],
    debts: Mapping[str, Decimal],
) -> Mapping[str, Decimal]:
    """By currency, the server's balance less the computed one, without zeros."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in balances:
        found[str(row["currency"])] += Decimal(row["settled"]) + Decimal(row["pending"])
    for row in grants:
        found[str(row["currency"])] -= left.get(str(row["id"]), ZERO)
    for code, debt in debts.items():
        found[code] += debt
    return {code: amount for code, amount in sorted(found.items()) if amount}
