"""Grants of a recovery snapshot with what is left of them, and the fate of each.

A key that was granted is never granted again (design.md §4): a grant of which nothing is left comes back as the
smallest amount of its currency, expired already, so that files which still declare it grant nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.core.observed.index import state_of
from billsync.model.address import Address
from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass
from billsync.model.kind import State
from billsync.model.labels import RESTORED, SPENT
from billsync.model.moment import cut_to_seconds, moment_text
from billsync.model.recovery import Accounted, Credit, Fate
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import EXACT, ZERO
from billsync.report.recovery.facts.restored_keys import key_of
from billsync.report.recovery.restore.old import Old, moment, owner_of

GRANT = "grant"
GIFT = "none"
LONG_AGO = timedelta(hours=1)
"""The time since a spent grant expired at least, so that no clock sees it in force."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant to be made in the new organization (None for none), the fate of the old one, and what is left of it."""

    entity: Entity | None
    owner: str | None
    account: Accounted
    left: Mapping[str, Decimal] = field(default_factory=dict)


def grants(old: Old, now: datetime) -> Iterator[Granted]:
    """Every grant of the snapshot, in the order in which they were made."""
    for row in sorted(old.recovery.live.of(GRANT), key=lambda row: (str(row.fields.get("created_at")), row.id)):
        yield _granted(old, row, now)


def _granted(old: Old, row: Row, now: datetime) -> Granted:
    customer = old.customer_of(row)
    owner = owner_of(row)
    left = _left(old, row)
    is_over = state_of(old.registry[GRANT], row.fields) in (State.OVER, State.TAKEN_BACK)
    if customer is None:
        money = {str(row.fields["currency"]): left} if left and not is_over else {}
        account = old.fated(row, Fate.LOST, "no-parent", "its customer isn't restored", money)
        return Granted(None, owner, account)
    ended = moment(row.fields, "expires_at")
    address = Address(GRANT, (*customer.names, key_of(row)))
    if left is None and not is_over:
        return Granted(None, owner, old.fated(row, Fate.LOST, "left-unknown", "the snapshot doesn't say what is left"))
    if decimals(str(row.fields["currency"])) is None:  # customer-facts.md §7.2
        money = {str(row.fields["currency"]): left} if left and not is_over else {}
        account = old.fated(row, Fate.LOST, "custom-credit", "no server grants credit in such a currency", money)
        return Granted(None, owner, account)
    if is_over or not left or (ended is not None and ended <= now):
        money = {} if is_over or not left else {str(row.fields["currency"]): left}
        return _spent(old, row, address, now, money)
    if _needs_gone(old, row):
        how = "it is for a feature that was deleted"
        account = old.fated(row, Fate.LOST, "refers-to-gone", how, {str(row.fields["currency"]): left})
        return Granted(None, owner, account)
    fields = {**_terms(row), "amount": left}
    entity = old.entity(address, row, {**fields, **_as_gift(row)})
    return Granted(entity, owner, _account(old, row, left), {str(row.fields["currency"]): left})


def _left(old: Old, row: Row) -> Decimal | None:
    """The rest of a grant; None where the snapshot doesn't say. One that waits for its invoice is whole."""
    if _is_unbilled(row):
        return Decimal(str(row.fields["amount"]))
    return old.recovery.credit.get(row.parent_id or "", Credit()).left.get(row.id)


def _needs_gone(old: Old, row: Row) -> bool:
    wanted = (row.fields.get("filters") or {}).get("features") or ()
    names = old.source.found.names
    return bool(wanted) and not set(wanted) <= {names[one.id].key for one in old.recovery.live.of("feature")}


def _spent(old: Old, row: Row, address: Address, now: datetime, money: dict[str, Decimal]) -> Granted:
    """A grant of which nothing is left, so that its key is used up."""
    account = old.fated(row, Fate.RESTORED)
    if money:
        account = old.fated(row, Fate.LOST, "expired-since", "it expired since the snapshot was taken", money)
    if not row.fields.get("key"):
        return Granted(None, owner_of(row), account)
    start = cut_to_seconds(min(starts_at(row) or now, now - LONG_AGO))
    places = decimals(str(row.fields.get("currency"))) or 0
    terms = {
        **_terms(row, SPENT),
        "amount": Decimal(1).scaleb(-places, EXACT),
        "effective_at": moment_text(start),
        "expires_after": "PT1S",
        "expires_at": None,
        "filters": None,
        "state": None,
        "settlement": None,
    }
    entity = old.entity(address, row, {**terms, **_as_gift(row, is_spent=True)})
    return Granted(entity, owner_of(row), account, {str(row.fields["currency"]): ZERO})


def _terms(row: Row, *marks: str) -> Fields:
    """The start and the end of a grant as moments, and its labels with what was granted at first."""
    start, end = starts_at(row), moment(row.fields, "expires_at")
    labels = {
        name: value for name, value in (row.fields.get("labels") or {}).items() if not name.startswith("billsync_")
    }
    granted = {RESTORED: decimal_text(Decimal(str(row.fields["amount"])))}
    return {
        "effective_at": moment_text(start) if start else None,
        "expires_after": None,
        "expires_at": moment_text(end) if end else None,
        "labels": {**labels, **granted, **dict.fromkeys(marks, "true")},
        "tax_config": None,
    }


def starts_at(row: Row) -> datetime | None:
    """The second from which on a grant counts; None where its row doesn't say."""
    found = moment(row.fields, "effective_at") or moment(row.fields, "created_at")
    return cut_to_seconds(found) if found else None


def _as_gift(row: Row, *, is_spent: bool = False) -> Fields:
    """The funding of a restored grant: nobody pays for it again. An invoice that wasn't made yet is made then."""
    if _is_unbilled(row) and not is_spent:
        return {}
    return {"funding_method": GIFT, "purchase": None, "settlement": None}


def _is_unbilled(row: Row) -> bool:
    return row.fields.get("funding_method") == "invoice" and row.fields.get("status") == "pending"


def _account(old: Old, row: Row, left: Decimal) -> Accounted:
    method = row.fields.get("funding_method")
    if method == GIFT or _is_unbilled(row):
        return old.fated(row, Fate.RESTORED)
    purchase = row.fields.get("purchase") or {}
    settled = purchase.get("settlement_status")
    if settled == "settled":
        return old.fated(row, Fate.DIFFERENT, "paid-before", "it was paid before: it comes back without a payment")
    due = Decimal(str(purchase.get("amount") or ZERO))
    how = f"its payment ({settled or 'unknown'}) isn't asked for again: collect it where it was asked for"
    money = {str(purchase.get("currency") or row.fields["currency"]): due.copy_negate()} if due else {}
    return old.fated(row, Fate.DIFFERENT, "payment-open", how, money)
