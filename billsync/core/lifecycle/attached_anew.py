"""Declared attachments of a chain that begins, or changes into another link: they are attached anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billsync.core.changes.chains import has_ended, last_of, links_of, running_links
from billsync.core.changes.planned import Context, Planned
from billsync.core.changes.versions import NextVersions
from billsync.core.lifecycle.attached_digests import noting
from billsync.core.lifecycle.attached_members import beginning, declared_quantities, members_of
from billsync.core.lifecycle.attached_steps import ATTACH, Move, quantity_change, steps_of
from billsync.core.lifecycle.chain_begin import PHASE
from billsync.core.lifecycle.chain_steps import CHANGE, RENEWS, VERBS
from billsync.core.lifecycle.offered import Offers, because, name_of, not_allowed, offers_of, refused_for
from billsync.core.lifecycle.record import in_sequence
from billsync.core.observed.chain_refusals import ATTACHED_LATER, NOT_ATTACHABLE, NOT_REATTACHABLE
from billsync.core.observed.ownership import OWNER
from billsync.model.address import Address, Symbol
from billsync.model.change import Action, Expectation, Guard, Step
from billsync.model.frozen import replace
from billsync.model.kind import Kind, State
from billsync.model.malformed import Malformed
from billsync.model.routes import Attachments
from billsync.model.state import Entity
from billsync.model.transition import AT_RENEWAL, IMMEDIATE
from billsync.model.value import Plain


def lost_code(field: str) -> str:
    """The code of the guard of a change that ends what no file declares; it is the guard's flag, too."""
    return f"{field}-lost"


def begins_link(context: Context, planned: Planned) -> bool:
    """Whether a change begins a link, which has nothing attached to it."""
    return bool(planned.steps) and _beginning(context.registry[planned.change.address.kind], planned) is not None


def _beginning(kind: Kind, planned: Planned) -> int | None:
    """The place of the step that begins a link."""
    verbs = (kind.created_verb, VERBS[CHANGE])
    return next((number for number, step in enumerate(planned.steps) if step.verb in verbs), None)


def on_new_link(
    context: Context, entity: Entity, attachments: Attachments, planned: Planned, coming: NextVersions
) -> tuple[Planned, ...]:
    """The change that begins a link, with what is attached to it right after, and what waits for its start."""
    wanted = {key: number for key, number in declared_quantities(context, entity, attachments).items() if number}
    kind = context.registry[entity.address.kind]
    ended = dict(_ended(context, entity, attachments))
    if (wanted or ended) and not context.routes[kind.name].can(ATTACH):
        names = ", ".join(name_of(attachments, key) for key in sorted(ended or wanted))
        if ended:
            return (planned.refused(NOT_REATTACHABLE, names=names),)
        return (planned.refused(NOT_ATTACHABLE, names=names, kind=kind.title),)
    planned = _with_fields(attachments, planned, ended, wanted)
    planned = _guarded(context, entity, attachments, planned, wanted)
    if not wanted:
        return (planned,)
    offers = offers_of(context, attachments, _pinned(kind, planned), coming)
    if reason := not_allowed(attachments, offers, wanted):
        return (planned.refused(reason.refusal, **reason.values),)
    planned = noting(planned, attachments, tuple(wanted), _place(kind, planned))
    return _attached(context, attachments, planned, offers, dict(sorted(wanted.items())))


def _place(kind: Kind, planned: Planned) -> int:
    place = _beginning(kind, planned)
    assert place is not None
    return place


def _pinned(kind: Kind, planned: Planned) -> Address:
    view = planned.steps[_place(kind, planned)].after.view or {}
    symbol = view[kind.pins or ""]
    assert isinstance(symbol, Symbol)
    return symbol.address


def _attached(
    context: Context, attachments: Attachments, planned: Planned, offers: Offers, wanted: Mapping[str, int]
) -> tuple[Planned, ...]:
    address, kind = planned.change.address, context.registry[planned.change.address.kind]
    begun = planned.steps[_place(kind, planned)].after
    starting = context.entities[address].fields.get(PHASE) if planned.change.action is Action.CREATE else None
    before = Expectation(begun.view, kind.words(State.CURRENT), partial=True)
    moves: list[Move] = []
    waiting: list[Planned] = []
    for key, number in wanted.items():
        offer = offers.by_key[key]
        if since := _waits_for(context, planned, offers, key, starting):
            begins = beginning(kind, is_first=planned.change.action is Action.CREATE)
            why = begins if _is_later(planned) else "it is offered from then on"
            reason = because(ATTACHED_LATER, name=name_of(attachments, key), moment=since, why=why)
            fields = (quantity_change(attachments, key, 0, number),)
            waiting.append(refused_for(address, reason, fields))
        else:
            moves.append(Move(offer.address, None, number, IMMEDIATE))
    steps = tuple(step for move in moves for step in steps_of(context, address, move, before=before))
    return (_inserted(kind, planned, steps), *waiting)


