"""`drift`: how a server differs from the files. It has a connection through which nothing can be written."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.app.planning.pipeline import compare
from billsync.app.server.connection import ReadingConnection
from billsync.app.sieving.sieving import sieved
from billsync.core.changes.moved import with_moved
from billsync.core.diffing.diff import Mode
from billsync.core.observed.index import index
from billsync.core.taking_back.drift import changed_at, is_drift, unowned
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, PlanFile
from billsync.model.frozen import dataclass, replace
from billsync.model.state import Desired

MODE = "drift"


@dataclass(frozen=True, slots=True)
class Drift:
    """The differences as changes that would end them, and notes; `since` is when the server last changed what
    differs."""

    plan: PlanFile
    since: Mapping[Address, str]

    @property
    def differing(self) -> tuple[Change, ...]:
        """The declared and the owned that isn't as the files say."""
        return tuple(change for change in self.plan.changes if is_drift(change))


def find_drift(connection: ReadingConnection, desired: Desired) -> Drift:
    """Compare the server with the files. Guards don't count: nothing is changed. Raises RemoteError."""
    mode = Mode(MODE, deletes=True, allow={})
    connection, desired = sieved(connection, desired, mode)
    found = compare(connection, desired, mode)
    rows = with_moved(index(found.snapshot, KINDS, connection.routes), desired.moved, KINDS)
    changes = (*found.plan.changes, *unowned(desired, rows, KINDS))
    differing = tuple(filter(is_drift, changes))
    return Drift(replace(found.plan, changes=changes, guards=()), changed_at(differing, rows, KINDS))
