"""Comparisons without what is certainly equal: large lists are compared while they are read, and the rest is compared
as ever.

Nothing is decided here but *certainly equal*. Whatever is in doubt, the full code sees, whole: a member of the crowd,
all that belongs to it, and their rows. Where that can't be told, it sees everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from billsync.app.server.connection import ReadingConnection
from billsync.core.changes import read_set
from billsync.core.declared.crowd import children_of, whole
from billsync.core.declared.referring import kinds_in
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.live.protocol.encoding import NotJson
from billsync.model.frozen import replace
from billsync.model.ports import RemoteError
from billsync.model.state import Desired

if TYPE_CHECKING:
    from billsync.app.sieving.sieve import Making

C = TypeVar("C", bound=ReadingConnection)


def sieved(
    connection: C, desired: Desired, mode: Mode, making: Callable[[], Making] | None = None
) -> tuple[C, Desired]:
    """The connection with the reads that were made, and the desired state without what is certainly equal.

    Without a crowd, or where it can't be sieved: the connection as it is, and all entities made. `making` gives what to
    make of links that are left out.
    """
    if not _is_worth_it(desired):
        return connection, whole(desired, KINDS)
    try:
        from billsync.app.sieving.reads import sift
        from billsync.core.sieve.rows import Unsure
        from billsync.core.sieve.typed import Uncompiled
    except ImportError:
        return connection, whole(desired, KINDS)
    try:
        known, left = sift(connection, desired, mode, making() if making else None)
    except (Unsure, Uncompiled, RemoteError, NotJson):
        return connection, whole(desired, KINDS)
    return replace(connection, known=known), left


def _is_worth_it(desired: Desired) -> bool:
    """Whether there are so many members that whole lists are read, and the files say nothing else about them."""
    crowd, selection = desired.crowd, desired.selection
    if len(crowd.members) <= read_set.FEW:
        return False
    kinds = {crowd.kind, *(child.name for child in children_of(crowd.kind, KINDS))}
    patterns = {*desired.external.by_kind, *desired.adopted.by_kind}
    named = {address.kind for address in (*desired.moved, *desired.forgotten)}
    return (
        not (selection.patterns or selection.entities or selection.kinds or selection.labels)
        and not desired.sourced
        and not kinds & (patterns | named)
        and not any(kinds & kinds_in(kind.record) for kind in KINDS.values())
    )
