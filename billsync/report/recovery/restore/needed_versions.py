"""The plan and add-on versions that a restore publishes again, in their order, and the fate of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billsync.core.dump.items import Source
from billsync.core.observed.index import state_of, status_of, version_of
from billsync.core.views.content import content_digest
from billsync.model.address import Address, symbols_in
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, State
from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Row
from billsync.report.recovery.restore.chains import Begun
from billsync.report.recovery.restore.old import Old, moment


@dataclass(frozen=True, slots=True)
class NeededVersions:
    """The rows of the versions that are needed, oldest first, and the accounts of all versions."""

    rows: tuple[Row, ...]
    accounts: tuple[Accounted, ...]


def needed_versions(old: Old, begun: Sequence[Begun], lost: frozenset[Address]) -> NeededVersions:
    """The versions that are needed: active ones, those with chains, and what those refer to; without those that are
    lost."""
    names = old.source.found.names
    kinds = [kind for kind in old.registry.values() if kind.archetype is Archetype.VERSIONED]
    rows = {names[row.id]: row for kind in kinds for row in old.recovery.live.of(kind.name)}
    followers = (one.following.version for one in begun if one.following)
    needed = {one.version for one in begun} | set(followers)
    needed |= {address for address, row in rows.items() if is_active(old, row)}
    whole: set[Address] = set()
    while needed:
        address = needed.pop()
        if address in rows and address not in whole:
            whole.add(address)
            needed |= {one for one in symbols_in(old.source.view(rows[address])) if one.version is not None}
    lost &= whole
    accounts = (
        _account(old, row, is_needed=address in whole, is_lost=address in lost) for address, row in rows.items()
    )
    return NeededVersions(tuple(sorted((rows[each] for each in whole - lost), key=_published)), tuple(accounts))


def is_active(old: Old, row: Row) -> bool:
    """Whether a version is for new subscribers."""
    return state_of(old.registry[row.kind], row.fields) is State.CURRENT


def is_there(old: Old, row: Row, target: Source) -> bool:
    """Whether the target has, or had, a version of this content."""
    kind, routes = old.registry[row.kind], old.source.routes[row.kind]
    want = content_digest(kind, old.source.view(row), routes)
    rows = target.found.versions.get(old.source.found.names[row.id].unversioned(), ())
    return want is not None and any(
        content_digest(kind, target.view(one), routes) == want
        for one in rows
        if state_of(kind, one.fields) is not State.DRAFT
    )


def _account(old: Old, row: Row, *, is_needed: bool, is_lost: bool) -> Accounted:
    if is_lost:
        return old.fated(row, Fate.LOST, "refers-to-gone", "it refers to something that can't be restored")
    if is_needed:
        return old.fated(row, Fate.RESTORED)
    status = status_of(old.registry[row.kind], row.fields)
    return old.fated(row, Fate.LOST, "older-version", f"it is {status}, and no subscription begins on it again")


def _published(row: Row) -> tuple[datetime, int, str, int]:
    """The place of a version among all: by its publication; add-ons before the plans that have them."""
    at = moment(row.fields, "effective_from") or moment(row.fields, "created_at")
    assert at is not None
    return at, int(row.kind != "addon"), str(row.fields.get("key")), version_of(row)
