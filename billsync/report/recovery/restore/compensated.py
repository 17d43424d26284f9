"""Credits that a restore gave for fees in advance which a new subscription is billed again: those whose fee the server
hasn't booked yet, and what is left of those that were worked out for an earlier beginning."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from billsync.core.observed.ownership import KEY, labels_of
from billsync.model.address import Address
from billsync.model.change import PlanFile
from billsync.model.frozen import replace
from billsync.model.kind import Registry
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.routes import Routes
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import ZERO, minus, negative, plus, total
from billsync.report.billing.subscribed import moment_of
from billsync.report.moves.amounts import Amounts
from billsync.report.recovery.facts.restored_keys import PREFIX
from billsync.report.recovery.facts.standing import CUSTOMER, OVER
from billsync.report.recovery.losses.explaining import BY_START, NOT_DUE, SMALLER, UNUSED
from billsync.report.recovery.restore.chains import Begun, Chains, chains
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.restore.compensation import in_force, under
from billsync.report.recovery.restore.grants import GRANT
from billsync.report.recovery.restore.invoiced import NO_INVOICE
from billsync.report.recovery.restore.links import SUBSCRIPTION
from billsync.report.recovery.restore.old import Old, old
from billsync.report.recovery.restore.rivals import drawn_instead
from billsync.report.recovery.restore.settlement import Reason

ACTIVE = "active"
HOW = "the credit for its fee in advance is there until the server has booked the fee"
LATER = "the credit for a fee in advance is there until that fee is due, later in the period"


def is_compensation(row: Fields, known: Collection[str]) -> bool:
    """Whether a live grant is such a credit, and in force. `known` are the keys of the snapshot's own grants."""
    key = str(row.get("key") or "")
    return key.startswith(PREFIX) and key not in known and row.get("status") == ACTIVE


def credits_in(plan: PlanFile) -> Mapping[Address, Row]:
    """Such credits that a plan file grants, as they will be."""
    calls = ((step.address, step.call.body) for step in plan.steps if step.address.kind == GRANT)
    return {
        address: Row(GRANT, "", {**body, "status": ACTIVE})
        for address, body in calls
        if address.key.startswith(PREFIX) and isinstance(body, Mapping)
    }


def compensation_lines(
    begun: Mapping[str, Begun],
    booked: Mapping[str, Amounts],
    given: Mapping[Address, Row],
    untaken: Mapping[str, Reason],
    left: Mapping[str, Amounts],
) -> Iterator[Accounted]:
    """The lines of credits that were given: what is left of each for good, and what its fee hasn't taken yet.

    `begun` are the chains that run, and `booked` the charges so far, by the live subscription's id. `untaken` are the
    reasons for which customers who are invoiced may pay twice, by their keys, and `left` is what is left of all their
    credits together, where it is known. The latter lines name why a balance is higher by at most their amount.
    """
    taken: dict[Address, Decimal] = {}
    rests = {(customer, currency): rest for customer, rests in left.items() for currency, rest in rests.items()}
    for row_id, chain in begun.items():
        for line, address in excess_lines(chain, given):
            taken[address] = negative(total(line.money.values()))
            _use(rests, line)
            yield line
        for place, amount in _shares(chain, booked.get(row_id, {}), given).items():
            taken[place] = plus(taken.get(place, ZERO), amount)
    rest = {place: minus(Decimal(str(row.fields["amount"])), taken.get(place, ZERO)) for place, row in given.items()}
    coming = dict(_not_due(begun.values(), rest, untaken))
    due = {place: minus(amount, coming.get(place, ZERO)) for place, amount in rest.items()}
    yield from _left_lines(given, coming, rests, {}, Reason(code=NOT_DUE, how=LATER))
    yield from _left_lines(given, due, rests, untaken, Reason(code=UNUSED, how=HOW))


def _not_due(
    begun: Iterable[Begun], rest: Mapping[Address, Decimal], untaken: Mapping[str, Reason]
) -> Iterator[tuple[Address, Decimal]]:
    """The part of such rests that is for fees which are due later. Whether those of periods that begin later are, only
    the invoices of their customer tell: none has asked for any."""
    for chain in begun:
        customer = chain.entity.address.parents[-1]
        may_wait = customer not in untaken or untaken[customer].how == NO_INVOICE
        for place in chain.not_due.keys() | chain.ahead.keys() if may_wait else chain.not_due.keys():
            later = plus(chain.not_due.get(place, ZERO), chain.ahead.get(place, ZERO) if may_wait else ZERO)
            if place in rest:
                yield place, min(rest[place], later)


def _left_lines(
    given: Mapping[Address, Row],
    amounts: Mapping[Address, Decimal],
    rests: dict[tuple[str, str], Decimal],
    untaken: Mapping[str, Reason],
    otherwise: Reason,
) -> Iterator[Accounted]:
    """The lines of credits of which such amounts may be left, at most what is left of all; each uses that up."""
    for place, row in given.items():
        customer, currency = Address(CUSTOMER, place.parents).key, str(row.fields["currency"])
        amount = amounts.get(place, ZERO)
        amount = min(amount, rests.get((customer, currency), amount))
        if amount > ZERO:
            named, why = Address(GRANT, (*place.parents, str(row.fields["key"]))), untaken.get(customer, otherwise)
            money = {currency: negative(amount)}
            line = Accounted(GRANT, row.id, named.text, Fate.DIFFERENT, why.code, why.how, customer, money)
            _use(rests, line)
            yield line


