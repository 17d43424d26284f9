"""Drift: what of the declared and the owned isn't as the files say, since when, and what is nobody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from billsync.core.changes.chains import head_of
from billsync.core.changes.planned import note
from billsync.core.changes.versions import offered, offered_or_last
from billsync.core.observed.index import Index, is_over
from billsync.core.observed.ownership import KEY, OWNER, is_owned, is_servers_own, labels_of
from billsync.model.address import Address
from billsync.model.change import Change, Outcome
from billsync.model.kind import Archetype, Kind, Registry
from billsync.model.moment import moment_text, parse_moment
from billsync.model.state import Desired, Row

DIFFERING = frozenset(
    {"attached-elsewhere", "chain-ending", "changed-elsewhere", "made-elsewhere", "start-differs", "voided"}
)
"""Notes on declared entities that somebody changed elsewhere: `sync` leaves them alone, but they differ."""
CHANGED_AT = "updated_at"


def is_drift(change: Change) -> bool:
    """Whether something declared or owned isn't as the files say. What is waited for, or can't be, is no drift."""
    differs = change.outcome in (Outcome.PENDING, Outcome.REFUSED, Outcome.BLOCKED)
    return differs or (change.outcome is Outcome.NOTE and change.code in DIFFERING)


def changed_at(changes: Sequence[Change], found: Index, registry: Registry) -> Mapping[Address, str]:
    """By address, when the server last changed the entities of changes, where it says so: RFC 3339, in UTC."""
    times = ((change.address, _time_of(change.address, found, registry)) for change in changes)
    return {address: time for address, time in times if time}


def _time_of(address: Address, found: Index, registry: Registry) -> str:
    row = _row_of(address.unversioned(), found, registry)
    moment = parse_moment(str(row.fields.get(CHANGED_AT))) if row else None
    return moment_text(moment) if moment else ""


def _row_of(address: Address, found: Index, registry: Registry) -> Row | None:
    kind = registry[address.kind]
    match kind.archetype:
        case Archetype.VERSIONED:
            return offered_or_last(kind, found.versions.get(address, ()))
        case Archetype.CHAINED:
            parent = Address(kind.parent.kind, address.parents) if kind.parent else address
            rows = tuple(row for row in found.chains.get(parent, ()) if row.kind == kind.name)
            return head_of(kind, rows, address.key)
        case Archetype.RECORD | Archetype.APPEND_ONLY:
            return found.records.get(address)


def unowned(desired: Desired, found: Index, registry: Registry) -> Iterator[Change]:
    """Notes on what is live in the collections that the files name, and is neither declared nor owned."""
    declared = {entity.address for entity in desired.entities}
    for address, row in sorted(_named_rows(desired, found, registry), key=lambda item: item[0].order):
        owner = labels_of(row.fields).get(OWNER)
        known = address in declared or address in desired.forgotten or desired.external.match(row.kind, address.key)
        owned = is_owned(row, address, owner=desired.owner, adopted=desired.adopted)
        chosen = desired.selection.chooses(address) and desired.selection.carried_by(labels_of(row.fields))
        if chosen and not (known or owned or is_servers_own(row.fields)):
            reason = "it is live, not declared, and " + (f"owned by {owner!r}" if owner else "not marked as anybody's")
            yield note(address, code="unowned", reason=reason).change
    for parent, counts in sorted(_unnamed(desired, found, registry).items(), key=lambda item: item[0].order):
        for kind, count in sorted(counts.items()):
            what = f"1 {registry[kind].title} of it is" if count == 1 else f"{count} {registry[kind].titles} of it are"
            reason = f"{what} live, not declared, and not marked as anybody's"
            yield note(parent, code="unowned", reason=reason).change


def _named_rows(desired: Desired, found: Index, registry: Registry) -> Iterator[tuple[Address, Row]]:
    """The live rows of named collections that have a key."""
    for address, row in found.records.items():
        if address.kind in desired.named and not is_over(registry[row.kind], row.fields):
            yield address, row
    for address, rows in found.versions.items():
        if address.kind in desired.named and (version := offered(registry[address.kind], rows)):
            yield address, version
    for parent, rows in found.chains.items():
        for row in rows:
            key = labels_of(row.fields).get(KEY)
            if row.kind in desired.named and key and not is_over(registry[row.kind], row.fields):
                yield Address(row.kind, (*parent.names, str(key))), row


def _unnamed(desired: Desired, found: Index, registry: Registry) -> Mapping[Address, Counter[str]]:
    """By parent and kind, the number of live rows without a key; a chain without a label may be the declared one."""
    declared = {(entity.address.kind, entity.address.parents) for entity in desired.entities}
    counts: dict[Address, Counter[str]] = {}
    for parent, rows in (*found.chains.items(), *found.keyless.items()):
        for row in rows:
            kind: Kind = registry[row.kind]
            nameless = kind.archetype is not Archetype.CHAINED or (
                KEY not in labels_of(row.fields) and (kind.name, parent.names) not in declared
            )
            chosen = desired.selection.is_whole or desired.selection.chooses(parent)
            if chosen and kind.name in desired.named and nameless and not is_over(kind, row.fields):
                counts.setdefault(parent, Counter())[kind.name] += 1
    return counts
