"""The tables of kinds as one server has them: fields that only some servers take, and names that servers spell
differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billsync.model.frozen import replace
from billsync.model.kind import Kind, Registry
from billsync.model.routes import Routes
from billsync.model.shape import Record


def adapted(registry: Registry, routes: Mapping[str, Routes]) -> Registry:
    """The registry for a server with these routes. A kind that is the same there is the same object."""
    return {name: _adapted(kind, routes[name]) for name, kind in registry.items()}


def _adapted(kind: Kind, routes: Routes) -> Kind:
    record = _with_taken(kind.record, routes.create)
    for ours, theirs in routes.spelled.items():
        record = _spelled(record, ours.split("."), theirs.rpartition(".")[2])
    return kind if record is kind.record else replace(kind, record=record)


def _with_taken(record: Record, names: Sequence[str]) -> Record:
    """The record, with fields that the server takes in the form that they have there."""
    taken = {name: field.taken for name, field in record.fields.items() if field.taken and name in names}
    return replace(record, fields={**record.fields, **taken}) if taken else record


def _spelled(record: Record, path: Sequence[str], wire: str) -> Record:
    """The record, with the server's name for the field at a path."""
    name, *rest = path
    field = record.fields[name]
    if not rest:
        changed = replace(field, wire=wire)
    else:
        assert isinstance(field.shape, Record)
        changed = replace(field, shape=_spelled(field.shape, rest, wire))
    return replace(record, fields={**record.fields, name: changed})
