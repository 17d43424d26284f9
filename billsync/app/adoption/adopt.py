"""`adopt`: what the files may take over, and what is left to do afterwards. Reads only."""

from __future__ import annotations

from billsync.app.planning.pipeline import compared, read_live, server_of
from billsync.app.server.connection import ReadingConnection
from billsync.core.changes.planned import Context
from billsync.core.diffing.diff import Mode, context_of
from billsync.core.taking_back.adoption import Entry, Standing, Standings, adopting, entries, standings, without
from billsync.model.address import Address
from billsync.model.change import PlanFile
from billsync.model.frozen import dataclass
from billsync.model.state import Desired, Snapshot

NEXT = Mode("sync", deletes=True, allow={})
"""The run that is shown as the next one."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """The standings of the declared entities, and what the next `sync` would do once the files adopt what they may."""

    standings: tuple[Standings, ...]
    plan: PlanFile

    @property
    def adopted(self) -> tuple[Address, ...]:
        """The entities that the files may take over."""
        return tuple(one.address for one in self.standings if one.standing is Standing.ADOPTABLE)

    @property
    def refused(self) -> tuple[Standings, ...]:
        """The live entities that they may not."""
        return tuple(one for one in self.standings if one.standing is Standing.REFUSED)


@dataclass(frozen=True, slots=True)
class Pruning:
    """The entries of `adopted`, and what the next `sync` would do without those that labels have replaced."""

    entries: tuple[Entry, ...]
    plan: PlanFile

    @property
    def needless(self) -> tuple[Entry, ...]:
        """The entries that can be taken out."""
        return tuple(entry for entry in self.entries if entry.needless)


def find_adoption(connection: ReadingConnection, desired: Desired) -> Adoption:
    """Compare what the files declare with what is live. Raises RemoteError."""
    found, context = _read(connection, desired)
    chosen = (entity.address for entity in desired.entities if desired.selection.chooses(entity.address))
    standing = standings(context, chosen)
    addresses = [one.address for one in standing if one.standing is Standing.ADOPTABLE]
    return Adoption(standing, compared(connection, adopting(desired, addresses), found, NEXT).plan)


def find_needless(connection: ReadingConnection, desired: Desired) -> Pruning:
    """Compare what `adopted` names with the labels of what is live. Raises RemoteError."""
    found, context = _read(connection, desired)
    every = tuple(entries(context))
    left = without(desired, (entry for entry in every if entry.needless))
    return Pruning(every, compared(connection, left, found, NEXT).plan)


def _read(connection: ReadingConnection, desired: Desired) -> tuple[Snapshot, Context]:
    found = read_live(connection, desired, deletes=True)
    now = connection.clock.now()
    return found, context_of(desired, found, connection.kinds, server=server_of(connection), mode=NEXT, now=now)
