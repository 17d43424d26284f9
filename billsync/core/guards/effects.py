"""The effect of each change, for the person who approves it; the verbs that can't be undone stand in the kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from billsync.core.changes.chains import last_of
from billsync.core.changes.planned import Context
from billsync.core.lifecycle.chain_steps import CANCEL, CHANGE, MIGRATE, VERBS, WITHDRAW
from billsync.core.lifecycle.chain_target import live_pin
from billsync.core.lifecycle.grandfathered import ending_on, subscribers
from billsync.core.observed.index import state_of, version_of
from billsync.model.address import Address
from billsync.model.change import Action, Change, Effect
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, Kind, State
from billsync.model.routes import Routes
from billsync.model.state import Row
from billsync.model.transition import IMMEDIATE

_MOVING = tuple(VERBS[name] for name in (CHANGE, MIGRATE, WITHDRAW))
"""Verbs of changes after which a chain is on another version than its head was."""
_ENDING = (VERBS[CANCEL],)
_WITHOUT_END = (State.CURRENT, State.COMING)


def with_effects(context: Context, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes, each pending one with its effect."""
    changes = tuple(changes)
    leaving = moving_away(context, changes) + ending(context, changes)
    return tuple(_with_effect(context, change, leaving) if change.is_pending else change for change in changes)


def _with_effect(context: Context, change: Change, leaving: Mapping[Address, int]) -> Change:
    kind = context.registry[change.address.kind]
    effect = effect_of(change, kind, context.routes[kind.name])
    if effect is Effect.UNTIL_USED:
        return _from_its_start(context, replace(change, effect=effect), kind)
    staying = _staying(context, change.address, leaving) if effect is Effect.NEW_VERSION else None
    return replace(change, effect=effect, staying=staying)


def _from_its_start(context: Context, change: Change, kind: Kind) -> Change:
    """A change that can be taken back until it is used, once it has begun; never, if it is over at once."""
    entity, form = context.entities.get(change.address), kind.taking_back
    since = form.not_before(entity.fields, context.now) if entity and form else ""
    if since is None:
        return replace(change, effect=Effect.IRREVERSIBLE)
    return replace(change, lasting=f"not before {since}") if since else change


def effect_of(change: Change, kind: Kind, routes: Routes) -> Effect:
    """The effect of a pending change on a server with these routes.

    An irreversible change that takes effect later is reversible where the server can take it back until then. What is
    made once and for all can be taken back as long as nothing of it was used, where the server has a call for that.
    """
    if change.verb == kind.created_verb and kind.taking_back and routes.can(kind.taking_back.call):
        return Effect.UNTIL_USED
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
    return _leaving(context, changes, _MOVING)


def ending(context: Context, changes: Iterable[Change], states: Collection[State] = _WITHOUT_END) -> Counter[Address]:
    """The number of chains in these states that pending changes end, now or later, by the version on which each is."""
    return _leaving(context, changes, _ENDING, states)


def _leaving(
    context: Context, changes: Iterable[Change], verbs: Collection[str], states: Collection[State] = _WITHOUT_END
) -> Counter[Address]:
    found: Counter[Address] = Counter()
    for change in changes:
        is_leaving = change.is_pending and change.verb in verbs and change.address.parents
        head = last_of(context, change.address) if is_leaving else None
        if head is not None and state_of(context.registry[head.kind], head.fields) in states:
            pinned = live_pin(context, head)
            found.update([pinned] if pinned else [])
    return found


def _staying(context: Context, newest: Address, leaving: Mapping[Address, int]) -> int:
    """The number of subscribers on older versions that this run neither moves nor ends."""
    rows = context.index.versions.get(newest.unversioned(), ())
    older = {newest.at(version_of(row)): row for row in rows if version_of(row) < (newest.version or 0)}
    counts = (_running(context, row) - leaving.get(address, 0) for address, row in older.items())
    return sum(max(count, 0) for count in counts)


def _running(context: Context, row: Row) -> int:
    """The number of subscribers of a version that have no end."""
    found = subscribers(context, row)
    return found[0] - ending_on(context, found[1], row) if found else 0
