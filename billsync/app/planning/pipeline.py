"""The arrows of the design joined: desired state and a server -> plan file (`carrying_out` goes on from there)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from billsync import __version__
from billsync.api.documents import BALANCE
from billsync.app.reading.held import held_of
from billsync.app.server.connection import ReadingConnection
from billsync.app.server.named import kinds_in_steps, read_named
from billsync.core.changes.moved import with_moved
from billsync.core.changes.parts import all_part_reads, part_reads, with_parts
from billsync.core.changes.read_set import (
    all_reads,
    ending_reads,
    first_reads,
    going_ids,
    look_alike_children,
    look_alike_reads,
    more_reads,
    nested_reads,
)
from billsync.core.declared.referring import rounds
from billsync.core.diffing.attached_reads import attached_reads, kinds_attached, unread_attached
from billsync.core.diffing.diff import Mode, Server, diff, one_chain_per_parent
from billsync.core.guards.taken_back_guards import declares_taking_back, losing_parents
from billsync.core.observed.hidden import labelled, still_hidden, wanted_kinds
from billsync.core.observed.index import Index, index
from billsync.core.observed.row_validation import malformed
from billsync.kinds.registry import KINDS
from billsync.live.lists.hidden_labels import read_document_of, read_documents
from billsync.live.snapshot import PARENT, snapshot
from billsync.model.change import PlanFile
from billsync.model.frozen import dataclass, replace
from billsync.model.ports import RemoteError
from billsync.model.routes import HiddenLabels
from billsync.model.state import Desired, Read, Row, Snapshot


@dataclass(frozen=True, slots=True)
class Comparison:
    """A plan file, and the snapshot from which it was made.

    `is_one_chain_per_parent`: as it was decided, the server itself refuses a second running chain of a parent.
    """

    plan: PlanFile
    snapshot: Snapshot
    is_one_chain_per_parent: bool = False


def read_live(connection: ReadingConnection, desired: Desired, *, deletes: bool) -> Snapshot:
    """The live state that matters for a desired state, read in rounds that depend on earlier ones. Raises
    RemoteError."""
    tables = connection.routes
    first = _in_rounds(connection, first_reads(desired, KINDS, tables, deletes=deletes))
    first = with_hidden_labels(connection, first, wanted_kinds(desired, KINDS, tables, deletes=deletes))
    found = _indexed(connection, first, desired)
    more = more_reads(desired, found, KINDS, tables, deletes=deletes)
    going = going_ids(desired, found, KINDS) if deletes else ()
    balances = [BALANCE.replace(PARENT, server_id) for server_id in going]
    whole = first.with_(_read(connection, more, balances)).with_(Snapshot(holds=held_of(connection, going)))
    whole = _with_balances(connection, desired, whole)
    whole = _with_look_alikes(connection, desired, whole, deletes=deletes)
    attached = attached_reads(desired, _indexed(connection, whole, desired), KINDS, tables)
    parts = part_reads(desired, found, KINDS, tables, deletes=deletes)
    ending = ending_reads(desired, found, whole.counts, KINDS)
    return _with_parts(connection, whole, tuple(dict.fromkeys((*parts, *attached, *ending))))


def _indexed(connection: ReadingConnection, found: Snapshot, desired: Desired) -> Index:
    """The snapshot's index, by the addresses that the files use."""
    return with_moved(index(found, KINDS, connection.routes), desired.moved, KINDS)


def _with_balances(connection: ReadingConnection, desired: Desired, found: Snapshot) -> Snapshot:
    """Return the snapshot with the balances of parents that lose credit. Raises RemoteError."""
    known = _indexed(connection, found, desired) if declares_taking_back(desired, KINDS) else Index()
    parents = losing_parents(desired, known, KINDS)
    paths = [BALANCE.replace(PARENT, known.records[parent].id) for parent in parents]
    return found.with_(_read(connection, (), [path for path in paths if path not in found.documents]))


def _with_look_alikes(connection: ReadingConnection, desired: Desired, found: Snapshot, *, deletes: bool) -> Snapshot:
    """Return the snapshot with look-alikes of entities that get a new child, and their children. Raises RemoteError."""
    tables = connection.routes
    known = _indexed(connection, found, desired)
    lists = look_alike_reads(desired, known, KINDS, deletes=deletes)
    everybody = found.with_(_read(connection, lists)) if lists else found
    reads = look_alike_children(desired, _indexed(connection, everybody, desired) if lists else known, KINDS, tables)
    return everybody.with_(_read(connection, reads)) if reads else everybody


