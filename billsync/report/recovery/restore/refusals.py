"""Refusals of the new server in a restore: chains that can't begin there, and rows that are lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from billsync.core.lifecycle.attached import LEFT_ALONE, stops
from billsync.model.address import Address
from billsync.model.change import Change, Outcome
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, Registry
from billsync.model.recovery import Accounted, Fate
from billsync.rating.arithmetic import minus
from billsync.report.recovery.losses.accounting import CUSTOMER, EVENT, Place
from billsync.report.recovery.restore.debts import NOT_RESTORED, Debt, lost_debt
from billsync.report.recovery.restore.links import SUBSCRIPTION
from billsync.report.recovery.restore.restoration import Restoration

IMMUTABLE = "immutable-field"


def refused_chains(changes: Sequence[Sequence[Change]], registry: Registry) -> frozenset[Address]:
    """The chains of which a server takes nothing at all. `changes` are those of each stage."""
    chained = [
        change
        for several in changes
        for change in several
        if registry[change.address.kind].archetype is Archetype.CHAINED
    ]
    made = {change.address for change in chained if change.is_pending}
    return frozenset(change.address for change in chained if _is_not_made(change)) - made


def _is_not_made(change: Change) -> bool:
    return change.outcome is Outcome.WAITING or stops(change)


def accounted(found: Restoration, changes: Sequence[Sequence[Change]]) -> tuple[Accounted, ...]:
    """The fates of all rows, after the new server's refusals. `changes` are those of each stage.

    Lines that add money to a row's stay, unless the row is lost.
    """
    there: set[Place] = set()
    fates = {(one.kind, one.row_id): one for one in found.accounts if one.count and one.kind != EVENT}
    for rows, several in zip(found.rows, changes, strict=True):
        made = {change.address.unversioned() for change in several if change.is_pending}
        for change in several:
            row_id = rows.get(change.address.unversioned(), "")
            place = change.address.kind, row_id
            if place in fates and _is_there(found, change, row_id):
                there.add(place)
                known = fates[place]
                fates[place] = Accounted(*place, known.what, Fate.RESTORED, customer=known.customer)
            elif _is_not_made(change) and place in fates:
                left = found.credits.get(row_id, {})
                known = _with_credit(fates[place], change, left)
                is_made = change.address.unversioned() in made or (bool(left) and not any(left.values()))
                fates[place] = _refused(known, change, is_made=is_made)
    for debt in found.debts:
        if fates[CUSTOMER, debt.customer_id].fate is Fate.LOST:
            fates[debt.place] = lost_debt(debt, NOT_RESTORED)
    more = (one for one in found.accounts if one.kind == EVENT or not one.count)
    apart = there.union(place for place, one in fates.items() if one.fate is Fate.LOST)
    return (*fates.values(), *(one for one in more if (one.kind, one.row_id) not in apart))


def _is_there(found: Restoration, change: Change, row_id: str) -> bool:
    """Whether somebody made the very row by hand before the snapshot, on this server, which hasn't lost it."""
    return change.code in LEFT_ALONE and row_id in found.survivors


def lost_to_others(accounts: Iterable[Accounted]) -> bool:
    """Whether something is lost as another's is in its place, and is left alone, which no refusal says."""
    return any(one.fate is Fate.LOST and one.code in LEFT_ALONE for one in accounts)


def debts_to_make(found: Restoration, accounts: Iterable[Accounted]) -> tuple[Debt, ...]:
    """The debts that aren't lost."""
    made = {(one.kind, one.row_id) for one in accounts if one.fate is not Fate.LOST}
    return tuple(debt for debt in found.debts if debt.place in made)


def _with_credit(known: Accounted, change: Change, left: Mapping[str, Decimal]) -> Accounted:
    """The fate of a grant with what its customer loses by the refusal: less what a live grant under its key has."""
    if not left:
        return known
    (currency,) = left
    if known.money and not left[currency]:
        return known
    there = {one.path[0]: one.old for one in change.fields}
    if change.code == IMMUTABLE and not there.keys() & {"currency", "state"}:
        amount = Decimal(str(there["amount"])) if "amount" in there else left[currency]
        left = {currency: minus(left[currency], amount)}
    return replace(known, money={name: amount for name, amount in left.items() if amount})


def _refused(known: Accounted, change: Change, *, is_made: bool) -> Accounted:
    """The fate of a row of which the new server refuses something; of one that is made, a part alone. Of a grant of
    which nothing was left, nothing is lost either. The money of a subscription is that of another beginning, which it
    doesn't have."""
    if not is_made:
        money = {} if known.kind == SUBSCRIPTION else known.money
        return replace(known, fate=Fate.LOST, code=change.code, how=change.reason, money=money)
    if known.fate is Fate.LOST:
        return known
    if known.fate is Fate.DIFFERENT:
        return replace(known, how=f"{known.how}; {change.reason}")
    return replace(known, fate=Fate.DIFFERENT, code=change.code, how=change.reason)
