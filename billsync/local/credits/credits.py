"""A customer's credits: the balance and the list of bookings (customer-facts.md §8, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.catalog.currencies import check_fiat
from billsync.local.charges.books import Books, amount_of, features_of
from billsync.local.charges.settling import charges_ever, settle
from billsync.local.credits.foreseeing import foreseen
from billsync.local.credits.ledger import (
    CONSUMED,
    EXPIRED,
    FUNDED,
    MOVED,
    VOIDED,
    Entry,
    Matches,
    amount_filled,
    entries_of,
    pending,
    settled,
    settled_after,
)
from billsync.local.customers.customers import find
from billsync.local.server.contract import filter_kinds
from billsync.local.server.cursors import CursorPage, cursor_of, cursor_page, place_of
from billsync.local.server.filters import given_filters, items
from billsync.local.server.problems import bad_query, invalid, problem
from billsync.local.server.resource import Answer, Call, Query, Route, ok
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import instant_of, rfc3339
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import EXACT, ZERO

CUSTOM_CODE_LENGTH = 4
PLACE_PARTS = 3
Operators = Mapping[str, str]
Place = tuple[datetime, datetime, str]


def balance(call: Call) -> Answer:
    """One row for each currency; as of a moment in the past or to come when one is given. What the query says is
    checked before anything is looked up (§21)."""
    given = given_filters(call.query, filter_kinds(call.operation))
    told = told_time(call.query)
    at = told or call.now
    matching = matches(given.get("feature_key", {}))
    currencies = asked_currencies(given.get("currency", {}))
    customer = find(call.store, call.path["customerId"])
    books = settle(call, customer.id)
    entries = entries_of(books, (), call.now, matching)
    is_current = told is None and customer.deleted_at is None
    taken = foreseen(call, books, customer.id, matching) if is_current else {}
    grants = [grant for grant in books.grants if matching(features_of(grant))]
    rows = []
    for currency in currencies or seen_currencies(books):
        booked = settled(entries, currency, at)
        live = ZERO if told else EXACT.subtract(booked, taken.get(currency, ZERO))
        rows.append(balance_row(currency, booked, live, pending(grants, currency, at=at, now=call.now)))
    return ok({"retrieved_at": rfc3339(at), "balances": rows})


def balance_row(currency: str, booked: Decimal, live: Decimal, waiting: Decimal) -> Document:
    """`live` is 0 as of a given moment (§8)."""
    amounts = {"settled": booked, "live": live, "pending": waiting}
    return {"currency": currency} | {name: decimal_text(amount) for name, amount in amounts.items()}


def seen_currencies(books: Books) -> list[str]:
    return list(dict.fromkeys(row.document["currency"] for row in (*books.grants, *books.bookings)))


def told_time(query: Query) -> datetime | None:
    """The time in the query, if any. Raises Problem (400) for an
    invalid time."""
    text = dict(query).get("timestamp")
    if text is None:
        return None
    if (moment := instant_of(text)) is None:
        raise bad_query("timestamp", f'parsing time "{text}": not an RFC 3339 time', "format")
    return moment


def asked_currencies(operators: Operators) -> list[str]:
    """The currencies that a filter names, in its order. Raises Problem for a code that no balance can have."""
    if "neq" in operators:
        raise bad_query("filter[currency]", "neq operator is not supported")
    wanted = items(operators.get("eq", "")) or items(operators.get("oeq", ""))
    for currency in wanted:
        if len(currency) >= CUSTOM_CODE_LENGTH:
            raise invalid("currency: custom currency is not supported")
        check_fiat(currency)
    return list(dict.fromkeys(wanted))


def matches(operators: Operators) -> Matches:
    """Return the credits that a filter on a feature selects: its own and the unrestricted ones, or only these (§8)."""
    if not operators:
        return lambda features: True
    operator, text = next(iter(operators.items()))
    name = "filter[feature_key]"
    if operator == "exists" and text not in ("true", "false"):
        raise bad_query(name, "exists: not a boolean")
    if operator == "exists" and text == "false":
        return lambda features: not features
    if operator not in ("eq", "oeq"):
        raise bad_query(name, f"{operator} operator is not supported")
    wanted = items(text)
    if len(wanted) != 1 or len(operators) > 1:
        raise bad_query(name, "feature filter supports exactly one feature")
    return lambda features: not features or wanted[0] in features


def transactions(call: Call) -> Answer:
    """The bookings that are due, newest first, a page at a time (§9)."""
    page = checked_page(call.query)
    place = cursor_place(page)
    given = given_filters(call.query, filter_kinds(call.operation))
    matching = matches(given.get("feature_key", {}))
    customer = customer_of(call)
    books = settle(call, customer.id)
    every = entries_of(books, charges_ever(call, customer.id), call.now, matching)
    due = [entry for entry in every if entry.booked_at <= call.now and asked(entry, given)]
    due.sort(key=by_place, reverse=True)
    rows, more, earlier = page_of(due, page, place)
    if call.faithful_faults and any(is_broken(books, entry) for entry in rows):
        raise problem(500)
    meta = {
        "size": page.size,
        "next": cursor(rows[-1]) if rows and more else None,
        "previous": cursor(rows[0]) if rows and earlier else None,
    }
    return ok({"data": bodies(rows, every), "meta": {"page": meta}})


def customer_of(call: Call) -> Row:
    """The customer of the path. Raises Problem: 404, where the real server answers 500 (§9)."""
    row = call.store.get(CUSTOMER, call.path["customerId"])
    if row is None and call.faithful_faults:
        raise problem(500)
    return row or find(call.store, call.path["customerId"])


def is_broken(books: Books, entry: Entry) -> bool:
    """Whether the real server can't show a row: of a grant that filled a hole, unless it did so whole and expires."""
    grant = next((grant for grant in books.grants if grant.id == entry.id), None)
    filled = ZERO if grant is None else amount_filled(books, grant)
    return grant is not None and filled > 0 and (grant.ends_at is None or filled < amount_of(grant))


