"""The view that a declared chain should have at its head, and its differences from the one that it has."""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, refused
from billsync.core.changes.versions import NextVersions, offered_after
from billsync.core.lifecycle.proof import DIGEST, unproven
from billsync.core.observed.expectation import holds_after
from billsync.core.observed.ownership import chain_labels, with_ownership_labels, without_end_mark
from billsync.core.observed.refusals import NO_VERSION_TO_BEGIN_ON, NOT_THE_ACTIVE_VERSION
from billsync.core.views.compare import field_changes
from billsync.core.views.view import complete
from billsync.model.address import Address, Symbol
from billsync.model.change import Expectation, FieldChange
from billsync.model.kind import Kind
from billsync.model.moment import moment_text, parse_moment
from billsync.model.state import Entity, Row
from billsync.model.transition import IMMEDIATE
from billsync.model.value import Fields

LATEST = "latest"


def pin_of(context: Context, entity: Entity) -> Address:
    """The entity that a chain is declared to be pinned to, without a version."""
    kind = context.registry[entity.address.kind]
    assert kind.pins is not None
    symbol: Symbol = context.want(entity)[kind.pins]
    return symbol.address.unversioned()


def live_pin(context: Context, row: Row) -> Address | None:
    """The version that a link is pinned to; None for a link without one."""
    pin = context.view(row).get(context.registry[row.kind].pins or "")
    return pin.address if isinstance(pin, Symbol) else None


def restart_of(entity: Entity) -> int:
    """The number of restarts that a file has allowed; `true` is one."""
    return int(entity.fields.get("restart") or 0)


def version_to_begin_on(context: Context, entity: Entity, coming: NextVersions) -> Address | Planned:
    """The version that a new link begins on, or the refusal if no version is offered (design.md §5)."""
    pinned = pin_of(context, entity)
    newest = offered_after(context, pinned, coming)
    declared = entity.fields.get("version")
    if declared in (None, LATEST):
        return newest or refused(entity.address, NO_VERSION_TO_BEGIN_ON, pinned=pinned.text)
    if newest is not None and newest.version == int(declared):
        return newest
    named, offered = pinned.at(int(declared)).text, newest.text if newest else "none"
    return refused(entity.address, NOT_THE_ACTIVE_VERSION, pinned=named, offered=offered)


def first_link(context: Context, entity: Entity, pinned: Address) -> Fields:
    """The full view of a chain's first link, with our labels and the version it begins on."""
    kind = context.registry[entity.address.kind]
    return complete(kind, _declared(context, entity, pinned), None, _labels(context, entity, pinned))


def next_link(context: Context, entity: Entity, head: Row, pinned: Address) -> Fields:
    """The full view of the link that a change makes of the head: what isn't declared stays as it is.

    The server would drop the settlement mode and the cost basis mode, so they stand in it (customer-facts.md §5.8).
    """
    kind = context.registry[entity.address.kind]
    want = complete(kind, _declared(context, entity, pinned), context.view(head), {})
    return with_ownership_labels(without_end_mark(want), _labels(context, entity, pinned))


def _labels(context: Context, entity: Entity, pinned: Address) -> Fields:
    own = chain_labels(
        context.registry[entity.address.kind],
        owner=context.desired.owner,
        key=entity.address.key,
        pinned=Symbol(pinned),
        restart=restart_of(entity),
        ends=_end_of(entity),
    )
    return {**context.desired.selection.labels, **own}


def _end_of(entity: Entity) -> str:
    """The declared end of a chain in canonical form, empty for none, or for one at once."""
    ends = str(entity.fields.get("ends") or "")
    moment = parse_moment(ends)
    return moment_text(moment) if moment else ends.replace(IMMEDIATE, "")


def _declared(context: Context, entity: Entity, pinned: Address) -> Fields:
    kind = context.registry[entity.address.kind]
    assert kind.pins is not None
    return {**_inherited(context, kind, entity), **context.want(entity), kind.pins: Symbol(pinned)}


def _inherited(context: Context, kind: Kind, entity: Entity) -> Fields:
    source = context.entities.get(pin_of(context, entity))
    return {name: source.fields[name] for name in kind.inherits if source and name in source.fields}


def by_other_content(context: Context, entity: Entity) -> Planned | None:
    """The refusal, where the version that the declaration names has another content than its digest says."""
    version = context.want(entity).get("version")
    if not isinstance(version, int) or DIGEST not in entity.fields:
        return None
    return unproven(context, entity, pin_of(context, entity).at(version))


def differences(context: Context, entity: Entity, link: Row, coming: NextVersions) -> tuple[FieldChange, ...]:
    """The differences of a link from the declaration; any version of the declared plan fits unless one is named."""
    kind = context.registry[entity.address.kind]
    assert kind.pins is not None
    have = context.view(link)
    declared, live = pin_of(context, entity), live_pin(context, link)
    if live is not None and live.unversioned() == declared:
        want_pin = _wanted_version(context, entity, live, coming)
    else:
        newest = offered_after(context, declared, coming)
        want_pin = _numbered(entity, declared) or newest or declared
    want = complete(kind, _declared(context, entity, want_pin), have, {})
    if holds_after(kind, Expectation(want), view=have, status=""):
        return ()
    return field_changes(kind.record, have, want)


def _numbered(entity: Entity, declared: Address) -> Address | None:
    version = entity.fields.get("version")
    return None if version in (None, LATEST) else declared.at(int(version))


def _wanted_version(context: Context, entity: Entity, live: Address, coming: NextVersions) -> Address:
    """The version that a running link should be on; `latest` includes a version that this run publishes."""
    version = entity.fields.get("version")
    if version is None:
        return live
    if version != LATEST:
        return live.at(int(version))
    return offered_after(context, live.unversioned(), coming) or live
