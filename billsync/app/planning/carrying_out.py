"""From a plan file to its report: the run of what was decided on a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from billsync.app.planning.one_thread import in_one_thread
from billsync.app.server.connection import Connection, ReadingConnection
from billsync.apply.bindings import Bindings
from billsync.apply.execute import IN_TURN, Manner, OnResult, execute
from billsync.apply.unchanged import decided_on
from billsync.apply.world import NONE_OVERDUE, World
from billsync.core.changes.moved import with_moved
from billsync.core.observed.index import Index, index
from billsync.core.secrets.step_masking import UNMASKED, StepMasking
from billsync.kinds.registry import KINDS
from billsync.live.fibers import PatientClock
from billsync.live.lists.hidden_labels import read_document_of
from billsync.model.change import PlanFile
from billsync.model.ports import Journal, ListRead, ReadAhead
from billsync.model.result import Report
from billsync.model.routes import HiddenLabels, ListQuery
from billsync.model.state import Moved, Snapshot
from billsync.model.value import Fields


def carry_out(
    connection: Connection,
    plan: PlanFile,
    *,
    journal: Journal,
    known: Snapshot | None = None,
    is_one_chain_per_parent: bool = False,
    on_result: OnResult = lambda result: None,
    masking: StepMasking = UNMASKED,
    manner: Manner = IN_TURN,
    overdue: Mapping[str, str] = NONE_OVERDUE,
) -> Report:
    """Run a plan file that was decided on this snapshot, and on what is known of the server's chains. `overdue` says,
    by their ids, which steps may no longer be done."""
    found = _index_of(connection, known, plan.moved)
    bindings = _bindings_of(connection, known, found, plan.moved)
    world = World(
        connection.remote,
        bindings,
        journal,
        PatientClock(connection.clock),
        masking,
        overdue=overdue,
        one_chain_per_parent=is_one_chain_per_parent,
        decided_on=decided_on(plan, found, connection.routes),
    )
    return execute(plan, world, on_result=on_result, manner=in_one_thread(connection, manner))


def bindings_of(connection: ReadingConnection, known: Snapshot | None, moved: Moved) -> Bindings:
    """The ids that a snapshot shows, if there is one; others are looked up."""
    return _bindings_of(connection, known, _index_of(connection, known, moved), moved)


def _index_of(connection: ReadingConnection, known: Snapshot | None, moved: Moved) -> Index:
    return with_moved(index(known, KINDS, connection.routes), moved, KINDS) if known else Index()


def _bindings_of(connection: ReadingConnection, known: Snapshot | None, found: Index, moved: Moved) -> Bindings:
    lacking = _lists_of(connection, known.absent) if known else frozenset()

    def is_lacking(path: str) -> bool:
        return path.rpartition("/")[2] in lacking

    def rows(path: str, query: Sequence[tuple[str, str]], listing: ListQuery) -> Sequence[Fields]:
        return () if is_lacking(path) else connection.listed(path, query, listing=listing)

    def together(lists: Sequence[ListRead], documents: Sequence[str]) -> ReadAhead:
        return connection.read_together([each for each in lists if not is_lacking(each.path)], documents)

    ids = {address: server_id for server_id, address in found.names.items()}

    def document(where: HiddenLabels, server_id: str) -> Fields | None:
        return read_document_of(connection.remote, where, server_id)

    return Bindings(
        connection.kinds, connection.routes, rows, ids, dict(found.names), moved, document, read_together=together
    )


def _lists_of(connection: ReadingConnection, absent: Collection[str]) -> frozenset[str]:
    """The last parts of the paths of lists that hold entities of these kinds, by themselves or below others."""
    parts = (part for routes in connection.routes.values() for part in routes.parts if part.titled_by in absent)
    paths = (*(connection.routes[kind].collection for kind in absent), *(part.collection for part in parts))
    return frozenset(path.rpartition("/")[2] for path in paths)
