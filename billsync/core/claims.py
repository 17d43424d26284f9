"""Names that one live entity may hold alone: who takes one that another keeps is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from billsync.core.planned import Context, Planned
from billsync.model.address import Address
from billsync.model.change import Action, Outcome


def without_kept_claims(planned: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """The changes; one that claims a name which a live entity holds, and doesn't give up in this run, is refused.

    Source: customer-facts.md §3.2 (the server answers 409).
    """
    changes = tuple(planned)
    held = _held(context) if any(p.claims for p in changes) else {}
    while True:
        freed = {(p.change.address.kind, name) for p in changes if p.steps for name in p.frees}
        checked = tuple(_checked(p, held, freed, context) for p in changes)
        if checked == changes:
            return changes
        changes = checked  # one that is refused frees nothing


def _held(context: Context) -> Mapping[tuple[str, str], Address]:
    """Who holds each name now. Rows and views write claimed names alike."""
    return {
        (kind.name, name): address
        for address, row in context.index.records.items()
        if (kind := context.registry[address.kind]).claims is not None
        for name in kind.claims(row.fields)
    }


def _checked(
    planned: Planned, held: Mapping[tuple[str, str], Address], freed: set[tuple[str, str]], context: Context
) -> Planned:
    address = planned.change.address
    for name in sorted(planned.claims):
        holder = held.get((address.kind, name))
        if holder is not None and holder != address and (address.kind, name) not in freed:
            return _refused(planned, name, holder, way_out=_way_out(planned, holder, context))
    return planned


def _way_out(planned: Planned, holder: Address, context: Context) -> str:
    """Where a new entity takes the name of one that isn't declared, it may be that one under a new key."""
    address = planned.change.address
    taking = f"take it from {holder.text} first, in the files or on the server"
    if holder in context.entities or planned.change.action is not Action.CREATE:
        return taking
    entry = f"{{kind: {address.kind}, from: {holder.key}, to: {address.key}}}"
    return f"if that is the same under another key, say `moved: [{entry}]`; else {taking}"


def _refused(planned: Planned, name: str, holder: Address, *, way_out: str) -> Planned:
    change = replace(
        planned.change,
        outcome=Outcome.REFUSED,
        steps=(),
        code="claimed",
        reason=f"it claims {name!r}, which belongs to {holder.text}, and that keeps it",
        hint=way_out,
    )
    return Planned(change)
