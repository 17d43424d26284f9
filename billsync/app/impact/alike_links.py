"""Subscriptions that are alike, found by the bytes of their rows: all but their ids is read and kept once for all."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import msgspec

from billsync.app.reading.subscription_pages import READ
from billsync.live.protocol.encoding import NotJson, decode
from billsync.report.billing.alike import MOST, Alike, order_of

_NOTHING = msgspec.Raw(b"null")


class _Item(msgspec.Struct, gc=False):
    id: str
    rate_card: msgspec.Raw
    active_from: msgspec.Raw = _NOTHING
    active_to: msgspec.Raw = _NOTHING


class _Phase(msgspec.Struct, gc=False):
    key: msgspec.Raw
    active_from: msgspec.Raw
    items: list[_Item]
    active_to: msgspec.Raw = _NOTHING


class _Link(msgspec.Struct, gc=False):
    id: str
    customer_id: str
    phases: list[_Phase]
    plan: msgspec.Raw = _NOTHING
    plan_id: msgspec.Raw = _NOTHING
    active_from: msgspec.Raw = _NOTHING
    active_to: msgspec.Raw = _NOTHING
    billing_anchor: msgspec.Raw = _NOTHING
    billing_cadence: msgspec.Raw = _NOTHING
    invoice_currency: msgspec.Raw = _NOTHING
    settlement_mode: msgspec.Raw = _NOTHING
    pro_rating_config: msgspec.Raw = _NOTHING


_LINKS = msgspec.json.Decoder(_Link)


class AlikeLinks:
    """Rows of subscriptions as bytes: alike are those that differ by ids alone; others may say the same and are not."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Alike] = {}

    def of(self, raw: bytes | msgspec.Raw) -> Alike | None:
        """The value of all that are like this one; None for a row that may not be one of the API's."""
        try:
            link = _LINKS.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return None
        order = order_of([item.id for phase in link.phases for item in phase.items])
        if order is None:
            return None
        mark = (order, *_parts(link))
        found = self._known.get(mark)
        if found is None and (found := _alike(bytes(raw))) is not None and len(self._known) < MOST:
            self._known[mark] = found
        return found


def _parts(link: _Link) -> Iterator[bytes | int]:
    """All that is looked at but ids, as it is written."""
    for value in (
        link.plan, link.plan_id, link.active_from, link.active_to, link.billing_anchor, link.billing_cadence,
        link.invoice_currency, link.settlement_mode, link.pro_rating_config,
    ):  # fmt: skip
        yield bytes(value)
    for phase in link.phases:
        yield len(phase.items)
        yield from (bytes(phase.key), bytes(phase.active_from), bytes(phase.active_to))
        for item in phase.items:
            yield from (bytes(item.rate_card), bytes(item.active_from), bytes(item.active_to))


def _alike(content: bytes) -> Alike | None:
    try:
        row: Any = decode(content)
    except NotJson:
        return None
    return Alike({name: row[name] for name in READ if name in row})
