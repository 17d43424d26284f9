"""The version that new subscribers get, which is also the version meant by a reference without a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from billsync.core.changes.planned import Context, Planned
from billsync.core.observed.index import state_of, version_of
from billsync.model.address import Address, Symbol, symbols_in
from billsync.model.change import Action, Expectation, Outcome
from billsync.model.kind import Archetype, Kind, State
from billsync.model.state import Row
from billsync.model.value import Fields, Plain

LEFT_OVER = "left-over-draft"
"""The code of a change that deletes a draft which equals the active version."""

NextVersions = Mapping[Address, Address]
"""Unversioned address -> the version that this run publishes."""


def last_in(kind: Kind, rows: Sequence[Row], state: State) -> Row | None:
    """The highest version in a state; `rows` are the versions of one entity, oldest first, here and below."""
    return next((row for row in reversed(rows) if state_of(kind, row.fields) is state), None)


def offered(kind: Kind, rows: Sequence[Row]) -> Row | None:
    """The version that new subscribers get."""
    return last_in(kind, rows, State.CURRENT)


def offered_or_last(kind: Kind, rows: Sequence[Row]) -> Row | None:
    """The version that new subscribers get; if none is offered, the last version. None if there are no versions."""
    return offered(kind, rows) or (rows[-1] if rows else None)


def published(kind: Kind, rows: Iterable[Row]) -> tuple[Row, ...]:
    """The versions that are or were more than a draft."""
    return tuple(row for row in rows if state_of(kind, row.fields) is not State.DRAFT)


def in_state(
    kind: Kind, view: Fields, *states: State, at_least: tuple[str, ...] = (), marked: tuple[str, ...] = ()
) -> Expectation:
    """The expectation of a version with this view, in one of these states."""
    return Expectation(view, kind.words(*states), at_least, marked=marked)


def offered_after(context: Context, declared: Address, coming: NextVersions) -> Address | None:
    """The version that new subscribers get after this run, if there is one."""
    now = offered(context.registry[declared.kind], context.index.versions.get(declared, ()))
    return coming.get(declared) or (declared.at(version_of(now)) if now else None)


def pinned(context: Context, value: Plain, coming: NextVersions) -> Plain:
    """`value` with every unversioned reference pinned to the version that this run leaves active.

    A reference to an entity without an active version is returned unchanged.
    """
    if isinstance(value, Symbol):
        open_ = _open(context, value)
        return Symbol(offered_after(context, value.address, coming) or value.address) if open_ else value
    if isinstance(value, Mapping):
        return {name: pinned(context, item, coming) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return tuple(pinned(context, item, coming) for item in value)
    return value


def unpublished(context: Context, value: Plain, coming: NextVersions) -> tuple[Address, ...]:
    """Return references of a value to entities without an active version, now or after this run; sorted."""
    return tuple(
        address
        for address in symbols_in(value)
        if _open(context, Symbol(address)) and offered_after(context, address, coming) is None
    )


def _open(context: Context, symbol: Symbol) -> bool:
    """Whether a reference leaves open which version it means."""
    kind = context.registry.get(symbol.address.kind)
    return kind is not None and kind.archetype is Archetype.VERSIONED and symbol.address.version is None


def coming_versions(context: Context, planned: Iterable[Planned]) -> NextVersions:
    """The versions that this run publishes or would have published if they weren't refused: changes that need a refused
    version are blocked, rather than begun on an older one."""
    return {
        p.change.address.unversioned(): p.change.address
        for p in planned
        if context.registry[p.change.address.kind].archetype is Archetype.VERSIONED
        and p.change.action is not Action.DELETE
        and p.change.outcome in (Outcome.PENDING, Outcome.REFUSED, Outcome.UNMANAGEABLE)
    }
