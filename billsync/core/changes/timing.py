"""The time at which a change of a chain takes effect: its own `change`, else the first rule that covers it.

Source: design.md §5, Changing plans.
"""

from __future__ import annotations

from billsync.core.changes.planned import Context
from billsync.core.changes.versions import offered_or_last
from billsync.core.observed.chain_refusals import NO_TIMING, TRANSITION_REFUSED
from billsync.core.observed.index import version_of
from billsync.core.observed.refusals import Refusal
from billsync.model.address import Address
from billsync.model.duration import parse_duration
from billsync.model.state import Entity
from billsync.model.transition import REFUSE, Transition
from billsync.model.value import Fields

API_WORDS = {"immediate": "immediate", "at_renewal": "next_billing_cycle"}
"""The API's words for timings; a time stands for itself (customer-facts.md §5.7)."""


def sent_as(timing: str) -> str:
    """The timing in a request body."""
    return API_WORDS.get(timing, timing)


def timing_of(context: Context, entity: Entity, source: Address, target: Address) -> str | tuple[Refusal, Fields]:
    """The timing of a change between two pinned entities, or the refusal with its values."""
    if own := entity.fields.get("change"):
        return str(own)
    rule = next((rule for rule in context.desired.transitions if _covers(context, rule, source, target)), None)
    if rule is None:
        return NO_TIMING, {}
    if rule.timing == REFUSE:
        said = rule.message or "no message"
        return TRANSITION_REFUSED, {"source": rule.source.text, "target": rule.target.text, "message": said}
    return rule.timing


def instead_of_end(context: Context, source: Address) -> Transition | None:
    """The first rule that has a chain change to something else where it would be cancelled."""
    key, cadence = source.key, cadence_of(context, source)
    found = (rule for rule in context.desired.transitions if rule.on_cancel and rule.source.covers(key, cadence))
    return next((rule for rule in found if rule.on_cancel != source.key), None)


def _covers(context: Context, rule: Transition, source: Address, target: Address) -> bool:
    if rule.on_cancel:
        return False
    both = ((rule.source, source), (rule.target, target))
    return all(side.covers(address.key, cadence_of(context, address)) for side, address in both)


def cadence_of(context: Context, address: Address) -> str | None:
    """The cadence of a pinned entity: of this live version, else as declared, else of the last live version."""
    kind = context.registry[address.kind]
    if kind.cadence is None:
        return None
    rows = context.index.versions.get(address.unversioned(), ())
    live = next((row.fields for row in rows if version_of(row) == address.version), None)
    declared = context.entities.get(address.unversioned())
    last = offered_or_last(kind, rows)
    found = live or (declared.fields if declared else None) or (last.fields if last else {})
    duration = parse_duration(str(found.get(kind.cadence)))
    return duration.text if duration else None
