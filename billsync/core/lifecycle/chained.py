"""Chained: a parent holds a chain of links under one key; it is compared at its head (design.md §4, §5).

A change ends one link and begins the next; a change at renewal leaves two running, of which the later is the head.
"""

from __future__ import annotations

from billsync.core.changes.chains import has_ended, last_of, links_of, restarts
from billsync.core.changes.planned import Context, Planned, names_of, note, refused, time_shown
from billsync.core.changes.timing import instead_of_end
from billsync.core.changes.versions import NextVersions
from billsync.core.lifecycle.chain_begin import (
    LATE_AT_MOST,
    PHASE,
    begin,
    begins_again,
    may_have_ended,
    start_of_entity,
    starts_later,
)
from billsync.core.lifecycle.chain_change import (
    Move,
    change,
    change_and_end,
    may_change_and_end,
    replace_scheduled,
    substitute,
)
from billsync.core.lifecycle.chain_end import ENDS, REVERT, declared_end, end, ends_as_declared, ends_elsewhere
from billsync.core.lifecycle.chain_steps import FROM, TO, WITHDRAW
from billsync.core.lifecycle.chain_target import by_other_content, differences, live_pin, pin_of
from billsync.core.observed.chain_refusals import (
    BEGINS_LATER,
    CHAIN_ENDED,
    CHANGE_SCHEDULED,
    CHANGED_ON_BOTH_SIDES,
    ENDS_FIRST,
    SCHEDULED_ELSEWHERE,
)
from billsync.core.observed.index import state_of
from billsync.core.observed.ownership import KEY, OWNER, labels_of, pin_label
from billsync.core.observed.refusals import CHAIN_OF_ANOTHER
from billsync.core.views.compare import shown
from billsync.model.address import Address
from billsync.model.change import FieldChange
from billsync.model.frozen import replace
from billsync.model.kind import Kind, State
from billsync.model.moment import moment_text, parse_moment
from billsync.model.state import Entity, Row
from billsync.model.transition import IMMEDIATE

Differences = tuple[FieldChange, ...]


def chained_change(context: Context, entity: Entity, coming: NextVersions) -> Planned | None:
    """Return the change of a declared chain: None, a beginning, a change, an end, a refusal, or a note."""
    kind = context.registry[entity.address.kind]
    head = last_of(context, entity.address)
    if head is None or (has_ended(kind, head) and begins_again(context, entity)):
        return begin(context, _without_replaced_end(context, entity), coming)
    if has_ended(kind, head):
        return None if may_have_ended(context, entity, head) else _ended(context, entity, head)
    entity = _or_its_substitute(context, entity)
    return (
        _compare(context, entity, head, coming)
        or _restart_waits(context, entity)
        or _began_elsewhen(context, entity)
        or _began_elsewhere(context, entity)
    )


def _or_its_substitute(context: Context, entity: Entity) -> Entity:
    """The declaration, or what takes its place where a rule has chains change to something else instead of ending."""
    ends, kind = entity.fields.get(ENDS), context.registry[entity.address.kind]
    rule = instead_of_end(context, pin_of(context, entity)) if ends else None
    return substitute(entity, rule.on_cancel, kind.pins or "", declared_end(ends)) if rule else entity


def _without_replaced_end(context: Context, entity: Entity) -> Entity:
    """The declaration of a chain that begins: without a later end, where a rule has it change instead of ending.

    The next run makes that change. A chain that was cancelled at its beginning could not be changed any more.
    """
    ends = entity.fields.get(ENDS)
    if not ends or ends == IMMEDIATE or starts_later(context, entity):
        return entity
    if instead_of_end(context, pin_of(context, entity)) is None:
        return entity
    return replace(entity, fields={name: value for name, value in entity.fields.items() if name != ENDS})


def _ended(context: Context, entity: Entity, head: Row) -> Planned:
    kind = context.registry[entity.address.kind]
    used = restarts(links_of(context, entity.address), entity.address.key)
    made = "" if KEY in labels_of(head.fields) else f", a {kind.name} that billsync did not make"
    again = f", after `restart` had begun it {used} times" if used > 1 else ", after `restart` had begun it again"
    return refused(
        entity.address,
        CHAIN_ENDED,
        end=time_shown(head.fields.get("active_to")),
        how=again if used else made,
        restart=used + 1 if used else "true",
    )


