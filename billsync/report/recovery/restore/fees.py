"""Fees in advance that a restored subscription is billed for the rest of its running period when it begins again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.address import Address
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed, each, parsed
from billsync.model.moment import cut_to_seconds
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, minus
from billsync.rating.errors import RatingError
from billsync.rating.periods import period_at
from billsync.rating.timeline import phase_lives
from billsync.report.billing.attached import parse_attached
from billsync.report.billing.subscribed import Slot, Subscribed, card_slot, parse_subscription
from billsync.report.moves.addon_fees import AddonFees, alone_with_usage
from billsync.report.moves.advance import (
    Unrated,
    billed_ahead,
    billed_within,
    parts_ahead,
    parts_at_start,
    parts_between,
)
from billsync.report.moves.amounts import Amounts, Part, Parts, by_currency, less, together
from billsync.report.moves.terms import PlanTerms, Start, begun, live_terms
from billsync.report.recovery.facts.promises import due_by_currency, dues_at_end, may_hide_charges
from billsync.report.recovery.restore.old import Old
from billsync.report.recovery.restore.usage_start import usage_starts

ADDONS = "addons"
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Beginning:
    """The beginning of a restored subscription: when, and in which phase; None for the first. `ends_at_renewal`: it
    ends then, or becomes another one, whatever its end was before."""

    at: datetime
    anchor: datetime
    mode: str
    phase: str | None = None
    ends_at_renewal: bool = False


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


def fees_at_start(old: Old, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int]) -> Parts:
    """The fees in advance, those of add-ons included, that the beginning bills, before taxes. Raises Unrated."""
    try:
        return together(parts_at_start(one) for one in _begun_with(old, terms, beginning, addons))
    except RatingError as problem:
        raise Unrated(f"the server would not rate it ({problem.code})") from None


def fees_ahead(old: Old, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int], now: datetime) -> Parts:
    """The part of them that is for periods that begin after a moment: servers may bill it then. Raises Unrated."""
    return together(parts_ahead(one, now) for one in _begun_with(old, terms, beginning, addons))


def fees_later(old: Old, row: Row, terms: PlanTerms, beginning: Beginning) -> Parts:
    """The fees in advance that are billed later within the running period, as a phase that was over comes again and
    ends in it, beyond those that there would have been. They were paid before, too. Raises Unrated."""
    before = _before(old, row)
    begun = _ending(begun_again(terms, beginning), before, beginning)
    end = cut_to_seconds(before.period_at(beginning.at).end)
    found, wanted = (parts_between(one, beginning.at, end) for one in (begun, before))
    return _at_most(less(found, wanted), less(by_currency(found), by_currency(wanted)))


def not_due_yet(later: Parts, terms: PlanTerms, beginning: Beginning, old: Old, row: Row, now: datetime) -> Parts:
    """The part of such fees that is billed after a moment. Raises Unrated."""
    begun = _ending(begun_again(terms, beginning), before := _before(old, row), beginning)
    coming = parts_between(begun, max(beginning.at, now), cut_to_seconds(before.period_at(beginning.at).end))
    return {part: min(amount, coming[part]) for part, amount in later.items() if part in coming}


def _at_most(parts: Parts, sums: Amounts) -> Parts:
    """The parts above zero, by currency no more than a sum: a fee of another feature may be billed less by as much."""
    left, found = dict(sums), dict[Part, Decimal]()
    for part, amount in parts.items():
        given = min(amount, left.get(part[0], ZERO))
        if given > ZERO:
            left[part[0]], found[part] = minus(left[part[0]], given), given
    return found


def next_charge_apart(
    old: Old, row: Row, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int]
) -> Amounts:
    """The charge at the end of the running period less the one that the snapshot promises, without usage: fees in
    arrears are for the time since the new beginning, and phases may end later. Raises Unrated."""
    before = _before(old, row)
    begun = _ending(begun_again(terms, beginning), before, beginning)
    shown = {} if row.id in old.guessed else addons  # whose phases are the plan's, without add-ons
    after = (begun, *_addons(old, begun, shown, _phase_starts(begun, beginning.at)))
    promised = _promised_at(old, row)
    wanted = _due(old, before, promised if still_runs(old, row, beginning.at) else beginning.at)
    return less(together(_due(old, one, beginning.at) for one in after), wanted)


def still_runs(old: Old, row: Row, at: datetime) -> bool:
    """Whether the period whose charge the snapshot promises still runs at a moment: what falls due within it is a part
    of that charge. Raises Unrated."""
    return _before(old, row).period_at(_promised_at(old, row)).end > at


def phases_apart(old: Old, row: Row, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int]) -> Amounts:
    """All charges from the next one on less those that there would have been, without usage, until both are in the last
    phase: a phase that comes again, or lasts longer, costs that much; and until the end of periods that are longer than
    the plan's, of which fees in arrears are only for a part. Raises Unrated."""
    before = _before(old, row)
    begun = _ending(begun_again(terms, beginning), before, beginning)
    shown = {} if row.id in old.guessed else addons
    after = (begun, *_addons(old, begun, shown, _phase_starts(begun, beginning.at)))
    ends = (end for one in after for end in long_arrears(one, beginning.at))
    until = cut_to_seconds(before.period_at(max((*(_last_phase(one) for one in (begun, before)), *ends))).end)
    promised = _promised_at(old, row)
    since = beginning.at if before.period_at(promised).end <= beginning.at else promised
    found = together(billed_within(one, beginning.at, until) for one in after)
    return less(found, billed_within(before, since, until))


