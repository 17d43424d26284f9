"""The moments since which a restore sends the usage of a customer again, of each feature with a price by usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from billsync.model.moment import cut_to_seconds
from billsync.rating.periods import period_at
from billsync.rating.prices import FlatPrice
from billsync.rating.timeline import phase_lives
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import Subscribed

Sent = Mapping[str, datetime]
"""By the key of a feature, since when its usage is sent again."""


def sent_since(several: Iterable[Subscribed], catalog: Catalog, now: datetime) -> Sent:
    """The starts for all subscriptions of a customer: those of the cards' running periods. Where several cards price
    events of one type, the latest counts, so that nothing is billed twice (`restore.usage_start`)."""
    starts: dict[str, datetime] = {}
    features: dict[str, str] = {}
    for one in several:
        for feature, start in _starts(one, now):
            meter = catalog.meter_slices.get(feature)
            event = catalog.events.get(meter.meter_id) if meter else None
            if event is not None:
                features[feature], starts[event] = event, max(start, starts.get(event, start))
    return {feature: starts[event] for feature, event in features.items()}


def _starts(one: Subscribed, now: datetime) -> Iterable[tuple[str, datetime]]:
    lives = {each.phase.key: each.life for each in phase_lives(one.timeline)}
    for slot in one.slots:
        life = lives.get(slot.phase)
        is_in_force = life is not None and life.start <= now and not life.is_over_at(now)
        if is_in_force and life is not None and slot.feature and not isinstance(slot.item.card.price, FlatPrice):
            period = period_at(one.timeline.anchor, slot.item.cadence or one.timeline.cadence, now)
            yield slot.feature, cut_to_seconds(max(life.start, period.start))
