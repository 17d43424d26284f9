"""Creates that are called without a look, where the server itself keeps their keys unique.

Only an answer that certainly shows all that was promised ends such a step. After an unclear outcome, and after a
refusal (409 where the key is taken), its entity is looked at. What is there already is then told as if the look had
been first.
"""

from __future__ import annotations

from billsync.apply.bindings import Unbound
from billsync.apply.calling import UNTRIED, Tried, call
from billsync.apply.world import World
from billsync.model.change import Step
from billsync.model.frozen import replace
from billsync.model.kind import Archetype
from billsync.model.ports import RemoteError, Unreachable
from billsync.model.value import Fields


def called_first(step: Step, world: World) -> Tried:
    """The state of a step after a call without a look; untried where that isn't safe, or something is missing.

    Raises Unreachable, Stopped.
    """
    if not _may_call_first(step, world):
        return UNTRIED
    try:
        tried = call(step, world, UNTRIED)
        while not tried.calls:  # the server was busy; what came into being meanwhile, it refuses to make twice
            tried = call(step, world, tried)
    except Unreachable:
        raise
    except (Unbound, RemoteError):
        return UNTRIED
    if tried.refusal:
        world.absence.is_likely = False
    return replace(tried, is_first=True)


def learn(step: Step, world: World, view: Fields | None) -> None:
    """Note what a look before the call of a create has shown: a run again looks, and makes no call for what is there.

    A plan file may have been carried out before, wholly or in part.
    """
    if is_create(step, world):
        world.absence.is_likely = view is None


def is_create(step: Step, world: World) -> bool:
    """Whether the step makes something of which the server keeps the key unique."""
    return step.before.view is None and step.call.method == "POST" and world.kind(step).unique and step.repeatable


def may_end_by_answer(step: Step, world: World) -> bool:
    """Whether the answer to a call may end its step: the server refuses to make twice what the call makes.

    Where it would make two, only a look tells whether another run made one at the same moment.
    """
    return world.calls_first and (is_create(step, world) or _begins_only_chain(step, world))


def may_end_by_no_content(step: Step, world: World) -> bool:
    """Whether a step that deletes may end by the server's word that the id is gone: of an entity whose key the server
    keeps unique, no other one was there."""
    return world.calls_first and step.after.view is None and world.kind(step).unique


def _begins_only_chain(step: Step, world: World) -> bool:
    is_begin = step.before.view is None and step.call.method == "POST"
    return is_begin and world.one_chain_per_parent and world.kind(step).archetype is Archetype.CHAINED


def _may_call_first(step: Step, world: World) -> bool:
    """Whether the call makes what the server refuses to make twice.

    An entity that may be live under an older key is looked for there, and one that was seen isn't made. What a step of
    a plan file was decided on may be no longer so, which matters only if its entity isn't there yet.
    """
    known = world.bindings
    is_unknown = step.address not in known.moved and step.address not in known.ids
    is_wanted = world.calls_first and world.absence.is_likely and is_create(step, world)
    return is_wanted and is_unknown and not step.before.without and not world.unfit(step)