def _is_later(planned: Planned) -> bool:
    return planned.change.timing not in ("", IMMEDIATE)


def _waits_for(context: Context, planned: Planned, offers: Offers, key: str, starting: Plain) -> str | None:
    """The moment from which on a member can be attached to a link of this run; None for at once."""
    since = offers.by_key[key].since
    if not _is_later(planned):
        begun = offers.until(starting)
        return None if since is None or since in begun else f"the start of the phase {since!r}"
    if planned.change.timing != AT_RENEWAL:
        return planned.change.timing
    head = last_of(context, planned.change.address)
    kind = context.registry[planned.change.address.kind]
    facts = kind.facts(head.fields) if head and kind.facts else {}
    return str(facts.get(RENEWS) or "the renewal")


def _inserted(kind: Kind, planned: Planned, steps: tuple[Step, ...]) -> Planned:
    """A change with these steps right after the one that begins the link: one that ends it takes no more."""
    if not steps:
        return planned
    place = _place(kind, planned) + 1
    whole = in_sequence((*planned.steps[:place], *steps, *planned.steps[place:]))
    change = replace(planned.change, steps=tuple(step.id for step in whole))
    return replace(planned, change=change, steps=whole)


def _ended(context: Context, entity: Entity, attachments: Attachments) -> Iterator[tuple[str, int]]:
    """Attachments that a change of the chain would end, by key: those its running links have or will have."""
    for key, (number, _) in _running(context, entity, attachments):
        yield key, number


def _running(
    context: Context, entity: Entity, attachments: Attachments
) -> Iterator[tuple[str, tuple[int, str | None]]]:
    """The quantities and owners of what is attached to the running links of a chain, by key."""
    kind = context.registry[entity.address.kind]
    links = running_links(kind, links_of(context, entity.address), entity.address.key)
    head = last_of(context, entity.address)
    for row in links or (() if head is None or has_ended(kind, head) else (head,)):
        members = members_of(context, attachments, row)
        for key, (_, one) in () if members is None or isinstance(members, Malformed) else members.items():
            if number := one.quantities.now or one.quantities.last:
                yield key, (number, one.labels.get(OWNER))


def _with_fields(
    attachments: Attachments, planned: Planned, ended: Mapping[str, int], wanted: Mapping[str, int]
) -> Planned:
    """A change with the quantities that the next link has other than the running one; those that wait are told
    apart."""
    if planned.change.action is Action.CREATE:
        return planned
    compared = sorted(ended.keys() - wanted if _is_later(planned) else {*ended, *wanted})
    fields = tuple(
        quantity_change(attachments, key, ended.get(key, 0), wanted.get(key, 0))
        for key in compared
        if ended.get(key, 0) != wanted.get(key, 0)
    )
    return replace(planned, change=replace(planned.change, fields=(*planned.change.fields, *fields)))


def _guarded(
    context: Context, entity: Entity, attachments: Attachments, planned: Planned, wanted: Mapping[str, int]
) -> Planned:
    """A change with the guard of what it would end although no file says so, or in another quantity than somebody else
    attached."""
    silent = attachments.part.field not in entity.fields
    lost = [
        key
        for key, (number, owner) in sorted(_running(context, entity, attachments))
        if number != wanted.get(key) and (silent or owner != context.desired.owner)
    ]
    return replace(planned, guards=(*planned.guards, _lost_guard(attachments, planned, lost))) if lost else planned


def _lost_guard(attachments: Attachments, planned: Planned, lost: list[str]) -> Guard:
    field, address = attachments.part.field, planned.change.address
    names = ", ".join(name_of(attachments, key) for key in lost)
    reason = (
        f"{address.text} would lose {names} with the change, which no file declares so; "
        f"what stands under `{field}` is attached again"
    )
    return Guard(lost_code(field), reason, f"--allow {lost_code(field)}", (address,))