def _shares(chain: Begun, booked: Amounts, given: Mapping[Address, Row]) -> Mapping[Address, Decimal]:
    """The amounts that a chain's charges took of its credits, one after the other, as these are for its first fees."""
    left, found = dict(booked), dict[Address, Decimal]()
    for fee in chain.compensations:
        currency, place = str(fee.fields["currency"]), in_force(fee.address, given)
        found[place] = min(left.get(currency, ZERO), fee.fields["amount"])
        left[currency] = minus(left.get(currency, ZERO), found[place])
    return found


def _use(rests: dict[tuple[str, str], Decimal], line: Accounted) -> None:
    """Take a line's money from what is left."""
    for currency, amount in line.money.items():
        place = str(line.customer), currency
        if place in rests:
            rests[place] = plus(rests[place], amount)


def excess_lines(begun: Begun, given: Mapping[Address, Row]) -> Iterator[tuple[Accounted, Address]]:
    """The lines of the rest of credits that a chain was given, where it begins later than they were worked out for,
    each with the credit's address. `given` are live grants."""
    for fee in begun.compensations:
        place = in_force(fee.address, given)
        row = given.get(place)
        if row is None or row.fields.get("status") != ACTIVE:
            continue
        currency, amount = str(fee.fields["currency"]), _less(row.fields, fee.fields)
        if amount > ZERO:
            left, address = f"{decimal_text(amount)} {currency}", begun.entity.address
            how = (
                f"it begins later than its fee in advance was worked out for: {left} of the credit for that fee is "
                f"left, and expires at {fee.fields['expires_at']}"
            )
            money, customer = {currency: negative(amount)}, Address(CUSTOMER, address.parents).key
            line = Accounted(SUBSCRIPTION, begun.row_id, address.text, Fate.DIFFERENT, SMALLER, how, customer, money, 0)
            yield line, place


def to_give(begun: Begun, live: Mapping[Address, Row]) -> Iterator[Entity]:
    """The credits that a chain is still to be given before it begins; `live` are the grants of its server."""
    credits = (under(one, in_force(one.address, live)) for one in begun.compensations if not begun.has_begun)
    return (one for one in credits if one.address not in live)


def swap_lines(old: Old, begun: Begun, given: Mapping[Address, Row]) -> Iterator[Accounted]:
    """The lines of grants that pay a chain's fees in the place of its credits. `given` are live grants, whose ends are
    those of the credits that are there."""
    rows = ((fee, given.get(in_force(fee.address, given))) for fee in begun.compensations)
    return drawn_instead(old, ((fee, _end(row.fields if row else fee.fields, fee)) for fee, row in rows), begun.rivals)


def _end(shown: Fields, fee: Entity) -> datetime:
    return moment_of(shown.get("expires_at") or fee.fields["expires_at"])


def _less(have: Fields, want: Fields) -> Decimal:
    return minus(Decimal(str(have["amount"])), Decimal(str(want["amount"])))


def begun_here(
    recovery: Recovery, live: Recovery, customers: Collection[str], kinds: Registry, routes: Mapping[str, Routes]
) -> Mapping[str, Begun]:
    """The chains of some customers that run on a server, each with the fees in advance of its start there, by the live
    subscription's id."""
    found, heads = _chains_here(recovery, live, customers, kinds, routes)
    return {heads[one.entity.address].id: one for one in found.begun if one.entity.address in heads}


def by_real_starts(
    accounts: tuple[Accounted, ...],
    recovery: Recovery,
    live: Recovery,
    customers: Collection[str],
    kinds: Registry,
    routes: Mapping[str, Routes],
) -> tuple[Accounted, ...]:
    """The lines of a loss report; those whose amount depends on the start of a customer's subscription have that of
    its real start, which is later than the restore was decided."""
    found, _ = _chains_here(recovery, live, customers, kinds, routes)
    real = {(one.row_id, one.code): one.money for one in found.accounts if one.code in BY_START}
    return tuple(replace(one, money=real.get((one.row_id, one.code), one.money)) for one in accounts)


def _chains_here(
    recovery: Recovery, live: Recovery, customers: Collection[str], kinds: Registry, routes: Mapping[str, Routes]
) -> tuple[Chains, Mapping[Address, Row]]:
    """The chains of some customers as they are on a server, and the links that run there."""
    before, heads = old(_only(recovery, customers), kinds, routes), _heads(live)
    return chains(before, Choices(), live.header.taken_at, heads), heads


def _only(recovery: Recovery, customers: Collection[str]) -> Recovery:
    """The snapshot, of whose customers and subscriptions only those of some customers are there."""
    some = tuple(row for row in recovery.live.of(CUSTOMER) if row.fields.get("key") in customers)
    ids = {row.id for row in some}
    chained = tuple(row for row in recovery.live.of(SUBSCRIPTION) if row.fields.get("customer_id") in ids)
    rows = {**recovery.live.rows, CUSTOMER: some, SUBSCRIPTION: chained, GRANT: ()}
    return replace(recovery, live=replace(recovery.live, rows=rows))


def _heads(live: Recovery) -> Mapping[Address, Row]:
    """The first links that run on a server, of chains that billsync began."""
    names = {row.id: str(row.fields.get("key")) for row in live.live.of(CUSTOMER)}
    rows = [
        row for row in live.live.of(SUBSCRIPTION) if row.fields.get("status") != OVER and KEY in labels_of(row.fields)
    ]
    return {
        Address(SUBSCRIPTION, (names[str(row.fields["customer_id"])], str(labels_of(row.fields)[KEY]))): row
        for row in sorted(rows, key=lambda row: str(row.fields.get("active_from")), reverse=True)
        if row.fields.get("customer_id") in names
    }
