"""Changes of the quantities of add-ons in a plan file, with what their subscriptions have before."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from billsync.core.changes.timing import sent_as
from billsync.core.observed.index import Index, version_of
from billsync.model.address import Address, symbols_in_path, whole_of
from billsync.model.change import PlanFile, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.model.state import Row
from billsync.model.value import Fields, Plain
from billsync.rating.periods import MICROSECOND
from billsync.report.billing.attached import Attached, parse_attached
from billsync.report.billing.subscribed import Slot, parse_subscription
from billsync.report.impact.moving import AT_RENEWAL, IMMEDIATE, SUBSCRIPTION, begun_by
from billsync.report.moves.addon_fees import AddonFees
from billsync.report.moves.changes import running_link
from billsync.report.moves.reattached import addon_cards, attached_by
from billsync.report.moves.sides import Sides
from billsync.report.moves.twice import QuantityChange

ADDONS, TERM = "addons", "payment_term"
TIMINGS = tuple(sent_as(timing) for timing in (IMMEDIATE, AT_RENEWAL))


@dataclass(frozen=True, slots=True)
class QuantitySet:
    """A call that sets a quantity at once or at renewal: of which add-on version, on which running link, and how
    many."""

    link: Row
    address: Address
    addon: Address
    number: int
    is_immediate: bool


def quantities_set(plan: PlanFile, found: Index) -> tuple[QuantitySet, ...]:
    """The calls of a plan file that set quantities on links that run already; `found` holds the compared rows.

    A further call of a member only takes back what was scheduled for later.
    """
    named = {name for change in plan.pending for name in change.steps if change.address.kind == SUBSCRIPTION}
    begun = {one.address for one in begun_by(plan)}
    calls: dict[tuple[Address, Address], QuantitySet] = {}
    for call in _calls((step for step in plan.steps if step.id in named), found, begun):
        calls.setdefault((call.address, call.addon), call)
    return tuple(calls.values())


def _calls(steps: Iterable[Step], found: Index, begun: Container[Address]) -> Iterator[QuantitySet]:
    for step in steps:
        body, link = step.call.body, running_link(step.address, found)
        if link is None or not isinstance(body, Mapping) or body.get("timing") not in TIMINGS:
            continue
        addon = _set_by(step) or (None if step.address in begun else attached_by(step))
        if addon is not None:
            yield QuantitySet(link, step.address, addon, int(body["quantity"]), body["timing"] == IMMEDIATE)


def _set_by(step: Step) -> Address | None:
    """The add-on version whose quantity a call changes."""
    members = [part[2] for address in symbols_in_path(step.call.path) if (part := whole_of(address))]
    return members[-1] if members else None


def quantity_changes(calls: Iterable[QuantitySet], sides: Sides) -> tuple[QuantityChange, ...]:
    """The changes of quantities with both their sides."""
    changes = (_change(call, sides) for call in calls)
    return tuple(change for change in changes if change is not None)


def _change(call: QuantitySet, sides: Sides) -> QuantityChange | None:
    found, features = sides.found, sides.features
    running = parse_subscription(call.link.fields, features)
    rows = (row for row in call.link.fields.get(ADDONS) or () if found.names.get(row["addon"]["id"]) == call.addon)
    attached = parse_attached((_with_terms(row, _terms(call.addon, found)) for row in rows), features)
    if isinstance(running, Malformed) or isinstance(attached, Malformed):
        return None
    at = sides.now if call.is_immediate else running.renewal_after(sides.now)
    currency = str(call.link.fields.get("invoice_currency", ""))
    cards = _cards(attached[0], currency) if attached else addon_cards(call.addon, sides)
    before = attached[0].last_begun(at if call.is_immediate else at - MICROSECOND) if attached else None
    old = AddonFees(call.addon.key, cards, before.quantity if before else 0)
    until = before.end if before and before.end and before.end < at else None
    since = before.start if before else at
    return QuantityChange(
        call.address, running, old, since, call.number, at, until=until, is_immediate=call.is_immediate
    )


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


def _cards(have: Attached, currency: str) -> tuple[Slot, ...] | Malformed:
    """The cards of an add-on, in the subscription's currency where they name none, or why one can't be read."""
    slots = [card.slot for card in have.cards]
    unread = next((slot for slot in slots if isinstance(slot, Malformed)), None)
    return unread or tuple(
        replace(slot, currency=slot.currency or currency) for slot in slots if isinstance(slot, Slot)
    )
