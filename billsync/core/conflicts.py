"""Conflicts: changes refused because of other changes, or because of entities that stay on the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.core.order import needed, symbols_of
from billsync.core.planned import Context, Planned
from billsync.core.refusals import BLOCKED, CIRCLE, CLAIMED, DANGLING
from billsync.model.address import Address, whole_of
from billsync.model.change import Action, Outcome


def refuse_held_names(planned: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
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
    """Return the holder of each name. Rows and views write claimed names alike."""
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
            return planned.refused(CLAIMED, name=name, holder=holder.text, way_out=_way_out(planned, holder, context))
    return planned


def _way_out(planned: Planned, holder: Address, context: Context) -> str:
    """Return the hint that an undeclared holder of a claimed name may be the same entity under a new key."""
    address = planned.change.address
    taking = f"take it from {holder.text} first, in the files or on the server"
    if holder in context.entities or planned.change.action is not Action.CREATE:
        return taking
    entry = f"{{kind: {address.kind}, from: {holder.key}, to: {address.key}}}"
    return f"if it is the same under another key, add `moved: [{entry}]`; else {taking}"


def refuse_dangling_references(planned: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """Return the changes; those that need an entity that is neither declared nor live are refused (design.md §3)."""
    changes = tuple(planned)
    known = {address.unversioned() for address in context.index.names.values()}
    known |= {entity.address.unversioned() for entity in context.desired.entities}
    return tuple(_refuse_dangling(p, known) for p in changes)


def _refuse_dangling(planned: Planned, known: set[Address]) -> Planned:
    referred = {address for step in planned.steps for address in symbols_of(step)}
    dangling = (
        address
        for address in referred
        if whole_of(address) is None and address != planned.change.address and address.unversioned() not in known
    )
    names = ", ".join(address.text for address in sorted(dangling, key=lambda address: address.order))
    return planned.refused(DANGLING, names=names) if names else planned


def block_dependents(planned: Iterable[Planned]) -> tuple[Planned, ...]:
    """The changes, with those blocked that depend on one that is refused, and so on; each names its cause."""
    changes = list(planned)
    causes = {p.change.address.unversioned(): p.change.address for p in changes if _stops_others(p)}
    while True:
        blocked = {i: cause for i, p in enumerate(changes) if p.steps and (cause := _cause(p, causes))}
        if not blocked:
            return tuple(changes)
        for i, cause in blocked.items():
            changes[i] = changes[i].refused(BLOCKED, cause=cause.text)
            causes[changes[i].change.address.unversioned()] = changes[i].change.address


def _stops_others(planned: Planned) -> bool:
    return planned.change.outcome in (Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNMANAGEABLE)


def _cause(planned: Planned, causes: Mapping[Address, Address]) -> Address | None:
    return next((causes[a.unversioned()] for a in needed(planned) if a.unversioned() in causes), None)


def refuse_circle(planned: Iterable[Planned], circle: tuple[str, ...]) -> tuple[Planned, ...]:
    """Return the changes; those with a step in the circle are refused, as none of the circle's steps can be first."""
    return tuple(_refuse_circle(p, circle) for p in planned)


def _refuse_circle(planned: Planned, circle: tuple[str, ...]) -> Planned:
    stands_in_it = any(step.id in circle for step in planned.steps)
    return planned.refused(CIRCLE, steps=", ".join(circle)) if stands_in_it else planned
