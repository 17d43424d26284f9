"""Fees in advance that a restored subscription is billed for the rest of its running period when it begins again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from billsync.model.address import Address
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed, each, parsed
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, minus
from billsync.rating.errors import RatingError
from billsync.report.billing.subscribed import Slot, Subscribed, card_slot, parse_subscription
from billsync.report.moves.addon_fees import AddonFees, alone
from billsync.report.moves.advance import Unrated, billed_at_start
from billsync.report.moves.amounts import Amounts, summed, together
from billsync.report.moves.terms import PlanTerms, Start, begun, live_terms
from billsync.report.recovery.old import Old
from billsync.report.recovery.promises import due_by_currency, dues_at_end


@dataclass(frozen=True, slots=True)
class Beginning:
    """The beginning of a restored subscription: when, and in which phase; None for the first."""

    at: datetime
    anchor: datetime
    mode: str
    phase: str | None = None


def features_of(old: Old) -> Mapping[str, str]:
    """The keys of the features by id."""
    return {row.id: str(row.fields.get("key")) for row in old.recovery.live.of("feature")}


def terms_of(old: Old, version: Address, row: Row) -> PlanTerms:
    """The terms of a plan version. Raises Unrated."""
    found = live_terms(version, row.fields, features_of(old))
    if isinstance(found, Malformed):
        raise Unrated(f"{version.text} shows {found.text}")
    return found


def from_phase(terms: PlanTerms, phase: str | None) -> PlanTerms:
    """The terms from a phase on."""
    keys = [one.key for one in terms.phases]
    return replace(terms, phases=terms.phases[keys.index(phase) :]) if phase in keys else terms


def begun_again(terms: PlanTerms, beginning: Beginning) -> Subscribed:
    """The restored subscription as it begins."""
    start = Start(beginning.at, beginning.anchor, beginning.mode)
    return begun(from_phase(terms, beginning.phase), start)


def fees_at_start(old: Old, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int]) -> Amounts:
    """The fees in advance, those of add-ons included, that the beginning bills, before taxes. Raises Unrated."""
    subscription = begun_again(terms, beginning)
    try:
        own = billed_at_start(subscription)
        others = [billed_at_start(one) for one in _addons(old, subscription, addons, beginning.at)]
    except RatingError as problem:
        raise Unrated(f"the server would not rate it ({problem.code})") from None
    return together((own, *others))


def next_charge_apart(
    old: Old, row: Row, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int]
) -> Amounts:
    """The charge at the end of the running period less the one that there would have been, without usage: fees in
    arrears are for the time since the new beginning, and phases may end later. Raises Unrated."""
    before = parse_subscription(row.fields, features_of(old))
    if isinstance(before, Malformed):
        raise Unrated(f"it shows {before.text}")
    begun = begun_again(terms, beginning).ending(before.timeline.active_to)
    shown = {} if row.id in old.guessed else addons  # whose phases are the plan's, without add-ons
    after = (begun, *_addons(old, begun, shown, beginning.at))
    wanted, found = _due(old, before, beginning.at), together(_due(old, one, beginning.at) for one in after)
    currencies = {*wanted, *found}
    return summed((one, minus(found.get(one, ZERO), wanted.get(one, ZERO))) for one in currencies)


def _due(old: Old, one: Subscribed, now: datetime) -> Amounts:
    found = due_by_currency(one, dues_at_end(one, (), features_of(old), now), {})
    if found is None:
        raise Unrated("the server would not rate its next charge")
    return found


def _addons(old: Old, subscription: Subscribed, addons: Mapping[Address, int], at: datetime) -> Iterator[Subscribed]:
    rows = {old.source.found.names[row.id]: row for row in old.recovery.live.of("addon")}
    for address, quantity in sorted(addons.items(), key=lambda item: item[0].order):
        cards = _cards(old, rows[address])
        if isinstance(cards, Malformed):
            raise Unrated(f"{address.text} shows {cards.text}")
        yield alone(subscription, AddonFees(address.key, cards, quantity), at)


def _cards(old: Old, row: Row) -> tuple[Slot, ...] | Malformed:
    features, currency = features_of(old), row.fields.get("currency")

    def read(fields: Fields) -> tuple[Slot, ...]:
        return tuple(each(fields, "rate_cards", lambda card: card_slot("", card, currency, features)))

    return parsed(read, row.fields)
