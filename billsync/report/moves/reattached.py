"""Add-ons that a run attaches to the next links of subscriptions that it changes: their fees are billed again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from billsync.core.observed.index import version_of
from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, Symbol
from billsync.model.change import PlanFile, Step
from billsync.model.frozen import replace
from billsync.model.malformed import Malformed
from billsync.report.billing.subscribed import Slot
from billsync.report.impact.moving import IMMEDIATE, SUBSCRIPTION
from billsync.report.impact.repricing import declared_slots, parse_addon_cards
from billsync.report.moves.addon_fees import AddonFees
from billsync.report.moves.move import Move
from billsync.report.moves.sides import Sides

ADDON = "addon"


def with_reattached(moves: Iterable[Move], plan: PlanFile, sides: Sides) -> tuple[Move, ...]:
    """The changes with the add-ons that the same run attaches to their next links at once."""
    attached: dict[Address, list[AddonFees]] = defaultdict(list)
    for step in plan.steps:
        if step.address.kind == SUBSCRIPTION and (addon := attached_by(step)):
            attached[step.address].append(AddonFees(addon.key, addon_cards(addon, sides), _quantity(step)))
    return tuple(replace(move, addons=tuple(attached[move.address])) for move in moves)


def attached_by(step: Step) -> Address | None:
    """The add-on version that a call attaches at once; None for any other call."""
    body = step.call.body
    if not isinstance(body, Mapping) or body.get("timing") != IMMEDIATE or not isinstance(body.get(ADDON), Mapping):
        return None
    symbol = body[ADDON].get("id")
    return symbol.address if isinstance(symbol, Symbol) else None


def _quantity(step: Step) -> int:
    assert isinstance(step.call.body, Mapping)
    return int(step.call.body["quantity"])


def addon_cards(addon: Address, sides: Sides) -> tuple[Slot, ...] | Malformed:
    """The cards of an add-on version: of a live one, else of the declared one, which is to come."""
    rows = sides.found.versions.get(addon.unversioned(), ())
    live = next((row for row in rows if version_of(row) == addon.version), None)
    if live is not None:
        return parse_addon_cards(live.fields, sides.features)
    entity = sides.declared.get(addon.unversioned())
    if entity is None:
        return Malformed(addon.text, None)
    want = normalize(KINDS[ADDON], entity.fields)
    return declared_slots("", want, want)
