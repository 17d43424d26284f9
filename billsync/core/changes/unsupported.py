"""Declared fields that this server's dialect doesn't support: reported by name, never dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from billsync.core.changes.planned import Context, Planned, refused
from billsync.core.observed.refusals import UNMENTIONABLE, UNSUPPORTED
from billsync.model.change import Action
from billsync.model.state import Entity
from billsync.model.value import Plain

Missing = Mapping[str, tuple[str, ...]]
"""By kind, dotted paths that the dialect's requests don't have; list members are passed over."""

Unmentionable = Mapping[str, Mapping[str, str]]
"""By kind, dotted paths that can't name another entity on this server, with the capability that it lacks."""


def unsupported(
    entity: Entity, missing: Missing, context: Context, unmentionable: Unmentionable = MappingProxyType({})
) -> Planned | None:
    """The entity as unmanageable, when it is of a kind, or declares a field or a value, that the server lacks; None
    otherwise."""
    kind = entity.address.kind
    lacking = [path for path in missing.get(kind, ()) if _has(entity.fields, path.split("."))]
    if kind in context.snapshot.absent:
        lacking = [f"list of {context.registry[kind].titles}"]
    if lacking:
        return refused(entity.address, UNSUPPORTED, action=Action.NONE, verb="unmanageable", lacking=", ".join(lacking))
    return next(_mentioning(entity, context, unmentionable.get(kind, {})), None)


def _mentioning(entity: Entity, context: Context, without: Mapping[str, str]) -> Iterator[Planned]:
    """The refusals of fields that name an entity which this server takes in none of them."""
    mentions = context.registry[entity.address.kind].mentions
    for path, name, key in mentions(entity.fields) if mentions and without else ():
        field = ".".join(part for part in path if isinstance(part, str))
        if capability := without.get(field):
            yield refused(
                entity.address,
                UNMENTIONABLE,
                action=Action.NONE,
                verb="unmanageable",
                kind=name,
                key=key,
                field=field,
                capability=capability,
            )


def _has(value: Plain, path: Sequence[str]) -> bool:
    if isinstance(value, list | tuple):
        return any(_has(member, path) for member in value)
    if not path:
        return value is not None
    return isinstance(value, Mapping) and path[0] in value and _has(value[path[0]], path[1:])
