"""Reads the state that `verify` compares with a snapshot: balances, promises, and plan versions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from billsync import __version__
from billsync.api.documents import BALANCE, BILLING, CHARGES
from billsync.app.dump.losses import read_undeclared
from billsync.app.reading.invoices import invoices_of
from billsync.app.reading.subscription_pages import ReadRow, read_page
from billsync.app.recovery.credit_parts import read_credits
from billsync.app.recovery.promises import KEPT, SUBSCRIPTION, read_promised
from billsync.app.server.connection import BY_CREATION, Connection
from billsync.core.changes.read_set import all_reads
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.live.lists.streams import read_lists
from billsync.live.snapshot import PARENT, snapshot
from billsync.model.address import Address
from billsync.model.malformed import MalformedRow
from billsync.model.ports import RemoteError
from billsync.model.recovery import Accounted, Credit, Header, Recovery
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO
from billsync.report.billing.subscribed import CREDIT_ONLY
from billsync.report.recovery.facts.restored_keys import key_of
from billsync.report.recovery.losses.explaining import BY_START, SMALLER
from billsync.report.recovery.proof.charged import charged
from billsync.report.recovery.proof.departures import Aspect, Proof, departures
from billsync.report.recovery.proof.parts import Credits, Parts, unused
from billsync.report.recovery.restore.compensated import begun_here, by_real_starts, compensation_lines, is_compensation
from billsync.report.recovery.restore.compensation import first_address
from billsync.report.recovery.restore.invoiced import credit_untaken, invoiced
from billsync.report.recovery.restore.settlement import Reason
from billsync.report.recovery.snapshot.items import Members, kept
from billsync.report.recovery.snapshot.sharing import Sharing

CUSTOMER, GRANT = "customer", "grant"
PAUSES = (5.0, 10.0, 30.0)
"""Seconds to wait for the server's workers, which book a second or two after a subscription began (customer-facts.md
§19)."""

LAGGING = frozenset({Aspect.BALANCE, Aspect.PENDING, Aspect.GRANT, Aspect.DUE, Aspect.ACCESS})
COMPARED: Members = {
    CUSTOMER: ("key", "deleted_at"),
    SUBSCRIPTION: (*KEPT, "created_at", "billing_anchor"),
    GRANT: ("key", "currency", "effective_at", "expires_at", "filters", "priority"),
}
"""The members of the rows of each customer that a comparison looks at; the last two of a subscription suggest the times
that a server doesn't show."""
LISTED = "charges"
"""The capability of a server that lists charges."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def verify(
    connection: Connection,
    recovery: Recovery,
    accounts: Iterable[Accounted] = (),
    whole: Callable[[], Recovery] | None = None,
) -> Proof:
    """Compare a server with a snapshot. `accounts` are the loss report that may explain departures; `whole` reads the
    whole snapshot, where `recovery` isn't that.

    Raises RemoteError.
    """
    live = read_standing(connection)
    credit = read_credits(connection, recovery, live)
    told = _by_real_starts(connection, recovery, live, tuple(accounts), whole)
    lines = with_compensations(connection, recovery, live, credit, told, whole)
    return departures(recovery, live, lines, kinds=connection.kinds, routes=connection.routes, credit=credit)


def _by_real_starts(
    connection: Connection,
    recovery: Recovery,
    live: Recovery,
    accounts: tuple[Accounted, ...],
    whole: Callable[[], Recovery] | None,
) -> tuple[Accounted, ...]:
    """The lines of a loss report, of which some have amounts by the real starts: of customers whose next charge they
    don't explain, as their restore took its time."""
    if not any(one.code in BY_START for one in accounts):
        return accounts
    kinds, routes = connection.kinds, connection.routes
    proof = departures(recovery, live, accounts, kinds=kinds, routes=routes)
    names = {one.customer for one in proof.unexplained if one.aspect is Aspect.DUE}
    names &= {one.customer for one in accounts if one.code in BY_START}
    return by_real_starts(accounts, whole() if whole else recovery, live, names, kinds, routes) if names else accounts


def with_compensations(
    connection: Connection,
    recovery: Recovery,
    live: Recovery,
    credit: Credits,
    accounts: tuple[Accounted, ...],
    whole: Callable[[], Recovery] | None = None,
) -> tuple[Accounted, ...]:
    """The lines of a loss report, with the credits that a restore gave for fees in advance, of customers of whom any is
    left, or whose balance is higher than explained: what is left of such a credit for good, by the real start of the
    subscription, and what its fee may still take.

    Raises RemoteError.
    """
    proof = departures(recovery, live, accounts, kinds=connection.kinds, routes=connection.routes)
    names = {one.customer for one in proof.unexplained if one.aspect is Aspect.BALANCE and _is_more(one.difference)}
    names |= {key for key, have in credit.have.items() if any(_unused(credit.want[key], have).values())}
    ids = {str(row.fields.get("key")): row.id for row in live.live.of(CUSTOMER)}
    known = frozenset(key_of(row) for row in recovery.live.of(GRANT)) if names else frozenset[str]()
    where = connection.routes[GRANT]
    given: dict[Address, Row] = {}
    for name in sorted(names & ids.keys()):
        rows = connection.listed(where.collection.replace(PARENT, ids[name]), listing=where.listing)
        given |= {_place(name, row): Row(GRANT, str(row["id"]), row) for row in rows if is_compensation(row, known)}
    if not given:
        return accounts
    begun = begun_here(whole() if whole else recovery, live, names, connection.kinds, connection.routes)
    kept = (one for one in accounts if one.code != SMALLER or one.customer not in names)
    untaken = _untaken(connection, live, {ids[name]: name for name in names & ids.keys()})
    left = {name: _unused(credit.want[name], credit.have[name]) for name in names & credit.have.keys()}
    return (*kept, *compensation_lines(begun, _booked(connection, live, begun), given, untaken, left))


