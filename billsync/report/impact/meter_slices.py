"""The features that can be metered, also those that are only declared yet."""

from __future__ import annotations

from billsync.core.observed.index import Index
from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.duration import Duration
from billsync.model.frozen import replace
from billsync.model.state import Desired
from billsync.model.value import canonical
from billsync.rating.prices import FreePrice
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import Subscribed
from billsync.report.billing.usage import MeterSlice

FEATURE = "feature"


def with_declared(catalog: Catalog, desired: Desired, found: Index) -> Catalog:
    """The gauges with those of declared features that aren't live yet, over meters that are."""
    meter_slices = dict(catalog.meter_slices)
    for entity in desired.entities:
        if entity.address.kind == FEATURE and entity.address.key not in meter_slices:
            meter = normalize(KINDS[FEATURE], entity.fields).get("meter")
            row = found.records.get(meter["key"].address) if meter else None
            if meter and row:
                meter_slices[entity.address.key] = MeterSlice(row.id, canonical(meter.get("filters") or {}))
    return replace(catalog, meter_slices=meter_slices)


def other_cadences(before: Subscribed, after: Subscribed) -> str:
    """Return the reason why usage of both sides can't be compared; empty if it can.

    A fee by another cadence is summed by itself; of usage no period would be the same.
    """
    old, new = (_cadences(side) for side in (before, after))
    moved = sorted(feature for feature in old.keys() & new.keys() if old[feature] != new[feature])
    return (
        f"usage of {', '.join(moved)} would be billed by another cadence, so that no period is the same"
        if moved
        else ""
    )


def _cadences(side: Subscribed) -> dict[str, frozenset[Duration | None]]:
    """The cadences by which each feature's usage is billed."""
    priced = [slot for slot in side.slots if slot.feature in side.priced_by_usage]
    return {
        feature: frozenset(slot.item.cadence for slot in priced if slot.feature == feature)
        for feature in side.priced_by_usage
    }


def unmetered(before: Subscribed, after: Subscribed, catalog: Catalog) -> str:
    """Return the reason why usage of either side can't be known; empty if it can."""
    slots = [slot for side in (before, after) for slot in side.slots if not slot.item.is_flat]
    priced = {slot.feature for slot in slots if slot.feature and not isinstance(slot.item.card.price, FreePrice)}
    missing = sorted(priced - catalog.meter_slices.keys())
    return f"nothing was metered for {', '.join(missing)} so far" if missing else ""
