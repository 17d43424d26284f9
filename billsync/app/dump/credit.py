"""The credit of very many customers, and where a dump doesn't carry it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

import msgspec

from billsync.api.documents import BALANCE
from billsync.app.dump.rows import ROOT, Member
from billsync.app.server.connection import Connection
from billsync.core.dump.losses import Loss
from billsync.core.dump_alike.moments import MOMENT
from billsync.core.dump_alike.texts import NUMBER
from billsync.live.lists.page import Outcome, Refused, answers, document_from
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.limits import READS_AT_ONCE
from billsync.model.ports import Get, Page
from billsync.model.value import Fields
from billsync.report.dump.losses_beyond import GRANT
from billsync.report.dump.undeclared import balance_losses, granted, unread


class _Left(msgspec.Struct, frozen=True, gc=False):
    """The credit of a customer in one currency."""

    currency: str
    live: Annotated[str, msgspec.Meta(pattern=rf"\A{NUMBER.pattern}\Z")]
    settled: Annotated[str, msgspec.Meta(pattern=rf"\A{NUMBER.pattern}\Z")]
    pending: Annotated[str, msgspec.Meta(pattern=rf"\A{NUMBER.pattern}\Z")]


class _Balance(msgspec.Struct, gc=False):
    retrieved_at: Annotated[str, msgspec.Meta(pattern=rf"\A{MOMENT}\Z")]
    balances: list[_Left]


class _Document(msgspec.Struct, gc=False):
    """A balance, where rows of lists are expected."""

    id: str
    left: tuple[_Left, ...]


_BALANCES = msgspec.json.Decoder(_Balance)
_Grants = tuple[tuple[str, Decimal], ...]


_BEGIN = re.compile(rb'\{"retrieved_at": ?"%b"(?=, ?"balances")' % MOMENT.encode())
"""The beginning of most answers, which says when they were made and nothing else."""
_OF_ANY_TIME = b'{"retrieved_at":"2026-01-01T00:00:00Z"'
_SHORT = 1_000


def _read(body: bytes) -> Page[_Document] | None:
    """The balance in an answer. Most say the same but for their time, so that they are remembered without it."""
    begin = _BEGIN.match(body)
    return _known(_OF_ANY_TIME + body[begin.end() :]) if begin and len(body) < _SHORT else _decoded(body)


def _decoded(body: bytes) -> Page[_Document] | None:
    try:
        str(body, "utf-8")
        return Page((_Document("", tuple(_BALANCES.decode(body).balances)),), 1)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return None


_known = lru_cache(10_000)(_decoded)


def credit_losses(connection: Connection, members: Sequence[tuple[str, Member]]) -> tuple[Loss, ...]:
    """The losses of members that have other credit than the file grants them. Raises RemoteError."""
    owing = [(key, member) for key, member in members if any(member.children.values())]
    gets = (Get(BALANCE.replace(PARENT, member.root.id)) for _, member in owing)
    outcomes = answers(connection.remote, gets, _read, at_once=READS_AT_ONCE)
    return tuple(
        loss
        for (key, member), outcome in zip(owing, outcomes, strict=True)
        for loss in _losses(key, _grants(member), outcome)
    )


def _losses(key: str, grants: _Grants, outcome: Outcome[_Document]) -> tuple[Loss, ...]:
    customer = Address(ROOT, (key,))
    if isinstance(outcome, Page):
        left = outcome.rows[0].left
        return () if _is_granted(left, grants) else _departures(customer, map(msgspec.structs.asdict, left), grants)
    try:
        document = document_from(BALANCE.replace(PARENT, "-"), outcome)
    except Refused as refused:
        return (unread("the balance", refused.status, customer),)
    return _departures(customer, document.get("balances") or (), grants)


@lru_cache(10_000)
def _is_granted(left: tuple[_Left, ...], grants: _Grants) -> bool:
    return not _departures(Address(ROOT, ("?",)), map(msgspec.structs.asdict, left), grants)


def _departures(customer: Address, left: Iterable[Fields], grants: _Grants) -> tuple[Loss, ...]:
    sums = granted({"currency": currency, "amount": amount} for currency, amount in grants)
    return balance_losses(customer, left, sums)


def _grants(member: Member) -> _Grants:
    """The currency and the amount of each grant that the file has."""
    shown = (row.alike.fields for row in member.children.get(GRANT, ()) if row.alike and row.alike.fields)
    return tuple((str(fields["currency"]), fields["amount"]) for fields in shown)
