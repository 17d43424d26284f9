"""The members whose own lists a run reads, where it is about a part of the files: each list is a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from billsync.app.sieving.sieve import Known, Sieve
from billsync.core.observed.ownership import labels_of
from billsync.core.sieve.alike import naming
from billsync.core.sieve.members import Members
from billsync.core.sieve.rows import Naming, Seen
from billsync.kinds.registry import KINDS
from billsync.live.protocol.encoding import decode
from billsync.model.labels import OURS
from billsync.model.state import Row

_ID = re.compile(r"[0-9A-Za-z]{26}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""The forms of ids: a ULID, and a UUID."""


def asked_members(sieve: Sieve, members: Members) -> frozenset[str] | None:
    """The keys of the members whose lists are read: those that the run is about, if it isn't about a link of theirs
    alone, and those in doubt. None for all.

    What stands in a list of another one can't change what is said of these, unless something is deleted: any row may
    hold on to that. So all are read if a delete is chosen, or would free a name that one of these members claims.
    """
    if sieve.chosen is None or sieve.beyond_links is None:
        return None
    if sieve.deletes and _depends_on_deletes(sieve, members, sieve.chosen | members.doubtful):
        return None
    return sieve.beyond_links | members.doubtful


def going_is_chosen(sieve: Sieve, members: Members) -> bool:
    """Whether the run is about something that may be deleted."""
    return sieve.deletes and any(row.key in (sieve.chosen or ()) for row in _undeclared(sieve, members))


def _undeclared(sieve: Sieve, members: Members) -> Iterator[Seen]:
    return (row for row in members.listed[sieve.crowd.kind] if row.key not in sieve.crowd.members)


def _depends_on_deletes(sieve: Sieve, members: Members, asked: Iterable[str]) -> bool:
    if going_is_chosen(sieve, members):
        return True
    claims = KINDS[sieve.crowd.kind].claims
    declared = (sieve.crowd.members[key] for key in asked if key in sieve.crowd.members)
    names = {name for member in declared for name in claims(member)} if claims else set()
    is_named = naming(names, decode)
    return bool(names) and any(_may_hold(row, is_named) for row in _undeclared(sieve, members))


def _may_hold(row: Seen, is_named: Naming) -> bool:
    return row.bytes is None or is_named(row.bytes)


def may_name_unread(found: Known, members: Members) -> bool:
    """Whether a label of ours holds an id that isn't known: it is a name if the row is in a list that wasn't read."""
    known = {row.id for rows in found.values() for row in rows} | members.parents.keys()
    return any(not known.issuperset(_ids_in_labels(row)) for rows in found.values() for row in rows)


def _ids_in_labels(row: Row) -> set[str]:
    values = (value for name, value in labels_of(row.fields).items() if name.startswith(OURS))
    return {value for value in values if isinstance(value, str) and _ID.fullmatch(value)}
