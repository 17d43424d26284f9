"""The times from which on the usage of a running subscription isn't billed yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from billsync.model.duration import parse_duration
from billsync.model.moment import parse_moment
from billsync.model.value import Fields, Plain
from billsync.rating.periods import period_at

FLAT = "flat"


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
