"""Which version of a versioned entity a reference means that names none: the newest one after this run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.core.index import status_of, version_of
from billsync.core.planned import Context, Planned
from billsync.model.address import Address, Symbol, symbols_in
from billsync.model.change import Action, Outcome
from billsync.model.kind import Archetype
from billsync.model.state import Row
from billsync.model.value import Plain

DRAFT, SCHEDULED, ACTIVE, ARCHIVED = "draft", "scheduled", "active", "archived"

LEFT_OVER = "left-over-draft"
"""The code of a change that deletes a draft which equals the active version."""

NextVersions = Mapping[Address, Address]
"""Unversioned address -> the version that this run publishes."""


def latest(context: Context, rows: tuple[Row, ...], *statuses: str) -> Row | None:
    """The highest version that is in one of these states."""
    found = [row for row in rows if status_of(context.registry[row.kind], row.fields) in statuses]
    return found[-1] if found else None


def newest_version(context: Context, declared: Address, coming: NextVersions) -> Address | None:
    """The version that is for new subscribers after this run, if there is one."""
    active = latest(context, context.index.versions.get(declared, ()), ACTIVE)
    return coming.get(declared) or (declared.at(version_of(active)) if active else None)


def pinned(context: Context, value: Plain, coming: NextVersions) -> Plain:
    """The value, its references to versioned entities with the newest version; one that has none stays as it is."""
    if isinstance(value, Symbol):
        return (
            Symbol(newest_version(context, value.address, coming) or value.address) if _open(context, value) else value
        )
    if isinstance(value, Mapping):
        return {name: pinned(context, item, coming) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return tuple(pinned(context, item, coming) for item in value)
    return value


def unpublished(context: Context, value: Plain, coming: NextVersions) -> tuple[Address, ...]:
    """What a value refers to that has no active version, and gets none in this run; sorted."""
    return tuple(
        address
        for address in symbols_in(value)
        if _open(context, Symbol(address)) and newest_version(context, address, coming) is None
    )


def _open(context: Context, symbol: Symbol) -> bool:
    """Whether a reference leaves open which version it means."""
    kind = context.registry.get(symbol.address.kind)
    return kind is not None and kind.archetype is Archetype.VERSIONED and symbol.address.version is None


def coming_versions(context: Context, planned: Iterable[Planned]) -> NextVersions:
    """The versions that this run publishes; for one that it won't the version it would have been, so that what needs
    it is blocked and doesn't begin on an older one."""
    return {
        p.change.address.unversioned(): p.change.address
        for p in planned
        if context.registry[p.change.address.kind].archetype is Archetype.VERSIONED
        and p.change.action is not Action.DELETE
        and p.change.outcome in (Outcome.PENDING, Outcome.REFUSED, Outcome.UNMANAGEABLE)
    }
