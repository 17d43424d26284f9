"""The features that can be metered, also those that are only declared yet."""

from __future__ import annotations

from dataclasses import replace

from billsync.core.index import Index
from billsync.core.normalize import normalize
from billsync.kinds.registry import KINDS
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


def unmetered(before: Subscribed, after: Subscribed, catalog: Catalog) -> str:
    """Return the reason why usage of either side can't be known; empty if it can."""
    slots = [slot for side in (before, after) for slot in side.slots if not slot.item.is_flat]
    priced = {slot.feature for slot in slots if slot.feature and not isinstance(slot.item.card.price, FreePrice)}
    missing = sorted(priced - catalog.meter_slices.keys())
    return f"nothing was metered for {', '.join(missing)} so far" if missing else ""
