"""Versions made twice: two runs at once can both make one, as the server keeps versions by no key."""

from __future__ import annotations

from billsync.apply.calling import Stopped, sent
from billsync.apply.world import World
from billsync.core.observed.index import state_of
from billsync.model.change import Step
from billsync.model.kind import Archetype, State
from billsync.model.ports import Busy, RemoteError


def gave_way(step: Step, made: str, world: World) -> bool:
    """Delete the draft that a step made, as an equal version was there first; whether it is gone now.

    No other step refers to it: all of them mean the lowest version from a number on (catalog-facts.md §7.1). Whatever
    is no draft any more is left alone.
    """
    kind, routes = world.kind(step), world.bindings.routes[step.address.kind]
    if kind.archetype is not Archetype.VERSIONED or not routes.delete:
        return False
    try:
        asked = 0
        while (row := world.bindings.listed(step.address, made)) is not None and state_of(kind, row) is State.DRAFT:
            try:
                sent(step, world, "DELETE", routes.item(made))
                return world.bindings.listed(step.address, made) is None
            except Busy as busy:
                asked += busy.was_asked
                busy.wait(asked)
        return row is None
    except (RemoteError, Stopped):
        return False
