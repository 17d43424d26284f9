"""Declared fields that this server's dialect doesn't support: reported by name, never dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billsync.core.planned import Context, Planned, refused
from billsync.core.refusals import UNSUPPORTED
from billsync.model.change import Action
from billsync.model.state import Entity
from billsync.model.value import Plain

Missing = Mapping[str, tuple[str, ...]]
"""By kind, dotted paths that the dialect's requests don't have; list members are passed over."""


def unsupported(entity: Entity, missing: Missing, context: Context) -> Planned | None:
    """The entity as unmanageable, when it is of a kind, or declares a field, that the server lacks; None otherwise."""
    kind = entity.address.kind
    lacking = [path for path in missing.get(kind, ()) if _has(entity.fields, path.split("."))]
    if kind in context.snapshot.absent:
        lacking = [f"list of {context.registry[kind].titles}"]
    if not lacking:
        return None
    return refused(entity.address, UNSUPPORTED, action=Action.NONE, verb="unmanageable", lacking=", ".join(lacking))


def _has(value: Plain, path: Sequence[str]) -> bool:
    if isinstance(value, list | tuple):
        return any(_has(member, path) for member in value)
    if not path:
        return value is not None
    return isinstance(value, Mapping) and path[0] in value and _has(value[path[0]], path[1:])