def asked(entry: Entry, given: Mapping[str, Operators]) -> bool:
    """Whether a booking is of the type and the currency that the filters name."""
    kind, currency = given.get("type", {}).get("eq"), given.get("currency", {}).get("eq")
    return entry.kind != MOVED and kind in (None, entry.kind) and currency in (None, entry.currency)


def checked_page(query: Query) -> CursorPage:
    page = cursor_page(query)
    if page.size < 1:
        raise bad_query("page.size", "must be greater than 0")
    if page.after and page.before:
        raise invalid("after and before cannot be set together")
    return page


def cursor_place(page: CursorPage) -> Place | None:
    """The position in the page's cursor, if there is a cursor. Raises Problem (400) for an invalid cursor."""
    if page.before:
        return entry_place(page.before, "before")
    return entry_place(page.after, "after") if page.after else None


def page_of(due: list[Entry], page: CursorPage, place: Place | None) -> tuple[list[Entry], bool, bool]:
    """The entries of the page, whether older ones follow, and whether newer ones come before."""
    if page.before and place:
        return page_before(due, place, page.size)
    start = 0 if place is None else sum(1 for entry in due if entry.place >= place)
    return due[start : start + page.size], start + page.size < len(due), start > 0


def page_before(due: list[Entry], place: Place, size: int) -> tuple[list[Entry], bool, bool]:
    """The page before a cursor, like the real server's: the newest rows of each type, so that some are skipped (§9)."""
    newer = [entry for entry in due if entry.place > place]
    of_types = [[entry for entry in newer if entry.kind == kind] for kind in (FUNDED, CONSUMED, EXPIRED, VOIDED)]
    near = sorted((entry for entries in of_types for entry in entries[-size:]), key=by_place, reverse=True)
    return near[:size], True, len(near) > size or any(len(entries) > size for entries in of_types)


def by_place(entry: Entry) -> Place:
    return entry.place


def entry_place(text: str, name: str) -> Place:
    """The place in the list that a cursor names."""
    booked, made, entry_id = place_of(text, name, PLACE_PARTS)
    moments = instant_of(booked), instant_of(made)
    if moments[0] is None or moments[1] is None:
        raise bad_query(f"page.{name}", "decode cursor: this is no cursor")
    return moments[0], moments[1], entry_id


def cursor(entry: Entry) -> str:
    return cursor_of((rfc3339(entry.booked_at), rfc3339(entry.created_at), entry.id))


def bodies(rows: list[Entry], every: list[Entry]) -> list[Document]:
    """The rows of a page: the first shows the true balance at its place, the others follow from it (§9.1)."""
    if not rows:
        return []
    after = settled_after(every, rows[0])
    found = []
    for entry in rows:
        before = EXACT.subtract(after, entry.amount)
        found.append(transaction(entry, before=before, after=after))
        after = before
    return found


def transaction(entry: Entry, *, before: Decimal, after: Decimal) -> Document:
    return {
        "id": entry.id,
        "type": entry.kind,
        "name": entry.name,
        **({} if entry.description is None else {"description": entry.description}),
        "currency": entry.currency,
        "amount": decimal_text(entry.amount),
        "available_balance": {"before": decimal_text(before), "after": decimal_text(after)},
        "booked_at": rfc3339(entry.booked_at),
        "created_at": rfc3339(entry.created_at),
        "labels": entry.labels or {},
    }


def adjust(_: Call) -> Answer:
    """Not implemented, whatever the configuration (§10)."""
    return Answer(501)


CREDITS = "/openmeter/customers/{customerId}/credits"
ROUTES = (
    Route("GET", f"{CREDITS}/balance", balance, settles=True),
    Route("GET", f"{CREDITS}/transactions", transactions, settles=True),
    Route("POST", f"{CREDITS}/adjustments", adjust),
)
