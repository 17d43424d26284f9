"""The live state after a plan file, as far as its steps say it: rows under invented ids, which no plan file holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billsync.core.observed.index import Index, version_of
from billsync.core.observed.ownership import LABELS, OWNER, labels_of
from billsync.core.views.view import written
from billsync.model.address import Address, Symbol
from billsync.model.change import PlanFile, Step
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, Kind, LabelPolicy, Registry, State
from billsync.model.routes import Routes
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields, Plain

INVENTED = "predicted:"
"""Beginning of an invented id; the rest is the entity's address."""


def predicted(
    found: Snapshot, intended: PlanFile, known: Index, registry: Registry, routes: Mapping[str, Routes]
) -> Snapshot:
    """The snapshot as it is once every step of a plan file is done; `known` is its index.

    A version that is published takes the place of the active one. Moments of chains are those of the plan file.
    """
    ids = {address: server_id for server_id, address in known.names.items()}
    rows = {kind: {row.id: row for row in members} for kind, members in found.rows.items()}
    for step in _last_steps(intended):
        kind = registry[step.address.kind]
        row = _row(step, kind, routes[kind.name], ids, intended)
        members = rows.setdefault(kind.name, {})
        if kind.archetype is Archetype.VERSIONED:
            members.update(_replaced(kind, members, row))
        members[row.id] = row
    return replace(found, rows={kind: tuple(members.values()) for kind, members in rows.items()})


def _last_steps(intended: PlanFile) -> Iterator[Step]:
    """The last step of each pending change that leaves something, in the plan file's order."""
    last = {change.steps[-1] for change in intended.pending if change.steps}
    yield from (step for step in intended.steps if step.id in last and step.after.view is not None)


def _row(step: Step, kind: Kind, routes: Routes, ids: Mapping[Address, str], intended: PlanFile) -> Row:
    view = step.after.view or {}
    fields: dict[str, Plain] = {
        **_bound(written(kind.record, _with_marks(kind, view, intended)), ids),
        "id": id_of(step.address, ids),
        "created_at": intended.created_at,
    }
    if kind.parent is None or kind.archetype is not Archetype.CHAINED:
        fields.setdefault(kind.key, step.address.key)
    if kind.status:
        fields[kind.status] = (*step.after.statuses, *kind.words(State.CURRENT))[0]
    if step.address.version is not None:
        fields["version"] = step.address.version
    fields.update({name: moment for name, moment in step.after.facts.items() if moment is not None})
    parent = id_of(Address(kind.parent.kind, step.address.parents), ids) if kind.parent else None
    if routes.parent_filter and parent:
        fields[routes.parent_filter] = parent
        fields.setdefault("active_from", intended.created_at)
        return Row(kind.name, str(fields["id"]), fields)
    return Row(kind.name, str(fields["id"]), fields, parent)


def id_of(address: Address, ids: Mapping[Address, str]) -> str:
    """The id of an entity, or the one that is invented for it."""
    return ids.get(address) or f"{INVENTED}{address.text}"


def _with_marks(kind: Kind, view: Fields, intended: PlanFile) -> Fields:
    """The view with the owner's label, which the views of kinds that hide labels don't show."""
    if kind.labels is LabelPolicy.NONE:
        return view
    owner = {OWNER: intended.owner} if intended.owner is not None else {}
    return {**view, LABELS: {**labels_of(view), **owner}}


def _bound(value: Plain, ids: Mapping[Address, str]) -> Plain:
    if isinstance(value, Symbol):
        return id_of(value.address, ids)
    if isinstance(value, Mapping):
        return {name: _bound(item, ids) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_bound(item, ids) for item in value]
    return value


def _replaced(kind: Kind, members: Mapping[str, Row], new: Row) -> dict[str, Row]:
    """The other versions of a key that was published: none of them is active any more."""
    over, current = kind.words(State.OVER), kind.words(State.CURRENT)
    assert kind.status is not None
    return {
        row.id: replace(row, fields={**row.fields, kind.status: over[0]})
        for row in members.values()
        if row.fields.get(kind.key) == new.fields.get(kind.key)
        and version_of(row) != version_of(new)
        and row.fields.get(kind.status) in current
    }
