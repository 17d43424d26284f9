"""Entities that an undo leaves alone, with the reasons: they have ended, were used, or hold something. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from billsync.api.documents import BALANCE
from billsync.app.server.connection import Connection
from billsync.app.undo.departures import departed
from billsync.app.undo.older_versions import versions_again
from billsync.apply.bindings import Bindings
from billsync.core.observed.index import Index, is_over
from billsync.core.observed.ownership import LABELS, OWNER, labels_of
from billsync.core.taking_back.journal import Journaled, Made
from billsync.core.taking_back.undo import Undone, former, is_withheld
from billsync.kinds.registry import KINDS
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.change import PlanFile
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, State
from billsync.model.moment import parse_moment
from billsync.model.state import Row
from billsync.report.credits.undone import used_since
from billsync.report.moves.ending import lost_at_once
from billsync.report.moves.sides import Sides
from billsync.report.recovery.facts.restored_keys import PREFIX

OTHERS = "what belongs to it is another owner's: undo that owner's part first"
CUSTOMER, SUBSCRIPTION = "customer", "subscription"
STILL_NEEDED = "it pays fees of its customer's subscription: run the undo again when that has ended"
AGAIN = "it goes when what belongs to it has ended: run the undo again then"


@dataclass(frozen=True, slots=True)
class Seen:
    """A run and what is live now: `whole` is the state that takes all of it back, and `plan` how; `apart` are chains to
    which somebody attached something else since."""

    connection: Connection
    run: Journaled
    whole: Undone
    plan: PlanFile
    rows: Index
    bindings: Bindings
    apart: Mapping[Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """The entities that an undo leaves alone: `changed` are somebody's later changes, and `kept` all others.

    `fees` are parts that last of what is taken back. `instead` has, by chain, the version of the former content.
    """

    changed: Mapping[Address, str]
    kept: Mapping[Address, str]
    fees: Mapping[Address, str] = field(default_factory=dict)
    instead: Mapping[Address, int] = field(default_factory=dict)

    @property
    def addresses(self) -> Mapping[Address, str]:
        """Everything that is left alone."""
        return {**self.changed, **self.kept}

    @property
    def lasting(self) -> Mapping[Address, str]:
        """The reasons to name; empty ones are for what is over as it was to be."""
        return {**self.kept, **self.fees}


def left_alone(seen: Seen) -> LeftAlone:
    """The entities that are left alone, and why. Raises RemoteError."""
    run, plan, bindings = seen.run, seen.plan, seen.bindings
    touched = {change.address.unversioned() for change in plan.changes}
    again = dict(versions_again(bindings, run.made, plan, seen.rows))
    ended = dict(_ended(bindings, [made for made in run.made if made.address in touched]))
    ended |= {address: why for address, why in again.items() if isinstance(why, str)}
    ended |= dict(_passed(run, seen.connection.clock.now()))
    pending = {c.address.unversioned() for c in plan.changes if c.is_pending or c.fields}
    changing = [made for made in run.made if made.address in pending and made.address not in ended]
    departures = ((made.address, departed(seen.connection, bindings, made, run, seen.rows)) for made in changing)
    changed = {address: why for address, why in departures if why}
    changed |= {address: why for address, why in seen.apart.items() if address not in ended}
    changed |= dict(_taken_over(seen))
    changed |= dict(_renamed(run, seen.rows.records))
    others = {address for address, owner in run.owners.items() if owner != run.owner}
    changed |= dict(_used_by_others(seen.whole, run, touched - others))
    used = dict(_used(seen.connection, bindings, changing, changed))
    used |= {address: why for address, why in _needed(seen.connection, bindings, changing) if address not in used}
    held = {parent: AGAIN for made in changing if (parent := _parent(made.address)) in seen.whole.gone}
    held |= {parent: OTHERS for one in touched & others if (parent := _parent(one)) in seen.whole.gone}
    kept = {**ended, **used, **held}
    fees = _lost_fees(seen, (made for made in changing if made.address not in {**kept, **changed}))
    instead = {address: number for address, number in again.items() if isinstance(number, int)}
    return LeftAlone(changed, kept, fees, instead)


def _lost_fees(seen: Seen, made: Iterable[Made]) -> Mapping[Address, str]:
    """The fees in advance that stay billed, by the chains that the run began and that end at once."""
    sides = Sides(seen.connection.clock.now(), seen.rows, {})
    begun = (one for one in made if KINDS[one.address.kind].archetype is Archetype.CHAINED and one.first is None)
    return {one.address: lost_at_once(one.address, sides) for one in begun}


def _ended(bindings: Bindings, made: Iterable[Made]) -> Iterator[tuple[Address, str]]:
    """The chains and grants that are over, with what lasts of it: an undo never begins one, nor grants one again.

    Raises RemoteError.
    """
    for one in made:
        kind = KINDS[one.address.kind]
        if kind.archetype not in (Archetype.CHAINED, Archetype.APPEND_ONLY):
            continue
        observed = bindings.observe(one.address, None)
        is_over = observed.view is None or observed.status in kind.words(State.OVER, State.TAKEN_BACK)
        if is_over:
            yield one.address, f"it has ended, and an ended {kind.title} doesn't go on" if one.first is not None else ""


def _parent(address: Address) -> Address | None:
    """The entity that a chain belongs to: it can't go before the chain has ended."""
    kind = KINDS[address.kind]
    is_chain = kind.archetype is Archetype.CHAINED and kind.parent is not None
    return Address(kind.parent.kind, address.parents) if is_chain and kind.parent else None


