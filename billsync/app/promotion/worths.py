"""The worth of custom currencies on a server: their decimals, and the cost of a unit. No file declares either."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from billsync.api.documents import COST_BASES, CURRENCIES, CUSTOM
from billsync.app.dump.losses import LISTING
from billsync.app.server.connection import ReadingConnection
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.currencies import decimals
from billsync.model.malformed import Malformed
from billsync.model.moment import parse_moment
from billsync.model.value import Fields
from billsync.report.promotion.equivalence import Side


def custom_in(side: Side) -> Mapping[str, Address]:
    """The custom currencies of cards, each with the first plan or add-on that has one in it."""
    found: dict[str, Address] = {}
    for address in sorted(side, key=lambda one: one.order):
        cards = side[address]
        for slots in () if isinstance(cards, Malformed) else cards.phases.values():
            for code in (slot.currency for slot in slots if decimals(slot.currency) is None):
                found.setdefault(code, address)
    return found


def worths(connection: ReadingConnection, codes: Collection[str]) -> Mapping[str, str]:
    """The worth of these currencies in words, without those that the server doesn't show. Raises RemoteError."""
    if not codes or not connection.generation.can("custom_currencies"):
        return {}
    try:
        rows = connection.listed(CURRENCIES, CUSTOM, listing=LISTING)
        return {str(row["code"]): _worth(connection, row) for row in rows if _is_one_of(row, codes)}
    except Refused:
        return {}


def _is_one_of(row: Fields, codes: Collection[str]) -> bool:
    return row.get("type") == "custom" and row.get("code") in codes and not row.get("deleted_at")


def _worth(connection: ReadingConnection, row: Fields) -> str:
    bases = connection.listed(COST_BASES.replace(PARENT, str(row["id"])), listing=LISTING)
    costs = sorted(_costs(bases, connection.clock.now())) or ["without a cost"]
    return f"of {row.get('precision')} decimals, {', '.join(costs)}"


def _costs(bases: Iterable[Fields], now: datetime) -> Iterator[str]:
    """The cost of a unit now, and from times to come, in each ordinary currency."""
    for base in bases:
        end, begin = (parse_moment(str(base.get(name) or "")) for name in ("effective_to", "effective_from"))
        if end is None or end > now:
            later = f" from {base['effective_from']}" if begin is not None and begin > now else ""
            yield f"{base.get('rate')} {base.get('fiat_code')}{later}"
