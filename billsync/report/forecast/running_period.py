"""The parts of a running period that a subscription's row doesn't show, and notes on those that can't be known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds
from billsync.model.note import Note
from billsync.model.value import Fields
from billsync.report.billing.attached import Attached
from billsync.report.billing.charges import Due
from billsync.report.billing.subscribed import Subscribed
from billsync.report.billing.unshown import Unshown, changing, unshown
from billsync.report.forecast.forecast import running

SECONDS = "%Y-%m-%d %H:%M:%SZ"
TERMS = "a minimum, a maximum or a unit conversion"


@dataclass(frozen=True, slots=True)
class Besides:
    """Charges of the running period that the row doesn't show, and notes on unknown parts.

    From `known_until` on cards may cost something else; None if nothing is scheduled.
    """

    dues: tuple[Due, ...] = ()
    known_until: datetime | None = None
    notes: tuple[Note, ...] = ()


def besides(
    one: Subscribed, rows: Iterable[Fields], addons: Sequence[Attached], *, features: Mapping[str, str], now: datetime
) -> Besides:
    """The pieces of a subscription's running period that its row doesn't show, from rows of charges and its add-ons."""
    found = unshown(rows, one, known=running(one, now), features=features, now=now)
    scheduled = _scheduled(one, found, addons, now)
    until = max(cut_to_seconds(one.period_at(now).end), min(scheduled.values())) if scheduled else None
    notes = [*_unknown(one, found, now), *(() if found.told else _gone(one, addons, now))]
    for key, moment in sorted(scheduled.items()):
        text = f"{key} changes {moment:{SECONDS}}: what it costs then counts only as far as it was charged already"
        notes.append(Note("changes-later", text))
    if until:
        notes.append(Note("known-until", f"when credits run out is worked out until {until:{SECONDS}} only"))
    return Besides(found.dues, until, tuple(notes))


def _unknown(one: Subscribed, found: Unshown, now: datetime) -> Iterator[Note]:
    for key, start in found.untold(one, now):
        text = f"{key} counts only since {start:{SECONDS}}: what it was before can't be read"
        yield Note("earlier-not-read", text)
    for key in found.stale:
        text = f"{key} isn't there any more, and the server hasn't worked out yet what it cost: it isn't counted"
        yield Note("not-charged-yet", text)
    for key in found.uncertain:
        yield Note("terms-not-read", f"{key} isn't there now: {TERMS} that it has when it is aren't known")


def _gone(one: Subscribed, addons: Sequence[Attached], now: datetime) -> Iterator[Note]:
    """Notes on cards that ended with an add-on within the period, and whose charges are unknown."""
    start, have = one.period_at(now).start, {slot.item.key for slot in one.slots}
    for each in addons:
        for segment in each.segments:
            if segment.quantity and segment.end and start < segment.end <= now:
                for key in sorted({card.key for card in each.cards} - have):
                    text = f"{key} was there until {segment.end:{SECONDS}}: what it cost can't be read"
                    yield Note("earlier-not-read", text)


def _scheduled(one: Subscribed, found: Unshown, addons: Sequence[Attached], now: datetime) -> Mapping[str, datetime]:
    """By their keys, when cards first change, begin or end before the subscription does."""
    moments = [*changing(one, now)]
    moments += [(due.billed.item.key, due.billed.service_period.start) for due in found.dues]
    for each in addons:
        bounds = [bound for segment in each.segments for bound in (segment.start, segment.end) if bound]
        moments += [(card.key, bound) for card in each.cards for bound in bounds]
    first: dict[str, datetime] = {}
    for key, moment in moments:
        if now < moment and moment != one.timeline.active_to:
            first[key] = min(moment, first.get(key, moment))
    return first
