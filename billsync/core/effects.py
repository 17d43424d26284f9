"""The effect of each change, for the person who approves it; the verbs that can't be undone stand in the kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from billsync.core.chains import last_of
from billsync.core.index import state_of, version_of
from billsync.core.lifecycle.chain_steps import CHANGE, MIGRATE, VERBS, WITHDRAW
from billsync.core.lifecycle.chain_target import live_pin
from billsync.core.lifecycle.grandfathered import ending_on, subscribers
from billsync.core.planned import Context
from billsync.model.address import Address
from billsync.model.change import Action, Change, Effect
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, Kind, State
from billsync.model.routes import Routes
from billsync.model.state import Row
from billsync.model.transition import IMMEDIATE

_MOVING = tuple(VERBS[name] for name in (CHANGE, MIGRATE, WITHDRAW))
"""Verbs of changes after which a chain is on another version than its head was."""


def with_effects(context: Context, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes, each pending one with its effect."""
    changes = tuple(changes)
    moving = moving_away(context, changes)
    return tuple(_with_effect(context, change, moving) if change.is_pending else change for change in changes)


def _with_effect(context: Context, change: Change, moving: Mapping[Address, int]) -> Change:
    kind = context.registry[change.address.kind]
    effect = effect_of(change, kind, context.routes[kind.name])
    staying = _staying(context, change.address, moving) if effect is Effect.NEW_VERSION else None
    return replace(change, effect=effect, staying=staying)


def effect_of(change: Change, kind: Kind, routes: Routes) -> Effect:
    """The effect of a pending change on a server with these routes.

    An irreversible change that takes effect later is reversible where the server can take it back until then.
    """
    if change.verb in kind.irreversible:
        way_back, is_later = kind.irreversible[change.verb], change.timing not in ("", IMMEDIATE)
        return Effect.REVERSIBLE if is_later and way_back and routes.can(way_back) else Effect.IRREVERSIBLE
    if change.action is not Action.UPDATE:
        return Effect.REVERSIBLE
    match kind.archetype:
        case Archetype.VERSIONED:
            return Effect.NEW_VERSION if (change.address.version or 0) > 1 else Effect.REVERSIBLE
        case Archetype.CHAINED:
            return Effect.REVERSIBLE
        case Archetype.RECORD | Archetype.APPEND_ONLY:
            return Effect.IN_PLACE


def moving_away(context: Context, changes: Iterable[Change]) -> Counter[Address]:
    """The number of chains that pending changes move away, by the version on which each is now.

    One whose head has an end leaves without this run.
    """
    found: Counter[Address] = Counter()
    for change in changes:
        is_moved = change.is_pending and change.verb in _MOVING and change.address.parents
        head = last_of(context, change.address) if is_moved else None
        if head is not None and state_of(context.registry[head.kind], head.fields) in (State.CURRENT, State.COMING):
            pinned = live_pin(context, head)
            found.update([pinned] if pinned else [])
    return found


def _staying(context: Context, newest: Address, moving: Mapping[Address, int]) -> int:
    """The number of subscribers on older versions that this run doesn't move."""
    rows = context.index.versions.get(newest.unversioned(), ())
    older = {newest.at(version_of(row)): row for row in rows if version_of(row) < (newest.version or 0)}
    counts = (_running(context, row) - moving.get(address, 0) for address, row in older.items())
    return sum(max(count, 0) for count in counts)


def _running(context: Context, row: Row) -> int:
    """The number of subscribers of a version that have no end."""
    found = subscribers(context, row)
    return found[0] - ending_on(context, found[1], row) if found else 0
