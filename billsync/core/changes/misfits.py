"""Rules across entities, held against live ones that no file declares: what the server would refuse at the call is
refused before anything is written. Offline they are held against declared ones (`core.declared.references`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from billsync.core.changes.planned import Context, Planned
from billsync.core.changes.versions import offered
from billsync.model.address import Address
from billsync.model.change import Action
from billsync.model.kind import Absent, Archetype, Find, Problem
from billsync.model.state import Entity
from billsync.model.value import Fields


def refuse_misfits(planned: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """The changes; those of declared entities that don't go with a live one which they refer to are refused."""
    tables = {name for name, kind in context.registry.items() if kind.cross_live}

    @cache
    def find(name: str, key: str) -> Fields | None:
        return _seen(Address(name, (key,)), context)

    return tuple(_checked(p, context, find) if p.steps and p.change.address.kind in tables else p for p in planned)


def _checked(planned: Planned, context: Context, find: Find) -> Planned:
    entity = context.entities.get(planned.change.address.unversioned())
    if entity is None or planned.change.action is Action.DELETE:
        return planned
    return planned.refused_for(tuple(_misfits(planned, entity, context, find)))


def _misfits(planned: Planned, entity: Entity, context: Context, find: Find) -> Iterator[Problem]:
    """Problems of all that the calls send: of the whole of a new entity or version, else of the fields that change."""
    kind = context.registry[entity.address.kind]
    is_whole = planned.change.action is Action.CREATE or kind.archetype is Archetype.VERSIONED
    changed = {change.path[0] for change in planned.change.fields}

    def declared(name: str, key: str) -> Fields | None:
        other = context.entities.get(Address(name, (key,)))
        return other.fields if other is not None else None

    for rule in kind.cross_live:
        if found := tuple(rule(entity.address, entity.fields, find)):
            offline = tuple(rule(entity.address, entity.fields, declared))  # the finding of the files, not of a run
            yield from (one for one in found if one not in offline and (is_whole or one.path[0] in changed))


def _seen(address: Address, context: Context) -> Fields | None:
    """The fields of an entity as they will be: as declared, where it is, and else as they are live."""
    entity, kind = context.entities.get(address), context.registry[address.kind]
    if entity is not None and kind.absent is not Absent.NOT_MANAGED:
        return entity.fields
    row = context.index.records.get(address) or offered(kind, context.index.versions.get(address, ()))
    live = context.view(row) if row is not None else None
    return {**(live or {}), **entity.fields} if entity is not None else live
