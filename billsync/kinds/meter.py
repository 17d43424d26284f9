"""Meters: which events are counted, and how."""

from __future__ import annotations

from billsync.kinds import fields
from billsync.kinds.checks import meter as checks
from billsync.model.kind import Archetype, Kind, LabelPolicy
from billsync.model.shape import Field, FieldEffect, MapOf, Record, Text, Timestamp

AGGREGATIONS = ("sum", "count", "unique_count", "avg", "min", "max", "latest")

RECORD = Record(
    {
        "key": fields.key("The key by which features refer to this meter.", example="api_requests"),
        "name": fields.name(FieldEffect.IN_PLACE, example="API requests"),
        "description": Field(
            Text(minimum=1, maximum=1024),
            "A longer text for people. Once it is there, it can be changed, but not removed.",
            clear="the server keeps a meter's description when a request leaves it out, and refuses an empty one",
        ),
        "labels": fields.labels(FieldEffect.IN_PLACE),
        "aggregation": Field(
            Text(choices=AGGREGATIONS),
            "The aggregation of events into one number. Features accept sum, count, unique_count and latest only.",
            FieldEffect.IMMUTABLE,
            required=True,
            example="sum",
        ),
        "event_type": Field(
            Text(minimum=1),
            "The `type` of the events that count.",
            FieldEffect.IMMUTABLE,
            required=True,
            example="request",
        ),
        "events_from": Field(
            Timestamp(), "Events before this time don't count.", FieldEffect.IMMUTABLE, example="2026-01-01T00:00:00Z"
        ),
        "value_property": Field(
            fields.JSON_PATH,
            "The path of the value in an event's data. Needed by every aggregation but count.",
            FieldEffect.IMMUTABLE,
            example="$.tokens",
        ),
        "dimensions": Field(
            MapOf(fields.JSON_PATH),
            "Properties of events to group and filter by: a name, and its path in an event's data.",
            example={"model": "$.model"},
        ),
    },
    doc="A meter turns usage events into a quantity.",
)

METER = Kind(
    name="meter",
    collection="meters",
    archetype=Archetype.RECORD,
    record=RECORD,
    doc="A meter turns usage events into a quantity.",
    example={
        "key": "tokens",
        "name": "Tokens",
        "event_type": "completion",
        "aggregation": "sum",
        "value_property": "$.tokens",
        "dimensions": {"model": "$.model"},
    },
    labels=LabelPolicy.MUTABLE,
    checks=checks.CHECKS,
    immutable_hint="declare a meter with another key, and a new feature over it",
    irreversible={"deleting": ""},
)
