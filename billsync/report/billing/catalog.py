"""Live features and meters, with the meter slice of each feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from billsync.model.frozen import dataclass
from billsync.model.value import Fields
from billsync.report.billing.usage import ADDITIVE, STEADY, MeterSlice, gauge_of


@dataclass(frozen=True, slots=True)
class Catalog:
    """The live features and meters: `features` maps ids to keys, also of archived ones, as subscriptions keep them.

    `steady` are features, and `additive` ids of meters, by how their values grow with time. `events` are the types of
    events by the meter's id.
    """

    features: Mapping[str, str]
    meter_slices: Mapping[str, MeterSlice]
    steady: frozenset[str]
    dimensions: Mapping[str, frozenset[str]]
    additive: frozenset[str] = frozenset()
    events: Mapping[str, str] = field(default_factory=dict)

    def dimensions_of(self, feature: str) -> frozenset[str]:
        """The dimensions of the meter of a feature that has one."""
        return self.dimensions.get(self.meter_slices[feature].meter_id, frozenset())


def catalog_of(features: Sequence[Fields], meters: Sequence[Fields]) -> Catalog:
    """The catalog in the rows of all features and meters. Where a key was used again, the live feature has it."""
    rows = sorted(features, key=lambda row: (not row.get("deleted_at"), str(row.get("created_at", ""))))
    aggregations = {str(row["id"]): str(row["aggregation"]) for row in meters}
    dimensions = {str(row["id"]): frozenset(row.get("dimensions") or {}) for row in meters}
    slices = {str(row["key"]): meter_slice for row in rows if (meter_slice := gauge_of(row))}
    steady = frozenset(key for key, one in slices.items() if aggregations.get(one.meter_id) in STEADY)
    additive = frozenset(meter_id for meter_id, aggregation in aggregations.items() if aggregation in ADDITIVE)
    events = {str(row["id"]): str(row.get("event_type")) for row in meters}
    return Catalog({str(row["id"]): str(row["key"]) for row in rows}, slices, steady, dimensions, additive, events)
