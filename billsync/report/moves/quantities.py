"""Changes at once of the quantities of add-ons in a plan file, with what their subscriptions have now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from billsync.core.chains import has_ended, head_of
from billsync.core.index import Index, version_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, symbols_in_path, whole_of
from billsync.model.change import PlanFile, Step
from billsync.model.malformed import Malformed
from billsync.model.state import Row
from billsync.model.value import Fields, Plain
from billsync.report.billing.attached import Attached, parse_attached
from billsync.report.billing.subscribed import Slot, Subscribed, parse_subscription
from billsync.report.impact.moving import CUSTOMER, IMMEDIATE, SUBSCRIPTION
from billsync.report.moves.addon_fees import AddonFees
from billsync.report.moves.twice import QuantityChange

ADDONS, TERM = "addons", "payment_term"


@dataclass(frozen=True, slots=True)
class SetAtOnce:
    """A call that sets a quantity from now on: of which add-on version, on which running link, and how many."""

    link: Row
    address: Address
    addon: Address
    number: int


def set_at_once(plan: PlanFile, found: Index) -> tuple[SetAtOnce, ...]:
    """The calls of a plan file that set quantities at once; `found` holds the compared rows."""
    named = {name for change in plan.pending for name in change.steps if change.address.kind == SUBSCRIPTION}
    return tuple(_calls((step for step in plan.steps if step.id in named), found))


def _calls(steps: Iterable[Step], found: Index) -> Iterator[SetAtOnce]:
    for step in steps:
        body, link = step.call.body, _link(step.address, found)
        members = [part[2] for address in symbols_in_path(step.call.path) if (part := whole_of(address))]
        if members and link and isinstance(body, Mapping) and body.get("timing") == IMMEDIATE:
            yield SetAtOnce(link, step.address, members[-1], int(body["quantity"]))


def _link(address: Address, found: Index) -> Row | None:
    kind = KINDS[SUBSCRIPTION]
    head = head_of(kind, found.chains.get(Address(CUSTOMER, address.parents), ()), address.key)
    return None if head is None or has_ended(kind, head) else head


def quantity_changes(
    calls: Iterable[SetAtOnce], found: Index, features: Mapping[str, str], now: datetime
) -> tuple[QuantityChange, ...]:
    """The changes of quantities that are in force now; an add-on that there is none of is no change."""
    changes = (_change(call, found, features, now) for call in calls)
    return tuple(change for change in changes if change is not None)


def _change(call: SetAtOnce, found: Index, features: Mapping[str, str], now: datetime) -> QuantityChange | None:
    running = parse_subscription(call.link.fields, features)
    rows = (row for row in call.link.fields.get(ADDONS) or () if found.names.get(row["addon"]["id"]) == call.addon)
    attached = parse_attached((_with_terms(row, _terms(call.addon, found)) for row in rows), features)
    if isinstance(running, Malformed) or isinstance(attached, Malformed) or not attached:
        return None
    return _from_to(call, running, attached[0], now)


def _terms(addon: Address, found: Index) -> Mapping[str, Plain]:
    """Payment terms of an add-on version's cards, by key."""
    rows = (row for row in found.versions.get(addon.unversioned(), ()) if version_of(row) == addon.version)
    return {card["key"]: card["payment_term"] for row in rows for card in row.fields["rate_cards"] if TERM in card}


def _with_terms(row: Fields, terms: Mapping[str, Plain]) -> Fields:
    """The row of an attached add-on with the payment terms that only the add-on itself shows
    (customer-facts.md §6.2)."""
    cards = [
        {**one, "rate_card": {**one["rate_card"], **({TERM: terms[key]} if key in terms else {})}}
        for one in row["rate_cards"]
        for key in [one["rate_card"].get("key")]
    ]
    return {**row, "rate_cards": cards}


def _from_to(call: SetAtOnce, running: Subscribed, have: Attached, now: datetime) -> QuantityChange | None:
    present = have.at(now)
    if present is None:
        return None
    currency = str(call.link.fields.get("invoice_currency", ""))
    fees = AddonFees(call.addon.key, _cards(have, currency), present.quantity)
    return QuantityChange(call.address, running, fees, present.start, call.number)


def _cards(have: Attached, currency: str) -> tuple[Slot, ...] | Malformed:
    """The cards of an add-on, in the subscription's currency where they name none, or why one can't be read."""
    slots = [card.slot for card in have.cards]
    unread = next((slot for slot in slots if isinstance(slot, Malformed)), None)
    return unread or tuple(
        replace(slot, currency=slot.currency or currency) for slot in slots if isinstance(slot, Slot)
    )
