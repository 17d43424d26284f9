"""Reads of a dump besides the managed kinds: credit, billing, and the lists that no file can declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from billsync.api.documents import BALANCE, BILLING, UNDECLARED
from billsync.app.connection import Connection
from billsync.core.index import Index, index, is_over
from billsync.core.losses import Loss
from billsync.core.view import view
from billsync.kinds.registry import KINDS
from billsync.live.paging import Refused
from billsync.live.snapshot import LISTS_AT_ONCE, PARENT
from billsync.live.threads import reading_threads
from billsync.model.address import Address
from billsync.model.kind import ListQuery
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.dump import undeclared
from billsync.report.dump.undeclared import SANDBOX, balance_losses, billing_losses, granted, unread

CUSTOMER, GRANT = "customer", "grant"
LISTING = ListQuery(sort=None, size=100, at_once=1)
LOSSES: Mapping[str, Callable[[Iterable[Fields]], Iterator[Loss]]] = {
    "tax codes": undeclared.tax_code_losses,
    "custom currencies": undeclared.currency_losses,
    "billing profiles": undeclared.profile_losses,
    "apps": undeclared.app_losses,
    "costs of language models": undeclared.override_losses,
}


@dataclass(frozen=True, slots=True)
class _Lists:
    """The rows of the lists that no file can declare, by name; the status of those that can't be read."""

    rows: Mapping[str, tuple[Fields, ...]]
    refused: Mapping[str, int]


def losses_beyond(connection: Connection, live: Snapshot) -> tuple[Loss, ...]:
    """What a file of these rows doesn't carry, as far as other lists and documents show it. Raises RemoteError."""
    found = index(live, KINDS, connection.routes)
    lists = _read_lists(connection)
    customers = tuple(sorted((a for a in found.records if a.kind == CUSTOMER), key=lambda a: a.order))
    grants = _grants(found)
    with reading_threads(LISTS_AT_ONCE) as threads:
        credit = threads.map(lambda a: _credit(connection, found, a, grants), _with_credit(found, customers))
        billing = threads.map(lambda a: _billing(connection, found, a, lists), customers if _may_bill(lists) else ())
        by_customer = [loss for losses in (*credit, *billing) for loss in losses]
    return (*_of_lists(lists), *by_customer)


def _read_lists(connection: Connection) -> _Lists:
    rows: dict[str, tuple[Fields, ...]] = {}
    refused: dict[str, int] = {}
    for name, (path, query) in UNDECLARED.items():
        try:
            found = connection.listed(path, query, listing=LISTING)
            rows[name] = tuple(row for row in found if not row.get("deleted_at"))
        except Refused as problem:
            refused[name] = problem.status
    return _Lists(rows, refused)


def _of_lists(lists: _Lists) -> Iterator[Loss]:
    for name, rows in lists.rows.items():
        yield from LOSSES[name](rows)
    for name, status in lists.refused.items():
        yield unread(f"the list of {name}", status)


def _with_credit(found: Index, customers: Iterable[Address]) -> tuple[Address, ...]:
    """The customers who may have or owe something: those with a grant or a subscription, live or ended."""
    granted_to = {Address(CUSTOMER, address.parents) for address in found.records if address.kind == GRANT}
    return tuple(a for a in customers if a in granted_to or a in found.chains or a in found.keyless)


def _grants(found: Index) -> Mapping[tuple[str, ...], list[Fields]]:
    """The views of the grants that a file declares, by their customer's names."""
    grants: dict[tuple[str, ...], list[Fields]] = defaultdict(list)
    for address, row in found.records.items():
        if address.kind == GRANT and not is_over(KINDS[GRANT], row.fields):
            grants[address.parents].append(view(KINDS[GRANT], row.fields, found.names))
    return grants


def _credit(
    connection: Connection, found: Index, customer: Address, grants: Mapping[tuple[str, ...], list[Fields]]
) -> tuple[Loss, ...]:
    try:
        document = connection.document(BALANCE.replace(PARENT, found.records[customer].id))
    except Refused as problem:
        return (unread(f"the balance of {customer.text}", problem.status, customer),)
    return balance_losses(customer, document.get("balances") or (), granted(grants.get(customer.names, ())))


def _may_bill(lists: _Lists) -> bool:
    """Whether a customer's billing can be anything but the default of a fresh server."""
    profiles, apps = lists.rows.get("billing profiles"), lists.rows.get("apps")
    if profiles is None or apps is None:
        return True
    return len(profiles) > 1 or any(app.get("type") != SANDBOX for app in apps)


def _billing(connection: Connection, found: Index, customer: Address, lists: _Lists) -> tuple[Loss, ...]:
    """Nothing where the server says that there is none yet (412, 404: customer-facts.md §4.2)."""
    profiles = {str(row["id"]): row for row in lists.rows.get("billing profiles", ())}
    try:
        document = connection.document(BILLING.replace(PARENT, found.records[customer].id))
    except Refused as problem:
        if problem.status in (404, 412):
            return ()
        return (unread(f"the billing of {customer.text}", problem.status, customer),)
    return tuple(billing_losses(customer, document, profiles))
