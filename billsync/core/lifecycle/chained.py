"""Chained: a parent holds a chain of links under one key; it is compared at its head (design.md §4).

A chain can be begun and compared; a change or an end of a running chain is refused or noted.
"""

from __future__ import annotations

from billsync.core.chains import has_ended, last_of, links_of, parent_of, restarts
from billsync.core.compare import field_changes, shown
from billsync.core.expectation import holds_after
from billsync.core.index import state_of
from billsync.core.lifecycle.proof import DIGEST, unproven
from billsync.core.obstacles import ENDS, ends_among
from billsync.core.ownership import KEY, OWNER, chain_labels, labels_of, pin_label
from billsync.core.planned import Context, Planned, names_of, note, refused, step_id
from billsync.core.refusals import (
    CHAIN_CHANGE,
    CHAIN_ENDED,
    CHAIN_OF_ANOTHER,
    NO_VERSION_TO_BEGIN_ON,
    NOT_THE_ACTIVE_VERSION,
    ONE_AT_A_TIME,
)
from billsync.core.versions import NextVersions, offered_after
from billsync.core.view import body, complete
from billsync.model.address import Address, Symbol
from billsync.model.change import Action, Call, Change, Expectation, FieldChange, Obstacle, Step
from billsync.model.kind import Kind, State
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, Plain

LATEST = "latest"


def chained_change(context: Context, entity: Entity, coming: NextVersions) -> Planned | None:
    """Return the change of a declared chain: None, its first link, a refusal, or a note."""
    kind = context.registry[entity.address.kind]
    head = last_of(context, entity.address)
    if head is None or (has_ended(kind, head) and _begins_again(context, entity)):
        return _beside_another(context, entity) or _begin(context, entity, coming)
    if has_ended(kind, head):
        return _ended(context, entity, head)
    return _compare(context, entity, head, coming) or _restart_waits(context, entity)


def restart_of(entity: Entity) -> int:
    """Return the number of restarts that a file has allowed; `true` is one."""
    return int(entity.fields.get("restart") or 0)


def _begins_again(context: Context, entity: Entity) -> bool:
    """Whether the file allows one more beginning than there was: each number is used up by the link that it begins."""
    return restart_of(entity) > restarts(links_of(context, entity.address), entity.address.key)


def _ended(context: Context, entity: Entity, head: Row) -> Planned:
    kind = context.registry[entity.address.kind]
    used = restarts(links_of(context, entity.address), entity.address.key)
    made = "" if KEY in labels_of(head.fields) else f", a {kind.name} that billsync did not make"
    again = f", after `restart` had begun it {used} times" if used > 1 else ", after `restart` had begun it again"
    return refused(
        entity.address,
        CHAIN_ENDED,
        end=head.fields.get("active_to"),
        how=again if used else made,
        restart=used + 1 if used else "true",
    )


def _restart_waits(context: Context, entity: Entity) -> Planned | None:
    """Return a note if a running chain is declared to begin again after it has ended."""
    if not _begins_again(context, entity):
        return None
    kind = context.registry[entity.address.kind]
    return note(
        entity.address,
        code="restart-waits",
        reason=f"`restart` is set while it runs: when it ends, the next run begins another {kind.name}",
        hint="remove `restart` unless that is intended",
    )


def _beside_another(context: Context, entity: Entity) -> Planned | None:
    """A refusal, where the parent has a chain under another key and the server allows one (customer-facts.md §5.5)."""
    kind = context.registry[entity.address.kind]
    if not context.one_chain_per_parent:
        return None
    rows = context.index.chains.get(parent_of(kind, entity.address), ())
    running = sorted(str(labels_of(row.fields).get(KEY)) for row in rows if not has_ended(kind, row))
    earlier = sorted(key for key in context.siblings(entity.address) if key < entity.address.key)
    others = running or earlier
    if not others:
        return None
    return refused(entity.address, ONE_AT_A_TIME, kind=kind.name, other=others[0])


def _begin(context: Context, entity: Entity, coming: NextVersions) -> Planned:
    kind = context.registry[entity.address.kind]
    pinned = _version(context, entity, coming)
    if isinstance(pinned, Planned):
        return pinned
    if refusal := unproven(context, entity, pinned):
        return refusal
    want = _want(context, entity, pinned)
    step = _begin_step(context, entity, want)
    change = Change(entity.address, Action.CREATE, kind.created_verb, steps=(step.id,))
    return Planned(change, (step,))


def _begin_step(context: Context, entity: Entity, want: Fields) -> Step:
    kind = context.registry[entity.address.kind]
    routes = context.routes[kind.name]
    parent = parent_of(kind, entity.address)
    return Step(
        id=step_id(entity.address, "create"),
        address=entity.address,
        verb=kind.created_verb,
        call=Call("POST", context.collection(entity.address), body(kind, want, routes.create, parent)),
        before=Expectation(None, without=(Obstacle(ENDS, kind.name, known=len(_ends(context, entity.address))),)),
        after=Expectation(want),
        repeatable=kind.unique,
    )


def _ends(context: Context, address: Address) -> tuple[str, ...]:
    """Return the obstacle of a chain's ended links: if there is one more when the step runs, the chain was cancelled
    meanwhile, and would be sold again."""
    rows = (row.fields for row in links_of(context, address))
    return ends_among(context.registry[address.kind], rows, (address.key,))


