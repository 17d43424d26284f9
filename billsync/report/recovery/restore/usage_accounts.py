"""The fate of the usage of running periods: a line for each customer, or for each of its subscriptions with the money
that the next charge lacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass, replace
from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, negative
from billsync.report.moves.amounts import Amounts, amounts_text
from billsync.report.recovery.losses.accounting import EVENT
from billsync.report.recovery.losses.explaining import CUT, EARLY, IN_FIRST_PHASE
from billsync.report.recovery.restore.choices import Choices, InAdvance, Usage
from billsync.report.recovery.restore.fees import may_hide, usage_due
from billsync.report.recovery.restore.old import Old
from billsync.report.recovery.restore.usage_in_phase import InFirstPhase

NOT_IN_SNAPSHOT = "the snapshot was taken without usage events: no bill counts those of the running period"
UNLESS_BILLED = "no bill counts them, unless the old server's did"
NOT_AGAIN = "what is from before the shortest running period of cards for the same events isn't sent again"
LONGER = "; what cards with a longer period than their plan's would have charged for them isn't known"
NOT_KNOWN = "; what they would have cost isn't known"


@dataclass(frozen=True, slots=True)
class Number:
    """The number of a customer's events of periods that run at the restore, and of those that have ended since the
    snapshot."""

    running: int = 0
    past: int = 0

    @property
    def whole(self) -> int:
        """All of them."""
        return self.running + self.past


def usage_accounts(
    old: Old,
    choices: Choices,
    events: Mapping[str, Number],
    served: Collection[str],
    moved: Mapping[str, Mapping[str, InFirstPhase]],
) -> Iterator[Accounted]:
    """The fate of the usage of each customer; `events` are the numbers of its events by the customer's id, `served` the
    customers with a subscription that is restored, and `moved` those whose usage counts in the first phase again.

    Lines after the first of a customer count no events: they are there for their money.
    """
    past = {customer for customer, number in events.items() if number.past}
    found = _costs(old, None if _is_lost(old, choices) else (events.keys() - served) | past)
    is_complete = old.recovery.header.has_events  # who has no events has used nothing, even where no charge is known
    costs = {one: cost for one, cost in found.items() if one in events or not is_complete or any(cost.values())}
    longer = _have_longer_periods(old)
    early = {} if _is_lost(old, choices) else _early(old, served, moved)
    for customer in sorted(events.keys() | costs.keys() | early.keys()):
        number, address = events.get(customer, Number()), old.source.found.names.get(customer)
        key = address.key if address else None
        line = Accounted(EVENT, customer, f"usage of {key or customer}", Fate.LOST, customer=key, count=number.whole)
        if customer not in events and customer not in costs:
            yield from _lines_of_early(line, early[customer])
            continue
        if _is_lost(old, choices) or customer not in served or not number.past:
            fated = _beyond(_fated(old, choices, line, is_served=customer in served), longer)
            yield from _lines(fated, costs.get(customer, {}))
            yield from _lines_of_early(line, early.get(customer, {}))
            if not _is_lost(old, choices) and customer in served:
                yield from _lines_in_first_phase(line, moved.get(customer, {}))
            continue
        if number.running:
            yield _fated(old, choices, replace(line, count=number.running), is_served=True)
            yield from _lines_of_early(line, early.get(customer, {}))
        how = f"{_numbered(number.past)} with their own times, in a period that has ended: {UNLESS_BILLED}"
        yield from _lines(replace(line, code="usage-not-billed", how=how, count=number.past), costs.get(customer, {}))


def _is_lost(old: Old, choices: Choices) -> bool:
    """Whether no bill counts the usage of any running period."""
    is_sent = choices.usage is Usage.AT_START and old.recovery.header.has_events
    return not is_sent or choices.in_advance is InAdvance.WAIT


def _costs(old: Old, customers: Collection[str] | None) -> Mapping[str, Mapping[str, Amounts | None]]:
    """By customer and subscription, the part of the next charge that is for usage, where there is any; None for those
    of all customers."""
    found: dict[str, dict[str, Amounts | None]] = defaultdict(dict)
    for row in old.recovery.live.of("subscription"):
        is_asked = customers is None or _customer(row) in customers
        if is_asked and row.id in old.recovery.promises and (cost := usage_due(old, row)) != {}:
            found[_customer(row)][row.id] = cost
    return found


def _early(
    old: Old, customers: Collection[str], moved: Mapping[str, Mapping[str, InFirstPhase]]
) -> Mapping[str, Mapping[str, Amounts | None]]:
    """By customer and subscription, what the next charge is more for usage from before a card was in force, as it is
    dated at the start, or less for usage that isn't sent again; None where that isn't known, and left out where it is
    nothing. Cards of a phase that isn't begun with count none of it."""
    found: dict[str, dict[str, Amounts | None]] = defaultdict(dict)
    for row in old.recovery.live.of("subscription"):
        promise = old.recovery.promises.get(row.id)
        if promise is None or promise.due is None or _customer(row) not in customers:
            continue
        if row.id in moved.get(_customer(row), ()):
            continue
        if promise.early or (promise.early is None and may_hide(old, row)):
            found[_customer(row)][row.id] = promise.early
    return found


