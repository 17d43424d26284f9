"""Reads what the server shows of one customer's credits, around its faults. It adds nothing up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from billsync.live.paging import Refused, read_document, read_forward, read_list
from billsync.live.snapshot import PARENT
from billsync.model.kind import Routes
from billsync.model.ports import Clock, Remote, RemoteError
from billsync.model.value import Fields, Plain
from billsync.report.credits.ledger import Statement

SIZE = 100
LISTABLE = ("consumed", "expired", "voided")
BALANCE_FIELDS = ("currency", "live", "settled", "pending")
MOVEMENT_FIELDS = ("id", "type", "name", "currency", "amount", "booked_at", "created_at")
GRANT_FIELDS = ("id", "status", "currency", "amount", "created_at")
AMOUNTS = ("live", "settled", "pending", "amount")


@dataclass(frozen=True, slots=True)
class StatementRoutes:
    """Routes to a customer's credits: paths with `{parent}`, and the routes of the grants."""

    balance: str
    transactions: str
    grants: Routes


def read_statement(remote: Remote, clock: Clock, customer_id: str, routes: StatementRoutes) -> Statement:
    """Balance, movements and grants of a customer.

    The list of all movements answers 500 for good once a grant has filled a hole (customer-facts.md §9.2); then the
    types that can be listed are read one by one. Raises RemoteError.
    """
    balances, movements, collection = (
        path.replace(PARENT, customer_id) for path in (routes.balance, routes.transactions, routes.grants.collection)
    )
    grants = read_list(remote, collection, (), routes.grants.listing, clock)
    rows, is_complete = _movements(remote, movements)
    _check(rows, MOVEMENT_FIELDS, movements)
    _check(grants, GRANT_FIELDS, routes.grants.collection)
    whole = _balance(remote, balances, ())
    restricted = {feature: _balance(remote, balances, query) for feature, query in _restrictions(grants)}
    return Statement(whole, rows, grants, is_complete, restricted)


def _balance(remote: Remote, path: str, query: Sequence[tuple[str, str]]) -> Fields:
    document = read_document(remote, path, query)
    _check((document,), ("retrieved_at",), path)
    said = document.get("balances")
    _check(said if isinstance(said, list | tuple) else (None,), BALANCE_FIELDS, path)
    return document


def _restrictions(grants: Iterable[Fields]) -> Iterator[tuple[str | None, Sequence[tuple[str, str]]]]:
    """The balances to ask for besides: of unrestricted credits (None), and of each feature that grants are for (§8)."""
    features = {str(key) for grant in grants for key in (grant.get("filters") or {}).get("features") or ()}
    if features:
        yield None, [("filter[feature_key][exists]", "false")]
    for feature in sorted(features):
        yield feature, [("filter[feature_key][eq]", feature)]


def _check(rows: Iterable[Plain], names: tuple[str, ...], path: str) -> None:
    """Raises RemoteError for a row without one of the texts that the API promises."""
    for row in rows:
        missing = [name for name in names if not (isinstance(row, Mapping) and isinstance(row.get(name), str))]
        amounts = [name for name in AMOUNTS if name in names and name not in missing and not _is_number(row[name])]
        if missing or amounts:
            raise RemoteError(f"GET {path}: unexpected response: field {', '.join(missing + amounts)}")


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _movements(remote: Remote, path: str) -> tuple[tuple[Fields, ...], bool]:
    try:
        return read_forward(remote, path, (), size=SIZE), True
    except Refused as refused:
        if refused.status != 500:
            raise
    rows = (read_forward(remote, path, [("filter[type]", name)], size=SIZE) for name in LISTABLE)
    return tuple(row for part in rows for row in part), False