def _restart_waits(context: Context, entity: Entity) -> Planned | None:
    """Return a note if a running chain is declared to begin again after it has ended."""
    if not begins_again(context, entity):
        return None
    kind = context.registry[entity.address.kind]
    return note(
        entity.address,
        code="restart-waits",
        reason=f"`restart` is set while it runs: when it ends, the next run begins another {kind.name}",
        hint="remove `restart` unless that is intended",
    )


def _began_elsewhen(context: Context, entity: Entity) -> Planned | None:
    """Return a note if a running chain is declared to start at another time than it did: a start can't be moved."""
    start = start_of_entity(entity)
    first = _first_link(context, entity)
    began = parse_moment(str(first.fields.get("active_from"))) if first else None
    if start is None or began is None or began.date() == start.date() or start <= began <= start + LATE_AT_MOST:
        return None
    return note(
        entity.address,
        code="start-differs",
        reason=f"it is declared to start at {moment_text(start)}, and began at {moment_text(began)}: "
        "a start can't be moved",
        hint="declare the start that it had, or leave `start` out",
    )


def _first_link(context: Context, entity: Entity) -> Row | None:
    """The link with which a chain began; with `restart`, the last such one."""
    links = [row for row in links_of(context, entity.address) if labels_of(row.fields).get(KEY) == entity.address.key]
    return next((row for row in reversed(links) if _is_first(context, row)), None)


def _began_elsewhere(context: Context, entity: Entity) -> Planned | None:
    """Return a note if a running chain is declared to begin in another phase than it did: that can't be changed."""
    attachments, declared = context.routes[entity.address.kind].attachments, entity.fields.get(PHASE)
    first = _first_link(context, entity) if attachments and declared else None
    phases = first.fields.get(attachments.phases) or () if attachments and first else ()
    lived = [phase for phase in phases if phase.get(FROM) != phase.get(TO)]
    if not lived or lived[0].get("key") == declared:
        return None
    return note(
        entity.address,
        code="phase-differs",
        reason=f"it is declared to begin in the phase {declared!r}, and began in {lived[0].get('key')!r}: "
        "a beginning can't be changed",
        hint=f"declare the phase in which it began, or leave `{PHASE}` out",
    )


def _compare(context: Context, entity: Entity, head: Row, coming: NextVersions) -> Planned | None:
    if refusal := by_other_content(context, entity):
        return refusal
    found = differences(context, entity, head, coming)
    if stranger := _of_others(context, entity, head, found):
        return stranger
    state = state_of(context.registry[entity.address.kind], head.fields)
    move = Move(entity, head, found, coming)
    if state is State.COMING and (found or _starts_elsewhen(context, entity, head) or _is_hastened(context, move)):
        return replace_scheduled(context, move)
    if entity.fields.get(ENDS):
        return _ending(context, move)
    if state is State.COMING:
        return _scheduled(context, entity, head)
    if found:
        return change(context, move)
    return ends_elsewhere(context, entity.address, head) if state is State.ENDING else None


def _starts_elsewhen(context: Context, entity: Entity, head: Row) -> bool:
    """Whether a chain that hasn't begun is declared to start at another time."""
    start, begins = start_of_entity(entity), parse_moment(str(head.fields.get("active_from")))
    differs = start is not None and begins is not None and start != begins
    return differs and _is_first(context, head)


def _is_hastened(context: Context, move: Move) -> bool:
    """Whether the declared change is scheduled for the renewal, and it is declared to be made at once now.

    One that others scheduled stays at its time, unless undoing is allowed.
    """
    kind, labels = context.registry[move.link.kind], labels_of(move.link.fields)
    applied = context.index.names.get(str(labels.get(pin_label(kind))))
    is_ours = applied is not None and applied == live_pin(context, move.link)
    may_be = is_ours or (REVERT in context.allow and not _is_of_another_owner(context, move.link))
    return may_be and _is_wanted_at_once(move.entity) and not _is_first(context, move.link)


def _is_wanted_at_once(entity: Entity) -> bool:
    return entity.fields.get("change") == IMMEDIATE and not entity.fields.get(ENDS)


def _is_of_another_owner(context: Context, head: Row) -> bool:
    labels = labels_of(head.fields)
    return KEY in labels and labels.get(OWNER) != context.desired.owner


def _is_first(context: Context, head: Row) -> bool:
    """Whether a link is the first of its chain, so that its start is the chain's."""
    return context.registry[head.kind].predecessor not in labels_of(head.fields)