def _unused(want: Parts, have: Parts) -> Mapping[str, Decimal]:
    return {currency: unused(want, have, currency) for currency in have.currencies}


def _untaken(connection: Connection, live: Recovery, names: Mapping[str, str]) -> Mapping[str, Reason]:
    """The reasons for which customers may pay a fee twice, by key, of those who are invoiced; `names` are keys by id.

    Raises RemoteError.
    """
    starts = {one: start for one, start in invoiced(live.live.of(SUBSCRIPTION)).items() if one in names}
    try:
        found = invoices_of(connection, tuple(starts))
        return {names[one]: reason for one, reason in credit_untaken(starts, found).items()}
    except (LookupError, TypeError, ArithmeticError) as fault:
        raise RemoteError("unexpected response: a row of the list of invoices is none of the API's") from fault


def _booked(connection: Connection, live: Recovery, begun: Collection[str]) -> Mapping[str, Mapping[str, Decimal]]:
    """The charges of subscriptions so far, by currency, where credits alone pay them; none where the server doesn't
    list them. Raises RemoteError."""
    if not connection.generation.can(LISTED):
        return {}
    rows_of = (row for row in live.live.of(SUBSCRIPTION) if row.id in begun)
    owners = {
        row.id: str(row.fields["customer_id"]) for row in rows_of if row.fields.get("settlement_mode") == CREDIT_ONLY
    }
    customers = tuple(dict.fromkeys(owners.values()))
    paths = (CHARGES.replace(PARENT, one) for one in customers)
    lists = read_lists(connection.remote, paths, (), BY_CREATION, connection.clock)
    rows = {one: found for one, found in zip(customers, lists, strict=True) if not isinstance(found, Refused)}
    try:
        return {
            name: charged(rows[owner], name, after=LONG_AGO, until=live.header.taken_at)
            for name, owner in owners.items()
            if owner in rows
        }
    except MalformedRow as fault:
        raise RemoteError(f"unexpected response: a charge shows {fault.malformed.text}") from fault


def _place(customer: str, row: Fields) -> Address:
    return first_address(Address(GRANT, (customer, str(row["key"]))))


def _is_more(difference: Decimal | None) -> bool:
    return difference is not None and difference > ZERO


def verify_patiently(connection: Connection, recovery: Recovery, accounts: Iterable[Accounted]) -> Proof:
    """Compare a server right after a restore; what its workers may not have booked yet is looked at again.

    Raises RemoteError.
    """
    lines = tuple(accounts)
    proof = verify(connection, recovery, lines)
    for pause in PAUSES:
        if not any(one.aspect in LAGGING for one in proof.unexplained):
            break
        connection.clock.sleep(pause)
        proof = verify(connection, recovery, lines)
    return proof


def read_standing(connection: Connection) -> Recovery:
    """The live state as far as it is compared. Raises RemoteError."""
    promised = read_promised(connection)
    catalog = snapshot(
        connection.source, [read for read in all_reads(KINDS, connection.routes) if _is_catalog(read.kind)]
    )
    customers = tuple(_customers(connection))
    subscriptions = tuple(Row(SUBSCRIPTION, str(row["id"]), row) for row in promised.rows)
    header = Header(
        promised.at,
        promised.at,
        connection.target,
        connection.dialect,
        connection.generation.full_name,
        __version__,
    )
    rows = {CUSTOMER: customers, SUBSCRIPTION: subscriptions}
    ids = [one.id for one in customers]
    credit, lists = _credit(connection, ids), read_undeclared(connection)
    live = catalog.with_(Snapshot(rows, {}, _billing(connection, ids) if lists.may_bill else {}))
    return Recovery(header, live, {**lists.rows, **lists.refused}, credit, promised.promises)


def _billing(connection: Connection, customers: Iterable[str]) -> Mapping[str, Fields]:
    """The documents of the billing of customers, by path: a request for each; those that are refused are left out.

    Raises RemoteError.
    """
    paths = tuple(BILLING.replace(PARENT, name) for name in customers)
    answers = zip(paths, connection.documents(paths), strict=True)
    return {path: answer for path, answer in answers if not isinstance(answer, Refused)}


def _is_catalog(kind: str) -> bool:
    return kind not in (CUSTOMER, SUBSCRIPTION)


def _customers(connection: Connection) -> Iterator[Row]:
    path = connection.routes[CUSTOMER].collection
    for read in connection.rows_as(CUSTOMER, lambda content: read_page(path, content, _compared)):
        row = read if isinstance(read, ReadRow) else ReadRow(str(read["id"]), _compared(read))
        if not row.fields.get("deleted_at"):
            yield Row(CUSTOMER, row.id, row.fields)


def _compared(customer: Fields) -> Fields:
    return kept(customer, COMPARED[CUSTOMER])


def _credit(connection: Connection, customers: Iterable[str]) -> Mapping[str, Credit]:
    """The balances of customers: a request for each. Raises RemoteError where one is refused."""
    names = tuple(customers)
    found: dict[str, Credit] = {}
    sharing = Sharing()
    answers = connection.documents(BALANCE.replace(PARENT, name) for name in names)
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, Refused):
            raise answer
        found[name] = sharing.credit(Credit(balances=tuple(answer.get("balances") or ())))
    return found
