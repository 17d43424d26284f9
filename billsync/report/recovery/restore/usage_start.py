"""The periods of subscriptions that run at a moment, and from when on their usage isn't billed yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds, parse_moment
from billsync.model.state import Snapshot
from billsync.model.value import Fields, Plain
from billsync.rating.periods import period_at

FLAT = "flat"


@dataclass(frozen=True, slots=True)
class Unbilled:
    """The start of the running period by customer and type of event; under None, of plans.

    Of several the latest, so that nothing is billed twice; of plans the earliest, for types that nothing is priced by.
    """

    starts: Mapping[str, Mapping[str | None, datetime]]

    def has(self, customer: str, row: Fields) -> bool:
        """Whether a customer's event lies in a period that is running, by its type."""
        starts = self.starts.get(customer)
        event = row.get("event") or {}
        at = parse_moment(str(event.get("time")))
        return starts is not None and (at is None or at >= cut_to_seconds(starts.get(event.get("type"), starts[None])))


def unbilled(subscriptions: Iterable[Fields], catalog: Snapshot, now: datetime) -> Unbilled:
    """The starts of the periods of these subscriptions that run at a moment."""
    found: dict[str, dict[str | None, datetime]] = {}
    plans = {row.id: row.fields for row in catalog.of("plan")}
    types = _types(catalog)
    for row in subscriptions:
        plan = str(row.get("plan_id") or (row.get("plan") or {}).get("id"))
        for feature, start in usage_starts(row, plans.get(plan), now).items():
            mine = found.setdefault(str(row["customer_id"]), {})
            of = types.get(feature) if feature is not None else None
            if feature is None:
                mine[None] = min(start, mine.get(None, start))
            elif of is not None:
                mine[of] = max(start, mine.get(of, start))
    return Unbilled(found)


def _types(catalog: Snapshot) -> Mapping[str, str]:
    """The type of the events of each feature's meter, by the feature's id."""
    meters = {row.id: str(row.fields.get("event_type")) for row in catalog.of("meter")}
    metered = {row.id: str((row.fields.get("meter") or {}).get("id")) for row in catalog.of("feature")}
    return {feature: meters[meter] for feature, meter in metered.items() if meter in meters}


def usage_starts(row: Fields, plan: Fields | None, now: datetime) -> Mapping[str | None, datetime]:
    """By the id of each feature with a price by usage, the start of its running period; under None, of the plan's.

    A card may have a longer period than its plan. Of a feature with several, the latest start counts, as usage is never
    to be billed twice. Where the row shows no phases (Konnect), the cards are those of its plan version. Empty for a
    subscription that hasn't begun.
    """
    begun = _moment(row, "active_from") or _moment(row, "created_at")
    if begun is None or begun > now:
        return {}
    version = plan or {}
    anchor, cadence = (
        _moment(row, "billing_anchor") or begun,
        row.get("billing_cadence") or version.get("billing_cadence"),
    )
    found: dict[str | None, datetime] = {None: _start(anchor, cadence, begun, now)}
    for since, card in _cards(row if row.get("phases") else version, begun, now):
        feature = (card.get("feature") or {}).get("id")
        if feature is not None and (card.get("price") or {}).get("type") != FLAT:
            start = _start(anchor, card.get("billing_cadence") or cadence, since, now)
            found[feature] = max(start, found.get(feature, start))
    return found


def metered_since(row: Fields, now: datetime) -> Iterator[datetime]:
    """Yield the starts of the cards in force with a price by usage that have one of their own, as add-ons' do."""
    for phase in row.get("phases") or ():
        for item in phase.get("items") or ():
            since, until = _moment(item, "active_from"), _moment(item, "active_to")
            is_flat = (item["rate_card"].get("price") or {}).get("type") in (FLAT, None)
            if since is not None and since <= now and not is_flat and (until is None or until > now):
                yield since


def turns(row: Fields, plan: Fields | None, now: datetime) -> Iterator[datetime]:
    """The moments at which something of a subscription begins or ends: itself, its phases, and its periods of now."""
    begun = _moment(row, "active_from") or _moment(row, "created_at")
    if begun is None:
        return
    yield begun
    phases = row.get("phases") or ()
    for one in (row, *phases, *(item for phase in phases for item in phase.get("items") or ())):
        yield from (moment for name in ("active_from", "active_to") if (moment := _moment(one, name)))
    if begun > now:
        return
    version, anchor = plan or {}, _moment(row, "billing_anchor") or begun
    cadence = row.get("billing_cadence") or version.get("billing_cadence")
    cards = (card for _, card in _cards(row if row.get("phases") else version, begun, now))
    for length in {cadence, *(card.get("billing_cadence") or cadence for card in cards)}:
        if (duration := parse_duration(str(length))) is not None:
            period = period_at(anchor, duration, now)
            yield from (period.start, period.end)


def _start(anchor: datetime, cadence: Plain, since: datetime, now: datetime) -> datetime:
    length = parse_duration(str(cadence))
    return since if length is None else max(since, period_at(anchor, length, now).start)


def _cards(owner: Fields, begun: datetime, now: datetime) -> Iterator[tuple[datetime, Fields]]:
    """The cards of a subscription that are in force, or all of a plan version, each with its start."""
    for phase in owner.get("phases") or ():
        since, until = _moment(phase, "active_from") or begun, _moment(phase, "active_to")
        if since > now or (until is not None and until <= now):
            continue
        yield from ((since, item["rate_card"]) for item in phase.get("items") or ())
        yield from ((since, card) for card in phase.get("rate_cards") or ())


def _moment(row: Fields, name: str) -> datetime | None:
    return parse_moment(str(row.get(name)))
