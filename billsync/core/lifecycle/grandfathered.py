"""Notes about subscribers that stay on an older version; never changes."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.core.index import version_of
from billsync.core.planned import Context, Planned, note
from billsync.core.read_set import subscribers_read
from billsync.core.versions import NextVersions, offered_after
from billsync.model.address import Address
from billsync.model.kind import Kind
from billsync.model.state import Entity, Row


def grandfathered(
    context: Context, entity: Entity, coming: NextVersions, moving: Mapping[Address, int]
) -> tuple[Planned, ...]:
    """A note for each older version of a declared entity on which running children stay.

    `moving` counts the children that this run moves away, by the version on which they are.
    """
    rows = context.index.versions.get(entity.address, ())
    newest = offered_after(context, entity.address, coming)
    if newest is None:
        return ()
    older = [row for row in rows if version_of(row) < (newest.version or 0)]
    notes = (_note(context, entity, row, newest, moving) for row in older)
    return tuple(planned for planned in notes if planned is not None)


def _note(context: Context, entity: Entity, row: Row, newest: Address, moving: Mapping[Address, int]) -> Planned | None:
    address = entity.address.at(version_of(row))
    found = subscribers(context, row)
    if found is None or found[0] <= moving.get(address, 0):
        return None
    number, kind = found[0] - moving.get(address, 0), found[1]
    stay = f"{kind.name} stays" if number == 1 else f"{kind.collection} stay"
    return note(
        address,
        code="grandfathered",
        reason=f"{number} {stay} on {address.text} (grandfathered); {newest.text} is for new ones",
    )


def subscribers(context: Context, row: Row) -> tuple[int, Kind] | None:
    """Return the number and kind of a version's running links; None without any."""
    for kind in context.registry.values():
        number = context.snapshot.counts.get(subscribers_read(kind, row.id), 0) if kind.pins == row.kind else 0
        if number:
            return number, kind
    return None
