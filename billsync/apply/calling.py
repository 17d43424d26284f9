"""One call of a step, with its evidence, and what is known after it."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.apply.evidence import body_kept, step_kept, text_kept
from billsync.apply.world import World
from billsync.model.change import Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind
from billsync.model.ports import Answer, Busy, Unclear
from billsync.model.value import Plain

NO_CONTENT = 204
"""The answer to a delete, also of what was deleted before (customer-facts.md §3.6, catalog-facts.md §1.7)."""


class Stopped(Exception):
    """The run is to stop: the call wasn't made."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The state of a step after the calls made so far.

    `made` is the id that the answer to a create names, and `shown` the body of a successful answer. `is_gone`:
    it says that the entity isn't there any more. `is_first`: the entity wasn't looked at before the call. `is_rested`:
    the wait after an unclear outcome is over. `busy` is how often the server was too busy for the next call.
    """

    calls: int = 0
    wrote: bool = False
    ok: bool = False
    made: str = ""
    refusal: str = ""
    trouble: str = ""
    shown: Plain = None
    is_gone: bool = False
    is_first: bool = False
    is_rested: bool = False
    busy: int = 0


UNTRIED = Tried()


def call(step: Step, world: World, tried: Tried) -> Tried:
    """Make the call of a step; a pause that the server asks for instead is over at the end, and another look is due.

    Raises Unbound, RemoteError when nothing can have been written, Stopped.
    """
    path, body = world.bindings.path(step.call.path), world.bindings.body(step.call.body)
    try:
        answer = sent(step, world, step.call.method, path, body)
    except Busy as busy:
        waited = replace(tried, busy=tried.busy + busy.was_asked)
        busy.wait(waited.busy)
        return waited
    if isinstance(answer, Unclear):
        return Tried(tried.calls + 1, wrote=True, trouble=str(answer))
    after = _after_answer(tried, answer, world.kind(step), creates=step.before.view is None)
    is_gone = step.call.method == "DELETE" and answer.status == NO_CONTENT
    return replace(after, is_gone=True) if is_gone else after


def sent(step: Step, world: World, method: str, path: str, body: Plain = None) -> Answer | Unclear:
    """The answer to a call, or the reason why it is unclear; both are in the journal, as is the call before it.

    Raises Unreachable when nothing can have been written, Busy, Stopped.
    """
    if world.stopping.is_set():
        raise Stopped
    kind = world.kind(step)
    call = {"step": step.id, "method": method, "path": path, "body": body_kept(kind, body)}
    world.record("call", {**call, "planned": step_kept(kind, step, shown=world.masking.shown(step))})
    try:
        answer = world.remote.call(method, path, body)
    except Unclear as error:
        world.record("unclear", {"step": step.id, "reason": text_kept(kind, str(error))})
        return error
    except Busy as error:
        world.record("busy", {"step": step.id, "reason": text_kept(kind, str(error))})
        raise
    message = text_kept(kind, answer.message)
    made = {"made": _id_in(answer)} if answer.ok and step.before.view is None else {}
    world.record("answer", {"step": step.id, "status": answer.status, "message": message, **made})
    return answer


def _after_answer(tried: Tried, answer: Answer, kind: Kind, *, creates: bool) -> Tried:
    if answer.ok:
        made = _id_in(answer) if creates else ""
        return Tried(tried.calls + 1, wrote=True, ok=True, made=made, shown=answer.body)
    if answer.unclear:
        return Tried(tried.calls + 1, wrote=True, trouble=answer.message)
    return Tried(tried.calls + 1, wrote=tried.wrote, refusal=_in_our_words(kind, answer), trouble=tried.trouble)


def _id_in(answer: Answer) -> str:
    """The id in an answer, or an empty text."""
    return str(answer.body.get("id") or "") if isinstance(answer.body, Mapping) else ""


def _in_our_words(kind: Kind, answer: Answer) -> str:
    """The meaning of a refused call, where the kind's table knows the server's code; else the server's own words."""
    meaning = next((text for code, text in kind.answers.items() if code in answer.message), None)
    return f"{meaning} (the server's answer: {answer.message.partition(':')[0]})" if meaning else answer.message
