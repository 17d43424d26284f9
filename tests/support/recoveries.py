"""Recovery snapshots of embedded servers: in memory, and as files with usage events."""

from __future__ import annotations

from pathlib import Path

from billsync.app.recovery.store import write
from billsync.app.recovery.taking import Taking, take
from billsync.live.gathering import Gathering
from billsync.model.recovery import Recovery
from billsync.report.recovery.snapshot.items import Event
from billsync.report.recovery.snapshot.lines import events_in
from tests.support.world import World


def recovery_of(world: World, *, has_events: bool = False) -> Recovery:
    """The recovery snapshot of a server, as it is now; its usage events are `events_of`."""
    return take(world.connection(), has_events=has_events)


def written_to(path: Path, world: World) -> Path:
    """The file of a server's recovery snapshot, with usage events."""
    with path.open("wb") as file:
        write(file, Taking(world.connection(), Gathering(), has_events=True).lines())
    return path


def events_of(world: World) -> tuple[Event, ...]:
    """The usage events of running periods."""
    lines = Taking(world.connection(), Gathering(), has_events=True).lines()
    return tuple(events_in(lines))
