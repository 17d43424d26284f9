"""Refusals of doubtful entities, by name, so that a diff never leaves them out (core/observed/doubts.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence

from billsync.core.changes.planned import Context, Planned
from billsync.core.observed.ownership import OWNER, is_owned, labels_of
from billsync.model.address import Address, symbols_in
from billsync.model.change import Action, Change, Outcome
from billsync.model.state import Row


def doubtful(context: Context, address: Address) -> Planned | None:
    """The refusal of an entity that is in doubt, or None."""
    doubt = context.doubts.get(address)
    if doubt is None:
        return None
    change = Change(
        address, Action.UPDATE, "updating", Outcome.REFUSED, reason=doubt.reason, hint=doubt.hint, code=doubt.code
    )
    return Planned(change)


def other_doubts(context: Context, *, deletes: bool) -> Iterator[Planned]:
    """Refusals of undeclared entities in doubt: those that declared entities need, belong to or hold, and those that
    `sync` might remove."""
    needed = _needed(context)
    others = sorted(context.doubts.keys() - context.entities.keys(), key=lambda address: address.order)
    rows = _rows(context, frozenset(others)) if others else {}
    for address in others:
        ours = address not in context.desired.forgotten and _is_ours(context, address, rows.get(address, ()))
        if address in needed or (ours and _matters(context, address, deletes=deletes)):
            yield from filter(None, [doubtful(context, address)])


def _needed(context: Context) -> frozenset[Address]:
    """Return the addresses that declared entities refer to or belong to, without versions."""
    if not context.doubts:
        return frozenset()
    referred = (symbol for entity in context.desired.entities for symbol in symbols_in(context.want(entity)))
    parents = (parent for entity in context.desired.entities if (parent := _parent(context, entity.address)))
    return frozenset(address.unversioned() for address in (*referred, *parents))


def _parent(context: Context, address: Address) -> Address | None:
    parent = context.registry[address.kind].parent
    return Address(parent.kind, address.parents) if parent else None


def _matters(context: Context, address: Address, *, deletes: bool) -> bool:
    """Whether a run would have something to say about an entity that isn't declared."""
    if (parent := _parent(context, address)) is not None:
        return parent in context.entities
    external = context.desired.external.match(address.kind, address.key)
    return deletes and address.kind in context.desired.named and not external


def _is_ours(context: Context, address: Address, rows: Sequence[Row]) -> bool:
    """Whether any row of an entity is ours, or may be, as its labels can't be read; of a chain, any link of its
    parent."""
    kind = context.registry.get(address.kind)
    parent = _parent(context, address) if kind else None
    links = context.index.chains.get(parent, ()) if parent else ()
    return kind is not None and any(_may_be_ours(context, row, address) for row in (*rows, *links))


def _may_be_ours(context: Context, row: Row, address: Address) -> bool:
    desired = context.desired
    labels = row.fields.get("labels")
    return (
        is_owned(row, address, owner=desired.owner, adopted=desired.adopted)
        or (labels is not None and labels != labels_of(row.fields))
        or (desired.owner is not None and labels_of(row.fields).get(OWNER) == desired.owner)
    )


def _rows(context: Context, wanted: Container[Address]) -> Mapping[Address, Sequence[Row]]:
    """All rows of these addresses."""
    found: dict[Address, list[Row]] = defaultdict(list)
    for kind in {address.kind for address in context.doubts}:
        for row in context.snapshot.of(kind):
            named = context.index.names.get(row.id)
            if named is not None and named.unversioned() in wanted:
                found[named.unversioned()].append(row)
    return found
