"""Reads one customer's credits from the server, working around the server's faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billsync.live.lists.cursors import read_forward
from billsync.live.lists.paging import Refused, read_document, read_list
from billsync.live.snapshot import PARENT
from billsync.model.frozen import dataclass
from billsync.model.ports import Clock, Reader
from billsync.model.routes import Routes
from billsync.model.value import Fields
from billsync.report.credits.ledger import Statement

SIZE = 100
LISTABLE = ("consumed", "expired", "voided")


@dataclass(frozen=True, slots=True)
class StatementRoutes:
    """Routes to a customer's credits: paths with `{parent}`, and the routes of the grants."""

    balance: str
    transactions: str
    grants: Routes


def read_statement(remote: Reader, clock: Clock, customer_id: str, routes: StatementRoutes) -> Statement:
    """Balance, movements and grants of a customer.

    The list of all movements answers 500 for good once a grant has filled a hole (customer-facts.md §9.2); then the
    types that can be listed are read one by one. Raises RemoteError.
    """
    balances, movements, collection = (
        path.replace(PARENT, customer_id) for path in (routes.balance, routes.transactions, routes.grants.collection)
    )
    grants = read_list(remote, collection, (), routes.grants.listing, clock)
    rows, is_complete = _movements(remote, movements)
    whole = read_document(remote, balances)
    restricted = {feature: read_document(remote, balances, query) for feature, query in _restrictions(grants)}
    return Statement(whole, rows, grants, is_complete, restricted)


def _restrictions(grants: Iterable[Fields]) -> Iterator[tuple[str | None, Sequence[tuple[str, str]]]]:
    """The balances to ask for besides: of unrestricted credits (None), and of each feature that grants are for (§8)."""
    features = {str(key) for grant in grants for key in (grant.get("filters") or {}).get("features") or ()}
    if features:
        yield None, [("filter[feature_key][exists]", "false")]
    for feature in sorted(features):
        yield feature, [("filter[feature_key][eq]", feature)]


def _movements(remote: Reader, path: str) -> tuple[tuple[Fields, ...], bool]:
    try:
        return read_forward(remote, path, (), size=SIZE), True
    except Refused as refused:
        if refused.status != 500:
            raise
    rows = (read_forward(remote, path, [("filter[type]", name)], size=SIZE) for name in LISTABLE)
    return tuple(row for part in rows for row in part), False