def with_hidden_labels(
    connection: ReadingConnection, found: Snapshot, kinds: Iterable[str], used: Collection[str] = ()
) -> Snapshot:
    """The snapshot with the labels that rows of these kinds hide. What can't be read of them is unknown, and why.

    `used` are ids of rows that no list has and that count all the same.
    """
    for name in kinds:
        where = connection.routes[name].hidden
        if where is not None and found.of(name):
            found = _with_labels_of(connection, found, name, where, used)
    return found


def _with_labels_of(
    connection: ReadingConnection, found: Snapshot, name: str, where: HiddenLabels, used: Collection[str]
) -> Snapshot:
    try:
        documents = dict(read_documents(connection.remote, where))
        for row in still_hidden(found, KINDS[name], where, known=documents, used=used):
            if (document := read_document_of(connection.remote, where, row.id)) is not None:
                documents[row.id] = document
        return labelled(found, name, where, documents)
    except RemoteError as error:
        return replace(found, unread={**found.unread, name: str(error)})


def _with_parts(connection: ReadingConnection, found: Snapshot, reads: Sequence[Read]) -> Snapshot:
    """The snapshot with the part lists of its rows in them. Raises RemoteError."""
    return (
        _checked(connection, with_parts(found.with_(_read(connection, reads)), connection.routes)) if reads else found
    )


def _in_rounds(connection: ReadingConnection, reads: Iterable[Read]) -> Snapshot:
    """Read entities that refer before those that they refer to."""
    found = Snapshot()
    for together in rounds(reads, KINDS):
        found = found.with_(_read(connection, together))
    return found


def _read(connection: ReadingConnection, reads: Sequence[Read], documents: Sequence[str] = ()) -> Snapshot:
    """A snapshot in which each row says which entity it is. Raises RemoteError."""
    return _checked(connection, snapshot(connection.source, reads, documents))


def _checked(connection: ReadingConnection, found: Snapshot) -> Snapshot:
    for name, rows in found.rows.items():
        for row in rows:
            if fault := malformed(KINDS.get(name), row.fields, connection.routes[name]):
                raise RemoteError(f"{connection.target}: unexpected response: a {name} shows {fault}")
    return found


def compare(connection: ReadingConnection, desired: Desired, mode: Mode) -> Comparison:
    """Read the server, and return the comparison with its plan. Raises RemoteError."""
    return compared(connection, desired, read_live(connection, desired, deletes=mode.deletes), mode)


def compared(connection: ReadingConnection, desired: Desired, found: Snapshot, mode: Mode) -> Comparison:
    """The comparison of a desired state with the live state that was read for it."""
    server = server_of(connection)
    plan = diff(desired, found, connection.kinds, server=server, mode=mode, now=connection.clock.now())
    rows = _indexed(connection, found, desired)
    unread, named = unread_attached(plan, rows, KINDS, connection.routes), kinds_in_steps(plan, desired)
    if unread:
        found = found.with_(_read(connection, kinds_attached(found, KINDS, connection.routes)))
        found = _with_parts(connection, found, unread)
    if named:
        found = replace(found, named=read_named(connection, named))
    if unread or found.named:
        plan = diff(desired, found, connection.kinds, server=server, mode=mode, now=connection.clock.now())
    plan = replace(plan, dialect=connection.generation.full_name, billsync=__version__)
    return Comparison(plan, found, one_chain_per_parent(server, desired, rows, connection.kinds))


def server_of(connection: ReadingConnection) -> Server:
    """The server of a connection, as something to compare with."""
    here = connection.generation
    return Server(connection.target, connection.routes, BALANCE, here.missing, here.is_alone, here.unmentionable)


def everything(connection: ReadingConnection, kinds: Collection[str] = KINDS) -> Snapshot:
    """All live rows of these kinds, and of those that are only referred to, for a dump. Raises RemoteError."""
    tables = connection.routes
    first = _in_rounds(connection, _only(kinds, all_reads(KINDS, tables)))
    first = with_hidden_labels(connection, first, [name for name in KINDS if name in kinds])
    found = index(first, KINDS, tables)
    whole = first.with_(_read(connection, _only(kinds, nested_reads(found, KINDS, tables))))
    return _with_parts(connection, whole, _only(kinds, all_part_reads(found, KINDS, tables)))


def with_part_lists(connection: ReadingConnection, found: Snapshot, rows: Iterable[Row]) -> Snapshot:
    """The snapshot with the lists that the API keeps as rows below these of its rows. Raises RemoteError."""
    tables = connection.routes
    reads = (Read(row.kind, parent_id=row.id, part=part.field) for row in rows for part in tables[row.kind].parts)
    return _with_parts(connection, found, tuple(reads))


def _only(kinds: Collection[str], reads: Iterable[Read]) -> tuple[Read, ...]:
    """The reads of these kinds, and of those that are no kind of files."""
    return tuple(read for read in reads if read.kind in kinds or read.kind not in KINDS)