def _ending(context: Context, move: Move) -> Planned | None:
    """The end of a chain that is declared to end; one that differs, too, isn't changed before, except by an undo."""
    if move.found and may_change_and_end(context, move):
        return change_and_end(context, move)
    if move.found:
        return refused(move.entity.address, ENDS_FIRST, fields=move.found, names=names_of(move.found))
    return end(context, move.entity.address, declared_end(move.entity.fields[ENDS]), move.link)


def _scheduled(context: Context, entity: Entity, head: Row) -> Planned:
    """The state of a chain whose head, as declared, hasn't begun."""
    begins = time_shown(head.fields.get("active_from"))
    if _is_first(context, head):
        return refused(entity.address, BEGINS_LATER, begins=begins)
    pinned = live_pin(context, head)
    can_be_hastened = context.routes[head.kind].can(WITHDRAW) and not _is_of_another_owner(context, head)
    is_by_others = _is_wanted_at_once(entity) and can_be_hastened  # ours would be hastened already
    hint = SCHEDULED_ELSEWHERE if is_by_others else ""
    name = pinned.text if pinned else "another"
    return refused(entity.address, CHANGE_SCHEDULED, pinned=name, begins=begins, hint=hint)


def _of_others(context: Context, entity: Entity, head: Row, found: Differences) -> Planned | None:
    """Return a note if a chain was made or changed outside of billsync: it isn't reverted unless that is allowed.

    It is a refusal where the file was edited, too: no edit is passed over in silence. Another version of the plan that
    billsync applied is no outside change: the server may migrate (design.md §4).
    """
    kind = context.registry[entity.address.kind]
    labels = labels_of(head.fields)
    if not found and ends_as_declared(context, entity.address, entity.fields.get(ENDS), head):
        return None
    if _is_of_another_owner(context, head):
        return refused(entity.address, CHAIN_OF_ANOTHER, fields=found, owner=labels.get(OWNER))
    is_unmarked = KEY not in labels and not context.desired.adopted.covers(entity.address)
    is_of_others = is_unmarked or _was_changed(context, head, entity)
    if not is_of_others or REVERT in context.allow:
        return None
    if applied := _edited_since(context, head, entity):
        live, declared = live_pin(context, head), pin_of(context, entity).text
        instead = f"declare `{kind.pins}: {live.key}`, which is live" if live else "list its key under `forget` instead"
        return refused(
            entity.address,
            CHANGED_ON_BOTH_SIDES,
            fields=found,
            live=live.text if live else _unlisted(kind),
            applied=applied.text,
            declared=declared,
            adopting=instead,
        )
    return _left_alone(context, kind, entity.address, head, found)


def _unlisted(kind: Kind) -> str:
    """Words for what a link is pinned to, where no list shows it: it was made for this chain alone, or is gone."""
    return f"a custom or deleted {kind.pins}"


def _edited_since(context: Context, head: Row, entity: Entity) -> Address | None:
    """The entity that billsync last applied to a chain that others changed, if the file declares neither it nor the
    live one: then the file was edited since."""
    applied = context.index.names.get(str(labels_of(head.fields).get(pin_label(context.registry[head.kind]))))
    return applied if applied and applied.unversioned() != pin_of(context, entity) else None


def _left_alone(context: Context, kind: Kind, address: Address, head: Row, found: Differences) -> Planned:
    allow = f"`--allow {REVERT}` changes it to what is declared"
    if KEY not in labels_of(head.fields):
        differs = f"differs in {names_of(found)}" if found else "has no end"
        return note(
            address,
            code="made-elsewhere",
            reason=f"a {kind.name} that billsync did not make is live and {differs}: left alone",
            hint=allow,
        )
    live = shown(context.view(head).get(kind.pins or "")) if live_pin(context, head) else _unlisted(kind)
    return note(
        address,
        code="changed-elsewhere",
        reason=f"it was changed to {live} elsewhere since billsync last applied it: left alone",
        hint=allow,
    )


def _was_changed(context: Context, head: Row, entity: Entity) -> bool:
    """Whether somebody else moved a chain to another entity than billsync last applied, and not to the declared one."""
    kind = context.registry[head.kind]
    applied = labels_of(head.fields).get(pin_label(kind))
    live = live_pin(context, head)
    if applied is None or (live is not None and live.unversioned() == pin_of(context, entity)):
        return False
    named = context.index.names.get(str(applied))
    return named is None or live is None or named.unversioned() != live.unversioned()