def has_long_arrears(old: Old, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int]) -> bool:
    """Whether it is billed in arrears for periods that are longer than its plan's. Raises Unrated."""
    several = _begun_with(old, terms, beginning, addons)
    return any(True for one in several for _ in long_arrears(one, beginning.at))


def long_arrears(one: Subscribed, at: datetime) -> Iterator[datetime]:
    """The moments in which the periods of now end of fees in arrears that are billed less often than the plan."""
    timed = one.timeline
    for slot in one.slots:
        cadence = slot.item.cadence
        is_late = slot.item.is_flat and not slot.item.is_in_advance
        if is_late and cadence is not None and cadence.mean_seconds > timed.cadence.mean_seconds:
            yield period_at(timed.anchor, cadence, at).end - SECOND


def _begun_with(
    old: Old, terms: PlanTerms, beginning: Beginning, addons: Mapping[Address, int]
) -> tuple[Subscribed, ...]:
    """The restored subscription as it begins, and each of its add-ons by itself."""
    subscription = begun_again(terms, beginning)
    return (subscription, *_addons(old, subscription, addons, (beginning.at,)))


def _last_phase(one: Subscribed) -> datetime:
    """The start of the last phase, or the end before it."""
    return phase_lives(one.timeline)[-1].life.start


def fees_between(old: Old, row: Row, until: datetime) -> Amounts:
    """The charges that fell due after the snapshot and until a moment, without usage. Raises Unrated."""
    before, since = _before(old, row), old.recovery.header.taken_at
    return billed_within(before, since, min(until, before.timeline.active_to or until))


def unused_fees(old: Old, row: Row, at: datetime) -> Amounts:
    """The fees in advance that were billed for the time after a moment. Raises Unrated."""
    found = billed_ahead(_before(old, row), at)
    return found.unused if found else {}


def fees_at_end(old: Old, row: Row, at: datetime) -> Amounts:
    """The charges at the end of the period that runs until a moment, without usage: fees in arrears of that period, and
    the next one's in advance. Raises Unrated."""
    before = _before(old, row)
    since = max(_promised_at(old, row), before.period_at(at - SECOND).start)
    return billed_within(before, since, at)


def hidden_due(old: Old, row: Row) -> Amounts | None:
    """The part of a subscription's next charge that its row doesn't show; None where that isn't known. Raises
    Unrated."""
    promise = old.recovery.promises.get(row.id)
    if promise is None or promise.due is None:
        return {}
    if _is_metered(old, row):
        return promise.hidden
    return less(promise.due, _due(old, _before(old, row), _promised_at(old, row)))


