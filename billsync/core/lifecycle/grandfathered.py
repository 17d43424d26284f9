"""Notes about subscribers that stay on an older version; never changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from billsync.core.changes.planned import Context, Planned, note
from billsync.core.changes.read_set import ending_read, subscribers_read
from billsync.core.changes.versions import NextVersions, offered_after
from billsync.core.lifecycle.chain_target import live_pin
from billsync.core.observed.index import state_of, version_of
from billsync.core.observed.ownership import labels_of
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, State
from billsync.model.state import Entity, Row

Children = Mapping[Address, Sequence[Row]]
"""By version, the children on it that have an end."""


@dataclass(frozen=True, slots=True)
class Moving:
    """The number of children that leave, by the version on which they are: `now` are moved by this run, `ended` are
    cancelled by it, and `unselected` are moved only by one that is not limited to a selection. `ending` finds those
    that have an end."""

    now: Mapping[Address, int]
    ended: Mapping[Address, int]
    unselected: Mapping[Address, int]
    ending: Callable[[], Children]


def grandfathered(context: Context, entity: Entity, coming: NextVersions, moving: Moving) -> tuple[Planned, ...]:
    """A note for each older version of a declared entity that has running children."""
    rows = context.index.versions.get(entity.address, ())
    newest = offered_after(context, entity.address, coming)
    if newest is None:
        return ()
    older = [row for row in rows if version_of(row) < (newest.version or 0)]
    notes = (_note(context, entity, row, newest, moving) for row in older)
    return tuple(planned for planned in notes if planned is not None)


def _note(context: Context, entity: Entity, row: Row, newest: Address, moving: Moving) -> Planned | None:
    found = subscribers(context, row)
    if found is None:
        return None
    number, kind = found
    address = entity.address.at(version_of(row))
    now, ended, later = (leaving.get(address, 0) for leaving in (moving.now, moving.ended, moving.unselected))
    ending = ending_on(context, kind, row)
    stays = max(number - ending - now - ended - later, 0)
    if not (stays or ending or ended or later):
        return None
    stay = f"{stays} {kind.name} stays" if stays == 1 else f"{stays or 'no'} {kind.collection} stay"
    ends = [one for one in moving.ending().get(context.index.names[row.id], ()) if one.kind == kind.name]
    others = "".join(f", {text}" for text in _leaving(kind, ends, now=now, ended=ended, later=later, ending=ending))
    return note(
        address,
        code="grandfathered",
        reason=f"{stay} on {address.text} (grandfathered){others}; {newest.text} is for new ones",
    )


def _leaving(kind: Kind, ends: Sequence[Row], *, now: int, ended: int, later: int, ending: int) -> Iterator[str]:
    """The children that don't stay: moved or cancelled by this run, moved by a wider one, and those with an end, of
    which only rows that were read say whether another one is scheduled after it."""
    if now:
        yield f"{_are(now)} moved by this run"
    if ended:
        yield f"{_are(ended)} cancelled by this run"
    if later:
        yield f"{_are(later)} to move and not selected"
    moving = sum(1 for one in ends if kind.successor and labels_of(one.fields).get(kind.successor))
    if len(ends) < ending:
        yield f"{_are(ending)} scheduled to move or to end"
        return
    for count, what in ((moving, "move"), (len(ends) - moving, "end")):
        if count:
            yield f"{_are(count)} scheduled to {what}"


def ending_on(context: Context, kind: Kind, row: Row) -> int:
    """The number of a version's running links that have an end, by a scheduled change or a cancel."""
    return context.snapshot.counts.get(ending_read(kind, row.id), 0)


def ending_children(context: Context) -> Children:
    """The links that have an end, by the version that each is on."""
    found: dict[Address, list[Row]] = defaultdict(list)
    for kind in context.registry.values():
        for row in context.snapshot.of(kind.name) if kind.pins else ():
            if state_of(kind, row.fields) is State.ENDING and (pinned := live_pin(context, row)) is not None:
                found[pinned].append(row)
    return found


def _are(count: int) -> str:
    return f"{count} is" if count == 1 else f"{count} are"


def subscribers(context: Context, row: Row) -> tuple[int, Kind] | None:
    """Return the number and kind of a version's running links; None without any."""
    for kind in context.registry.values():
        number = context.snapshot.counts.get(subscribers_read(kind, row.id), 0) if kind.pins == row.kind else 0
        if number:
            return number, kind
    return None
