"""Undeclared drafts: the server allows one at a time, so each is named before it stops a change.

A draft that equals the active version was left by a run that another run overtook: deleting it loses nothing, and the
owner's next run does. Any other draft may be a person's work, and is left alone.
"""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, note, step_id
from billsync.core.changes.versions import LEFT_OVER, in_state
from billsync.core.lifecycle.attaching import detach_steps, is_begun, without_parts
from billsync.core.lifecycle.holder import Claim, holder_of
from billsync.core.lifecycle.record import in_sequence
from billsync.core.observed.index import version_of
from billsync.core.observed.ownership import LABELS, OWNER
from billsync.core.observed.refusals import FOREIGN_DRAFT
from billsync.model.change import Action, Call, Change, Expectation, Step
from billsync.model.frozen import replace
from billsync.model.kind import State
from billsync.model.state import Entity, Row
from billsync.model.value import Fields


def is_left_over(context: Context, entity: Entity, draft: Row, active: Row | None) -> bool:
    """Whether a draft is ours, and the active version contains all of it."""
    if active is None or holder_of(context, entity.address, draft).claim is not Claim.OURS:
        return False
    return is_begun(context, draft, unmarked(context.view(active)))


def unmarked(fields: Fields) -> Fields:
    """A view without the label of its owner."""
    return {**fields, LABELS: {name: value for name, value in (fields.get(LABELS) or {}).items() if name != OWNER}}


def named(context: Context, entity: Entity, draft: Row, active: Row) -> Planned:
    """Return the delete of a draft if that loses nothing, else a note; the active version is as declared."""
    if not is_left_over(context, entity, draft, active):
        return _told(entity, draft)
    if not context.deletes:
        address = entity.address.at(version_of(draft))
        return note(address, code=LEFT_OVER, reason=_why(entity, active), hint="`sync` deletes it")
    return cleared(context, entity, draft, active)


def cleared(context: Context, entity: Entity, draft: Row, active: Row) -> Planned:
    """The deletion of a draft that equals the active version; its attachments are deleted first.

    Attachments of a deleted draft would stay, and would still keep the attached entities in use (catalog-facts.md
    §9.5).
    """
    address = entity.address.at(version_of(draft))
    have = context.view(draft)
    bare = without_parts(context, draft.kind, have)
    delete = Step(
        id=step_id(address, "delete"),
        address=address,
        verb="deleting",
        call=Call("DELETE", context.routes[draft.kind].item(address.symbol)),
        before=in_state(context.registry[draft.kind], bare, State.DRAFT),
        after=Expectation(None),
    )
    steps = in_sequence((*detach_steps(context, address, have), delete))
    change = Change(address, Action.DELETE, "deleting", reason=_why(entity, active), code=LEFT_OVER)
    return Planned(replace(change, steps=tuple(step.id for step in steps)), steps)


def _why(entity: Entity, active: Row) -> str:
    same = entity.address.at(version_of(active)).text
    return f"a draft equal to {same}, which is active: an interrupted or overtaken run left it"


def _told(entity: Entity, draft: Row) -> Planned:
    return note(
        entity.address.at(version_of(draft)),
        code=FOREIGN_DRAFT.code,
        reason="a draft of another owner, or with other content: no new version can be created while it exists",
        hint="publish it, delete it, or declare its content before the next change",
    )