def _lines_of_early(line: Accounted, early: Mapping[str, Amounts | None]) -> Iterator[Accounted]:
    for subscription, amounts in sorted(early.items()):
        fated = replace(line, fate=Fate.DIFFERENT, row_id=subscription, count=0)
        more = {currency: amount for currency, amount in (amounts or {}).items() if amount > ZERO}
        if more or amounts is None:
            said = f"{amounts_text(more)} more" if more else "more, which isn't known,"
            how = f"its usage is charged {said} as that from before a card began counts for it, too"
            yield replace(fated, code=EARLY, how=how, money=more)
        if fewer := {currency: amount for currency, amount in (amounts or {}).items() if amount < ZERO}:
            said = amounts_text({currency: negative(amount) for currency, amount in fewer.items()})
            yield replace(fated, code=CUT, how=f"its usage is charged {said} less: {NOT_AGAIN}", money=fewer)


def _lines_in_first_phase(line: Accounted, moved: Mapping[str, InFirstPhase]) -> Iterator[Accounted]:
    for subscription, one in sorted(moved.items()):
        money = {currency: negative(amount) for currency, amount in (one.cost or {}).items()}
        fated = replace(line, fate=Fate.DIFFERENT, code=IN_FIRST_PHASE, how=one.how, count=0)
        yield replace(fated, row_id=subscription, money=money)


def _customer(row: Row) -> str:
    return str(row.parent_id or row.fields.get("customer_id"))


def _fated(old: Old, choices: Choices, line: Accounted, *, is_served: bool) -> Accounted:
    """A customer's line with the fate of its usage."""
    number = _numbered(line.count)
    if not old.recovery.header.has_events:
        return replace(line, code="usage-not-in-snapshot", how=NOT_IN_SNAPSHOT)
    if choices.usage is Usage.NONE:
        how = f"{number} not sent: the event store must have them still, and no bill counts them"
        return replace(line, fate=Fate.DIFFERENT, code="usage-not-sent", how=how)
    if not is_served:
        return replace(line, code="usage-held-back", how=f"{number} not sent, as its subscription isn't restored")
    if _is_lost(old, choices):
        how = f"{number} with their own times, before the subscription begins again: no bill counts them"
        return replace(line, code="usage-not-billed", how=how)
    how = f"{number} dated at the start of the new subscription"
    return replace(line, fate=Fate.DIFFERENT, code="usage-at-start", how=how)


def _numbered(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"


def _lines(account: Accounted, costs: Mapping[str, Amounts | None]) -> Iterator[Accounted]:
    """The account once for each subscription whose charge lacks money, or by itself."""
    if not costs:
        yield account
    for number, (subscription, cost) in enumerate(sorted(costs.items())):
        how = account.how if cost is not None else f"{account.how}{NOT_KNOWN}"
        money = {currency: negative(amount) for currency, amount in (cost or {}).items()}
        count = 0 if number else account.count
        yield replace(account, row_id=subscription, how=how, money=money, count=count)


def _beyond(fated: Accounted, longer: Collection[str]) -> Accounted:
    """A customer's line; where no bill counts its usage, it says what isn't known of cards with longer periods."""
    is_billed = fated.code == "usage-at-start"
    return fated if is_billed or fated.row_id not in longer else replace(fated, how=f"{fated.how}{LONGER}")


def _have_longer_periods(old: Old) -> frozenset[str]:
    """The ids of the customers with a card that prices usage by longer periods than its plan's: no charge of the
    running period has its usage."""
    rows = (row for row in old.recovery.live.of("subscription") if _has_longer_period(row.fields))
    return frozenset(map(_customer, rows))


def _has_longer_period(row: Fields) -> bool:
    whole = parse_duration(str(row.get("billing_cadence")))
    for item in (item for phase in row.get("phases") or () for item in phase.get("items") or ()):
        card = item["rate_card"]
        lasts = parse_duration(str(card.get("billing_cadence")))
        is_metered = (card.get("price") or {}).get("type") not in ("flat", "free", None)
        if is_metered and whole and lasts and lasts.mean_seconds > whole.mean_seconds:
            return True
    return False
