"""Conflicts: changes refused because of other changes, or because of entities that stay on the server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from billsync.core.changes.order import needed, symbols_of
from billsync.core.changes.planned import Context, Planned
from billsync.core.declared.lacks import lacks_of
from billsync.core.observed.refusals import BLOCKED, CIRCLE, CLAIMED, DANGLING
from billsync.model.address import Address, whole_of
from billsync.model.change import Action, Outcome


def refuse_held_names(planned: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """The changes; one that claims a name which a live entity holds, and doesn't give up in this run, is refused.

    Source: customer-facts.md §3.2 (the server answers 409).
    """
    changes = list(planned)
    claiming = _by_name(changes, lambda p: p.claims)
    held = _held(context) if claiming else {}
    freeing = _by_name(changes, lambda p: p.frees if p.steps else ())
    looked_at = sorted({number for numbers in claiming.values() for number in numbers})
    while looked_at:  # a change that is refused frees nothing, which refuses others
        lost: list[tuple[str, str]] = []
        for number, checked in [(number, _checked(changes[number], held, freeing, context)) for number in looked_at]:
            if checked != changes[number]:
                lost += _names_in(changes[number], changes[number].frees)
                changes[number] = checked
        for name in lost:
            freeing[name] = [number for number in freeing.get(name, ()) if changes[number].steps]
        looked_at = sorted({number for name in lost if not freeing[name] for number in claiming.get(name, ())})
    return tuple(changes)


Numbers = dict[tuple[str, str], list[int]]
"""By kind and name, the places of changes."""


def _by_name(changes: Sequence[Planned], names: Callable[[Planned], Iterable[str]]) -> Numbers:
    found: Numbers = defaultdict(list)
    for number, planned in enumerate(changes):
        for name in _names_in(planned, names(planned)):
            found[name].append(number)
    return found


def _names_in(planned: Planned, names: Iterable[str]) -> list[tuple[str, str]]:
    return [(planned.change.address.kind, name) for name in names]


def _held(context: Context) -> Mapping[tuple[str, str], Address]:
    """Return the holder of each name. Rows and views write claimed names alike."""
    return {
        (kind.name, name): address
        for address, row in context.index.records.items()
        if (kind := context.registry[address.kind]).claims is not None
        for name in kind.claims(row.fields)
    }


def _checked(planned: Planned, held: Mapping[tuple[str, str], Address], freeing: Numbers, context: Context) -> Planned:
    address = planned.change.address
    for name in sorted(planned.claims):
        holder = held.get((address.kind, name))
        if holder is not None and holder != address and not freeing.get((address.kind, name)):
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


def refuse_lacking(planned: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """The changes; those of declared entities which need something that no file declares, and that the server
    certainly lacks, are refused."""
    return tuple(_refuse_lacking(p, context) if p.steps and context.snapshot.named else p for p in planned)


def _refuse_lacking(planned: Planned, context: Context) -> Planned:
    entity = context.entities.get(planned.change.address.unversioned())
    if entity is None or planned.change.action is Action.DELETE:
        return planned
    return planned.refused_for(lacks_of(entity, context.entities, context.registry, context.snapshot.named))


def block_dependents(planned: Iterable[Planned]) -> tuple[Planned, ...]:
    """The changes, with those blocked that depend on one that is refused, and so on; each names its cause."""
    changes = list(planned)
    causes = {p.change.address.unversioned(): p.change.address for p in changes if _stops_others(p)}
    dependents: dict[Address, list[int]] = defaultdict(list)
    for number, p in enumerate(changes if causes else ()):
        for address in needed(p) if p.steps else ():
            dependents[address.unversioned()].append(number)
    new = set(causes)
    while new:
        reached = sorted({number for address in new for number in dependents.get(address, ())})
        blocked = {
            number: cause for number in reached if changes[number].steps and (cause := _cause(changes[number], causes))
        }
        new = {changes[number].change.address.unversioned() for number in blocked} - causes.keys()
        for number, cause in blocked.items():
            changes[number] = changes[number].refused(BLOCKED, cause=cause.text)
            causes[changes[number].change.address.unversioned()] = changes[number].change.address
    return tuple(changes)


def _stops_others(planned: Planned) -> bool:
    return planned.change.outcome in (Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNMANAGEABLE)


def _cause(planned: Planned, causes: Mapping[Address, Address]) -> Address | None:
    return next((causes[a.unversioned()] for a in needed(planned) if a.unversioned() in causes), None)


def refuse_circle(planned: Iterable[Planned], circle: tuple[str, ...]) -> tuple[Planned, ...]:
    """Return the changes; those with a step in the circle are refused, as none of the circle's steps can be first."""
    within, names = frozenset(circle), ", ".join(circle)
    return tuple(p.refused(CIRCLE, steps=names) if any(step.id in within for step in p.steps) else p for p in planned)