def _want(context: Context, entity: Entity, pinned: Address) -> Fields:
    """The full view of the chain's first link, with our labels and the version it begins on."""
    kind = context.registry[entity.address.kind]
    assert kind.pins is not None
    labels = chain_labels(
        kind,
        owner=context.desired.owner,
        key=entity.address.key,
        pinned=Symbol(pinned),
        restart=restart_of(entity),
    )
    declared = {**_inherited(context, kind, entity), **context.want(entity), kind.pins: Symbol(pinned)}
    return complete(kind, declared, None, labels)


def _inherited(context: Context, kind: Kind, entity: Entity) -> Fields:
    assert kind.pins is not None
    source = context.entities.get(_pinned_address(context, kind, entity))
    return {name: source.fields[name] for name in kind.inherits if source and name in source.fields}


def _pinned_address(context: Context, kind: Kind, entity: Entity) -> Address:
    assert kind.pins is not None
    symbol: Symbol = context.want(entity)[kind.pins]
    return symbol.address.unversioned()


def _version(context: Context, entity: Entity, coming: NextVersions) -> Address | Planned:
    """The version that a new link begins on, or the refusal if no version is offered (design.md §5)."""
    kind = context.registry[entity.address.kind]
    pinned = _pinned_address(context, kind, entity)
    newest = offered_after(context, pinned, coming)
    declared = entity.fields.get("version")
    if declared in (None, LATEST):
        return newest or refused(entity.address, NO_VERSION_TO_BEGIN_ON, pinned=pinned.text)
    if newest is not None and newest.version == int(declared):
        return newest
    named, offered = pinned.at(int(declared)).text, newest.text if newest else "none"
    return refused(entity.address, NOT_THE_ACTIVE_VERSION, pinned=named, offered=offered)


def _compare(context: Context, entity: Entity, head: Row, coming: NextVersions) -> Planned | None:
    kind = context.registry[entity.address.kind]
    if refusal := _by_other_content(context, entity, kind):
        return refusal
    changes = _differences(context, entity, head, coming)
    if not changes:
        return _ending(kind, entity, head)
    if stranger := _changed_by_others(context, entity, head, changes):
        return stranger
    return refused(entity.address, CHAIN_CHANGE, fields=changes, kind=kind.name, names=names_of(changes))


def _by_other_content(context: Context, entity: Entity, kind: Kind) -> Planned | None:
    """The refusal, where the version that the declaration names has another content than its digest says."""
    version = context.want(entity).get("version")
    if not isinstance(version, int) or DIGEST not in entity.fields:
        return None
    return unproven(context, entity, _pinned_address(context, kind, entity).at(version))


def _differences(context: Context, entity: Entity, head: Row, coming: NextVersions) -> tuple[FieldChange, ...]:
    """Return the differences of the head from the declaration; any version of the declared plan fits unless one is
    named."""
    kind = context.registry[entity.address.kind]
    assert kind.pins is not None
    have = context.view(head)
    pinned = have.get(kind.pins)
    declared = _pinned_address(context, kind, entity)
    if isinstance(pinned, Symbol) and pinned.address.unversioned() == declared:
        want_pin = _wanted_version(context, entity, pinned, coming)
    else:
        want_pin = Symbol(declared)
    wanted = {**_inherited(context, kind, entity), **context.want(entity), kind.pins: want_pin}
    want = complete(kind, wanted, have, {})
    if holds_after(kind, Expectation(want), view=have, status=""):
        return ()
    return field_changes(kind.record, have, want)


def _wanted_version(context: Context, entity: Entity, pinned: Symbol, coming: NextVersions) -> Symbol:
    """The version that a running link should be on; `latest` includes a version that this run publishes."""
    version = entity.fields.get("version")
    if version is None:
        return pinned
    declared = pinned.address.unversioned()
    if version != LATEST:
        return Symbol(declared.at(int(version)))
    newest = offered_after(context, declared, coming)
    return Symbol(newest) if newest else pinned


def _changed_by_others(context: Context, entity: Entity, head: Row, changes: tuple[FieldChange, ...]) -> Planned | None:
    """Return a note if the chain was made or changed outside of billsync, which is never reverted (design.md §4)."""
    kind = context.registry[entity.address.kind]
    labels = labels_of(head.fields)
    if KEY not in labels:
        return note(
            entity.address,
            code="made-elsewhere",
            reason=f"a {kind.name} that billsync did not make is live and differs in {names_of(changes)}: left alone",
        )
    if labels.get(OWNER) != context.desired.owner:
        return refused(entity.address, CHAIN_OF_ANOTHER, fields=changes, owner=labels.get(OWNER))
    pin = labels.get(pin_label(kind))
    live = context.view(head).get(kind.pins or "")
    if pin is not None and live != _named(context, str(pin)):
        return note(
            entity.address,
            code="changed-elsewhere",
            reason=f"it was changed to {shown(live)} elsewhere since billsync last applied it: left alone",
        )
    return None


def _named(context: Context, server_id: str) -> Plain:
    address = context.index.names.get(server_id)
    return Symbol(address) if address else None


def _ending(kind: Kind, entity: Entity, head: Row) -> Planned | None:
    if state_of(kind, head.fields) is not State.ENDING:
        return None
    return note(
        entity.address,
        code="chain-ending",
        reason=f"it is declared, but ends at {head.fields.get('active_to')}: "
        "it was cancelled outside of billsync; left alone",
    )
