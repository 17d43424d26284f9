"""Holders of live entities: by label, by `adopted` and, for kinds that hide labels, by other evidence.

An entity whose labels couldn't be read never counts as unowned for that reason (design.md §4).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from billsync.core.changes.planned import Context, Planned, names_of, refused
from billsync.core.declared.referring import kinds_in
from billsync.core.observed.hidden import hides_labels, labels_are_known
from billsync.core.observed.ownership import OWNER, is_servers_own, labels_of
from billsync.core.observed.refusals import MANAGED_BY_SERVER, NOT_OWNED, OTHER_OWNER, UNREAD_OWNER
from billsync.model.address import Address
from billsync.model.change import FieldChange
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind
from billsync.model.state import Entity, Row
from billsync.model.value import Plain, leaves


class Claim(Enum):
    """Claims on an entity, from the view of the files' owner."""

    OURS = "ours"
    OTHERS = "others"
    NOBODYS = "nobody's"  # it shows its labels, or never will, and nothing tells whose it is
    UNREAD = "unread"  # its labels could not be read this time, and nothing else tells whose it is


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of an entity. `owner` is the other owner; `reason` is the evidence, for a sentence about the entity.

    `by_label`: its own label names the holder, which nothing overrides.
    """

    claim: Claim
    owner: str = ""
    reason: str = ""
    by_label: bool = False


def holder_of(context: Context, address: Address, row: Row) -> Holder:
    """Return the holder of a live entity. `address` is its key; `row` the version in question, where it has several."""
    kind = context.registry[row.kind]
    return (
        _by_label(context, row)
        or _by_adoption(context, address)
        or (_by_evidence(context, kind, address, row) if hides_labels(kind) else Holder(Claim.NOBODYS))
    )


def _by_label(context: Context, row: Row) -> Holder | None:
    owner = labels_of(row.fields).get(OWNER)
    if owner is None:
        return None
    if owner == context.desired.owner:
        return Holder(Claim.OURS, by_label=True)
    return Holder(Claim.OTHERS, str(owner), f"belongs to the owner {str(owner)!r}", by_label=True)


def _by_adoption(context: Context, address: Address) -> Holder | None:
    return Holder(Claim.OURS) if context.desired.adopted.covers(address) else None


def _by_evidence(context: Context, kind: Kind, address: Address, row: Row) -> Holder:
    if found := _by_other_versions(context, address, row):
        return found
    used = dict(_owners_used(context, kind, row))
    others = sorted((owner, name) for name, owner in used.items() if owner != context.desired.owner)
    if others:
        owner, name = others[0]
        return Holder(Claim.OTHERS, owner, f"uses {name}, which belongs to the owner {owner!r}")
    if used and not labels_are_known(row.fields):
        return Holder(Claim.OURS)
    unread = context.snapshot.unread.get(kind.name)
    if unread is not None and not labels_are_known(row.fields):
        return Holder(Claim.UNREAD, reason=f"its labels could not be read ({unread})")
    return Holder(Claim.NOBODYS)


def _by_other_versions(context: Context, address: Address, row: Row) -> Holder | None:
    """Return the owner named by the key's newest other version that names one; versions made by hand name none."""
    for other in reversed(context.index.versions.get(address.unversioned(), ())):
        if other.id != row.id and (found := _by_label(context, other)):
            return replace(found, by_label=False)
    return None


def _owners_used(context: Context, kind: Kind, row: Row) -> Iterator[tuple[str, str]]:
    """Yield the references of an entity, by name, with the owner that each one's label names; without kinds that
    owners normally share."""
    telling = {name for name in kinds_in(kind.record) if not _is_shared(context, name)}
    texts = {leaf for leaf in leaves(row.fields) if isinstance(leaf, str)}
    for server_id in sorted(texts & context.index.names.keys()):
        address = context.index.names[server_id]
        owner = _owner_of(context, address, server_id) if address.kind in telling else None
        if owner is not None:
            yield address.unversioned().text, str(owner)


def _owner_of(context: Context, address: Address, server_id: str) -> Plain:
    """The owner that the label of a row names."""
    several = context.index.versions.get(address.unversioned()) or (context.index.records.get(address),)
    rows = [row for row in several if row is not None and row.id == server_id]
    rows = rows or [row for row in context.snapshot.of(address.kind) if row.id == server_id]
    return labels_of(rows[0].fields).get(OWNER) if rows else None


def _is_shared(context: Context, name: str) -> bool:
    return name in context.registry and context.registry[name].shared


def not_ours(context: Context, entity: Entity, row: Row, changes: tuple[FieldChange, ...]) -> Planned | None:
    """Return the refusal to change an entity of another or an unknown owner; None if it is ours.

    An entity with hidden labels and no other evidence of its owner isn't refused: a guard asks instead (`guards`).
    """
    kind = context.registry[entity.address.kind]
    if is_servers_own(row.fields):
        return refused(entity.address, MANAGED_BY_SERVER, fields=changes, difference=_difference(changes))
    held = holder_of(context, entity.address, row)
    match held.claim:
        case Claim.OURS:
            return None
        case Claim.OTHERS:
            return _others(kind, entity, held, changes)
        case Claim.UNREAD:
            return _unread(kind, entity, held, changes)
        case Claim.NOBODYS:
            return None if hides_labels(kind) else _nobodys(context, kind, entity, changes)


def adopting(kind: Kind, *keys: str) -> str:
    """The line for the files by which entities are taken over."""
    return f"`adopted: {{{kind.collection}: [{', '.join(keys)}]}}`"


def _difference(changes: tuple[FieldChange, ...]) -> str:
    return f"it is live, differs in {names_of(changes)}," if changes else "it exists without an active version"


def _others(kind: Kind, entity: Entity, held: Holder, changes: tuple[FieldChange, ...]) -> Planned:
    way_out = "" if held.by_label else f"; if it is yours, list it under {adopting(kind, entity.address.key)}"
    return refused(
        entity.address,
        OTHER_OWNER,
        fields=changes,
        difference=_difference(changes),
        holding=held.reason,
        way_out=way_out,
    )


def _unread(kind: Kind, entity: Entity, held: Holder, changes: tuple[FieldChange, ...]) -> Planned:
    return refused(
        entity.address,
        UNREAD_OWNER,
        fields=changes,
        difference=_difference(changes),
        holding=held.reason,
        adopting=adopting(kind, entity.address.key),
    )


def _nobodys(context: Context, kind: Kind, entity: Entity, changes: tuple[FieldChange, ...]) -> Planned:
    owner = context.desired.owner or "an owner"
    return refused(
        entity.address,
        NOT_OWNED,
        fields=changes,
        difference=_difference(changes),
        owner=owner,
        adopting=adopting(kind, entity.address.key),
    )