def due_at_most(old: Old, row: Row) -> Amounts:
    """The most that the hidden part of a subscription's next charge can be: all of it that isn't sure without any
    usage. Raises Unrated."""
    promised = old.recovery.promises[row.id].due or {}
    return less(promised, _due(old, _before(old, row), _promised_at(old, row)))


def may_hide(old: Old, row: Row) -> bool:
    """Whether something of it changed within the running period, so that its row may not show all charges."""
    attached = parse_attached(row.fields.get(ADDONS) or (), {})
    addons = None if isinstance(attached, Malformed) else attached
    try:
        return may_hide_charges(_before(old, row), addons, frozenset(), _promised_at(old, row))
    except Unrated:
        return False


def usage_due(old: Old, row: Row) -> Amounts | None:
    """The part of a subscription's next charge that is for the usage until the snapshot: the promised charge less that
    without any usage, so with free units, tiers and commitments; None where it can't be worked out."""
    promised = old.recovery.promises[row.id].due
    if not _is_metered(old, row):
        return {}
    if promised is None:
        return None
    try:
        shown = less(promised, old.recovery.promises[row.id].hidden or {})
        return less(shown, _due(old, _before(old, row), _promised_at(old, row)))
    except Unrated:
        return None


def renewal(terms: PlanTerms, beginning: Beginning) -> datetime:
    """The end of the period of the beginning, within its phase."""
    return begun_again(terms, beginning).renewal_after(beginning.at)


def _ending(begun: Subscribed, before: Subscribed, beginning: Beginning) -> Subscribed:
    """The restored subscription with its end."""
    is_at_renewal = beginning.ends_at_renewal
    return begun.ending(begun.renewal_after(beginning.at) if is_at_renewal else before.timeline.active_to)


def _before(old: Old, row: Row) -> Subscribed:
    found = parse_subscription(row.fields, features_of(old))
    if isinstance(found, Malformed):
        raise Unrated(f"it shows {found.text}")
    return found


def _promised_at(old: Old, row: Row) -> datetime:
    """The time of a subscription's promise: that of the snapshot, or the start of a period that began meanwhile."""
    promise, taken_at = old.recovery.promises.get(row.id), old.recovery.header.taken_at
    return max(taken_at, promise.period_from) if promise and promise.period_from else taken_at


def _is_metered(old: Old, row: Row) -> bool:
    """Whether a subscription, or its plan version where it shows no phases, has a price by usage."""
    plan_id = str(row.fields.get("plan_id") or (row.fields.get("plan") or {}).get("id"))
    plans = {one.id: one.fields for one in old.recovery.live.of("plan")}
    return len(usage_starts(row.fields, plans.get(plan_id), old.recovery.header.taken_at)) > 1


def _due(old: Old, one: Subscribed, now: datetime) -> Amounts:
    found = due_by_currency(one, dues_at_end(one, (), features_of(old), now), {})
    if found is None:
        raise Unrated("the server would not rate its next charge")
    return found


def _phase_starts(subscription: Subscribed, at: datetime) -> tuple[datetime, ...]:
    """A moment, and the later starts of phases, in each of which add-ons have items of their own."""
    lives = phase_lives(subscription.timeline)
    return (at, *(one.life.start for one in lives if one.life.start > at))


def _addons(
    old: Old, subscription: Subscribed, addons: Mapping[Address, int], starts: Iterable[datetime]
) -> Iterator[Subscribed]:
    rows = {old.source.found.names[row.id]: row for row in old.recovery.live.of("addon")}
    for address, quantity in sorted(addons.items(), key=lambda item: item[0].order):
        cards = _cards(old, rows[address])
        if isinstance(cards, Malformed):
            raise Unrated(f"{address.text} shows {cards.text}")
        yield from (alone_with_usage(subscription, AddonFees(address.key, cards, quantity), at) for at in starts)


def _cards(old: Old, row: Row) -> tuple[Slot, ...] | Malformed:
    features, currency = features_of(old), row.fields.get("currency")

    def read(fields: Fields) -> tuple[Slot, ...]:
        return tuple(each(fields, "rate_cards", lambda card: card_slot("", card, currency, features)))

    return parsed(read, row.fields)
