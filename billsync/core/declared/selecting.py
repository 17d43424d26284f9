"""Selections of declared entities: what is chosen, with everything that it needs, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.core.declared.references import Finder, finder, referred_by
from billsync.core.declared.suggest import closest
from billsync.model.address import Address
from billsync.model.change import Change
from billsync.model.frozen import replace
from billsync.model.globs import Patterns, literal
from billsync.model.kind import Kind, Registry
from billsync.model.selection import Selection, entity_of, matches
from billsync.model.state import Desired, Entity

Chosen = tuple[tuple[str, str], ...]


def selected(desired: Desired, selection: Selection, registry: Registry) -> Desired:
    """The desired state with a selection: entities of other kinds are only referred to, and what the chosen entities
    need is needed.

    The other entities stay declared, as nothing that is declared may be taken for abandoned.
    """
    within = _of_kinds(desired, selection.kinds) if selection.kinds else desired
    is_part = selection.patterns or selection.entities or selection.chosen is not None
    needed = needed_by(within.entities, selection, registry) if is_part else frozenset()
    return replace(within, selection=replace(selection, needed=needed))


def _of_kinds(desired: Desired, kinds: frozenset[str]) -> Desired:
    """The desired state of these kinds. What is declared of others counts as external: it is there, and not written."""
    others: dict[str, tuple[str, ...]] = dict(desired.external.by_kind)
    for entity in desired.entities:
        if entity.address.kind not in kinds:
            others[entity.address.kind] = (*others.get(entity.address.kind, ()), literal(entity.address.key))
    return replace(
        desired,
        entities=tuple(entity for entity in desired.entities if entity.address.kind in kinds),
        external=Patterns(others),
        named=desired.named & kinds,
    )


def needed_by(among: Iterable[Entity], selection: Selection, registry: Registry) -> frozenset[Address]:
    """The entities that the chosen ones refer to and belong to, and all that these need, without the chosen ones."""
    entities = {entity.address: entity for entity in among}
    finders = {name: finder(kind.record) for name, kind in registry.items()}
    found = {address for address in entities if selection.chooses(address)}
    waiting = list(found)
    while waiting:
        entity = entities[waiting.pop()]
        kind = registry[entity.address.kind]
        for address in _needs(entity, kind, finders[kind.name]):
            if address in entities and address not in found:
                found.add(address)
                waiting.append(address)
    return frozenset(address for address in found if not selection.chooses(address))


def _needs(entity: Entity, kind: Kind, search: Finder | None) -> Iterator[Address]:
    yield from (Address(referred.kind, (referred.key,)) for referred in referred_by(entity, kind, search))


def included(desired: Desired) -> tuple[Address, ...]:
    """The declared entities that a run is about."""
    return tuple(e.address for e in desired.entities if desired.selection.includes(e.address))


def undeclared(desired: Desired, changes: Iterable[Change]) -> tuple[Address, ...]:
    """The entities of changes that are not declared."""
    declared = {entity.address for entity in desired.entities}
    found = dict.fromkeys(entity_of(change.address) for change in changes)
    return tuple(address for address in found if address not in declared)


def unmatched(patterns: Chosen, known: Iterable[Address]) -> Chosen:
    """The patterns that match none of these entities."""
    addresses = tuple(address.unversioned() for address in known)
    return tuple(pattern for pattern in patterns if not any(matches(pattern, address) for address in addresses))


def near(pattern: tuple[str, str], known: Iterable[Address]) -> str | None:
    """The known entity whose name is nearest to a pattern, as `kind/name`; None if none is near."""
    names = {f"{address.kind}/{'/'.join(address.names)}" for address in known}
    same_kind = {name for name in names if name.startswith(f"{pattern[0]}/")}
    text = "/".join(pattern)
    return closest(text, same_kind) or closest(text, names)
