"""Reads what the server shows of one customer's credits, around its faults. It adds nothing up."""

from __future__ import annotations

from billsync.live.paging import Refused, read_document, read_forward, read_list
from billsync.live.snapshot import PARENT, Source
from billsync.model.value import Fields
from billsync.report.ledger import Statement

SIZE = 100
LISTABLE = ("consumed", "expired", "voided")


def read_statement(source: Source, customer_id: str, *, balance: str, transactions: str) -> Statement:
    """Balance, movements and grants of a customer; `balance` and `transactions` are paths with `{parent}`.

    The list of all movements answers 500 for good once a grant has filled a hole (customer-facts.md §9.2); then the
    types that can be listed are read one by one. Raises RemoteError.
    """
    balances, movements = (path.replace(PARENT, customer_id) for path in (balance, transactions))
    routes = source.routes["grant"]
    grants = read_list(source.remote, routes.collection.replace(PARENT, customer_id), (), routes.listing, source.clock)
    rows, is_complete = _movements(source, movements)
    return Statement(read_document(source.remote, balances), rows, grants, is_complete)


def _movements(source: Source, path: str) -> tuple[tuple[Fields, ...], bool]:
    try:
        return read_forward(source.remote, path, (), size=SIZE), True
    except Refused as refused:
        if refused.status != 500:
            raise
    rows = (read_forward(source.remote, path, [("filter[type]", name)], size=SIZE) for name in LISTABLE)
    return tuple(row for part in rows for row in part), False
