"""Cost bases: the value of a custom currency in a fiat currency, as an append-only history (catalog-facts.md §10.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.server.filters import Condition
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import conflict, invalid
from billsync.local.server.resource import Answer, Call, Route, created, new_row, present
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store, changed
from billsync.local.store.times import echoed, instant_of, rfc3339
from billsync.local.store.values import canonical

COST_BASIS = "cost_basis"
CURRENCY = "currency"
OF_PAIR = f"{LIVE} AND parent = :parent AND key = :fiat"


def view(_: Call, row: Row) -> Document:
    """A cost basis as it is read: when it was made and is in force, never when it was closed."""
    return shown(row)


def shown(row: Row) -> Document:
    times = {"created_at": row.created_at, "effective_from": row.begins_at, "effective_to": row.ends_at}
    told = {name: rfc3339(moment) for name, moment in times.items() if moment}
    return {"id": row.id, **present(row.document, "fiat_code", "rate"), **told}


LISTING = Listing(
    resource=COST_BASIS,
    view=view,
    fields={"fiat_code": "key"},
    order="begins_at DESC, seq DESC",
    scope=lambda call: Condition("parent = ?", (call.path["currencyId"],)),
)


def create(call: Call) -> Answer:
    """From now on, or from a moment to come; it closes those that begin no later and are open then (§10.3)."""
    body, currency_id = call.body, call.path["currencyId"]
    start, end = period(body, call.now)
    pair = {"parent": currency_id, "fiat": body["fiat_code"]}
    before = call.store.rows(COST_BASIS, OF_PAIR, pair)
    currency = call.store.get(CURRENCY, currency_id)
    if currency is None or any(basis.begins_at == start for basis in before):
        raise conflict("failed to create cost basis: it has no currency, or one begins at the same time")
    for basis in before:
        if begun(basis, start) and is_open(basis, start):
            call.store.update(changed(basis, call.now, ends_at=start))
    document = {"fiat_code": body["fiat_code"], "rate": canonical(body["rate"])}
    place = {"key": body["fiat_code"], "parent": currency_id, "begins_at": start, "ends_at": end}
    row = call.store.insert(new_row(call, COST_BASIS, document, **place))
    given = {name: echoed(body[name]) for name in ("effective_from", "effective_to") if name in body}
    return created(shown(row) | given)


def period(body: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime | None]:
    """Return the start of the new basis. Raises Problem (400) for an invalid rate or period."""
    start, end = (instant_of(body.get(name, "")) for name in ("effective_from", "effective_to"))
    if Decimal(body["rate"]) <= 0:
        raise invalid("rate must be positive")
    if start is not None and start <= now:
        raise invalid(f"effective_from {rfc3339(start)} must be in the future (current time: {rfc3339(now)})")
    if end is not None and end <= (start or now):
        raise invalid("effective_to must be after effective_from")
    return start or now, end


def begun(basis: Row, moment: datetime) -> bool:
    return basis.begins_at is not None and basis.begins_at <= moment


def is_open(basis: Row, moment: datetime) -> bool:
    return basis.ends_at is None or basis.ends_at > moment


def to_come(store: Store, currency_id: str, now: datetime) -> list[Document]:
    """The bases of a custom currency that are in force or will be, as they are read."""
    bases = store.rows(COST_BASIS, f"{LIVE} AND parent = :parent", {"parent": currency_id}, order="begins_at, seq")
    return [shown(basis) for basis in bases if is_open(basis, now)]


def has_cost_basis(store: Store, code: str, fiat: str, now: datetime) -> bool:
    """Whether a custom currency is worth anything in a fiat one at this moment."""
    currency = store.live_with_key(CURRENCY, code)
    pair = {"parent": currency.id if currency else None, "fiat": fiat}
    return any(begun(basis, now) and is_open(basis, now) for basis in store.rows(COST_BASIS, OF_PAIR, pair))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


COST_BASES = "/openmeter/currencies/custom/{currencyId}/cost-bases"
ROUTES = (Route("POST", COST_BASES, create), Route("GET", COST_BASES, listed))