def _passed(run: Journaled, now: datetime) -> Iterator[tuple[Address, str]]:
    """The chains for which something was scheduled before the run, for a moment that has passed."""
    for one in run.made:
        kind = KINDS[one.address.kind]
        found = former(one, kind) if kind.archetype is Archetype.CHAINED else None
        if found is not None and (moment := parse_moment(found[1])) is not None and moment <= now:
            what = "change" if found[0] is State.COMING else "end"
            yield one.address, f"it was to {what} at {found[1]}, which has passed"


def _taken_over(seen: Seen) -> Iterator[tuple[Address, str]]:
    """The entities to go that have another owner now, or none: no run deletes what isn't its owner's."""
    for one in seen.run.made:
        row, left = seen.rows.records.get(one.address), (one.last or {}).get(LABELS)
        was_marked = is_withheld(left) or OWNER in (left or {})
        if row is None or one.address not in seen.whole.gone or not was_marked:
            continue
        owner = labels_of(row.fields).get(OWNER)
        if owner != seen.run.owner:
            yield one.address, f"it is of the owner {owner!r} now" if owner else "no label names its owner any more"


def _renamed(run: Journaled, records: Mapping[Address, Row]) -> Iterator[tuple[Address, str]]:
    """The entities that the run created and that are live under another key now."""
    ids = {made.id: made.address for made in run.made if made.id and made.address not in records}
    for address, row in records.items():
        if row.id in ids:
            yield ids[row.id], f"it is {address.text} now"


def _used_by_others(found: Undone, run: Journaled, touched: Iterable[Address]) -> Iterator[tuple[Address, str]]:
    """The entities to go of which something runs that this run didn't begin: with them, it would end."""
    begun = {made.address for made in run.made}
    for address in touched:
        if address not in begun and (parent := _parent(address)) in found.gone and parent is not None:
            yield parent, f"{address.text} belongs to it, which this run didn't begin"


def _used(
    connection: Connection, bindings: Bindings, made: list[Made], changed: Mapping[Address, str]
) -> Iterator[tuple[Address, str]]:
    """The created credits that may have been used since: what remains of each isn't shown, so the whole balance counts.
    Raises RemoteError."""
    for one in made:
        kind = KINDS[one.address.kind]
        if kind.archetype is not Archetype.APPEND_ONLY or kind.parent is None or one.address in changed:
            continue
        parent = bindings.id_of(Address(kind.parent.kind, one.address.parents))
        if parent is None:
            continue
        where = connection.routes[kind.name]
        rows = connection.listed(where.collection.replace(PARENT, parent), listing=where.listing)
        balance = connection.document(BALANCE.replace(PARENT, parent))
        used = used_since(rows, balance.get("balances") or (), str((one.last or {}).get("currency")))
        if used is None or used > 0:
            yield one.address, _of_used(used)


def _needed(connection: Connection, bindings: Bindings, made: list[Made]) -> Iterator[tuple[Address, str]]:
    """The credits for fees in advance whose customer is subscribed to something: the fee may be booked any moment, or a
    later run may have begun what it is for. Raises RemoteError."""
    credits = [one for one in made if one.address.key.startswith(PREFIX) and KINDS[one.address.kind].taking_back]
    for one in credits:
        customer = bindings.id_of(Address(CUSTOMER, one.address.parents))
        rows = connection.rows(SUBSCRIPTION, customer_id=customer) if customer else ()
        if any(not is_over(KINDS[SUBSCRIPTION], row) and not row.get("deleted_at") for row in rows):
            yield one.address, STILL_NEEDED


def _of_used(used: Decimal | None) -> str:
    if used is None:
        return "whether its credit was used can't be read: left as it is"
    return f"credit of its customer was used since ({used}), and usage is never unbilled: left as it is"
