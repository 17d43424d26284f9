"""Features: the things that plans price and give access to, often measured by a meter."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.kinds import across, fields
from billsync.kinds.checks import feature as checks
from billsync.kinds.terms import METER_TERMS
from billsync.model.kind import Archetype, Kind, LabelPolicy
from billsync.model.shape import (
    Boolean,
    Field,
    FieldEffect,
    Lazy,
    ListOf,
    MapOf,
    Record,
    Reference,
    Shape,
    Text,
    Variant,
    Wire,
)
from billsync.model.value import Fields

TOKEN_TYPES = ("input", "output", "cache_read", "cache_write", "reasoning", "request", "response")

_TEXTS = ListOf(Text(), minimum=1, maximum=100)
_OPERATORS: Mapping[str, Field] = {
    "eq": Field(Text(minimum=1), "The dimension equals this.", FieldEffect.IMMUTABLE),
    "neq": Field(Text(), "The dimension is anything but this.", FieldEffect.IMMUTABLE),
    "in": Field(_TEXTS, "The dimension is one of these.", FieldEffect.IMMUTABLE),
    "nin": Field(_TEXTS, "The dimension has none of these values.", FieldEffect.IMMUTABLE),
    "contains": Field(Text(), "The dimension contains this text.", FieldEffect.IMMUTABLE),
    "ncontains": Field(Text(), "The dimension doesn't contain this text.", FieldEffect.IMMUTABLE),
    "and": Field(
        ListOf(Lazy("condition", lambda: CONDITION), minimum=1, maximum=10), "All of these hold.", FieldEffect.IMMUTABLE
    ),
    "or": Field(
        ListOf(Lazy("condition", lambda: CONDITION), minimum=1, maximum=10),
        "One of these holds.",
        FieldEffect.IMMUTABLE,
    ),
}

CONDITION: Shape = Record(_OPERATORS, exactly_one=True, doc="One condition on a dimension.")

FILTER = Record(
    {"exists": Field(Boolean(), "Whether the dimension is there at all.", FieldEffect.IMMUTABLE), **_OPERATORS},
    exactly_one=True,
    doc="One condition on a dimension.",
)

METER = Record(
    {
        "key": Field(
            Reference("meter", Wire.BARE, decides=METER_TERMS),
            "The meter's key.",
            FieldEffect.IMMUTABLE,
            required=True,
            wire="id",
        ),
        "filters": Field(
            MapOf(FILTER, maximum=10),
            "Which of the meter's events count: conditions by dimension, all of which must hold.",
            FieldEffect.IMMUTABLE,
            example={"model": {"eq": "large"}},
        ),
    },
    short="key",
    doc="The meter that this feature measures, and which part of it.",
)

UNIT_COST = Variant(
    "type",
    {
        "manual": Record(
            {"amount": Field(fields.MONEY, "Your own cost of a unit.", required=True, example="0.002")},
            doc="A cost that you state.",
        ),
        "llm": Record(
            {
                "provider": Field(Text(minimum=1), "The model's provider, if it is always the same."),
                "provider_property": Field(Text(minimum=1), "The dimension of the meter that names the provider."),
                "model": Field(Text(minimum=1), "The model, if it is always the same."),
                "model_property": Field(Text(minimum=1), "The dimension of the meter that names the model."),
                "token_type": Field(Text(choices=TOKEN_TYPES), "The kind of token, if it is always the same."),
                "token_type_property": Field(
                    Text(minimum=1), "The dimension of the meter that names the kind of token."
                ),
            },
            doc="A cost that the server looks up in its prices of language models.",
        ),
    },
    doc="Your own cost of a unit, to compare with its revenue.",
)

RECORD = Record(
    {
        "key": fields.key("The key by which rate cards refer to this feature.", example="api_requests"),
        "name": fields.name(FieldEffect.IMMUTABLE, example="API requests"),
        "description": fields.description(FieldEffect.IMMUTABLE),
        "labels": fields.labels(FieldEffect.IMMUTABLE),
        "meter": Field(
            METER,
            "The meter that this feature measures, by key, if it is measured.",
            FieldEffect.IMMUTABLE,
            example="tokens",
        ),
        "unit_cost": Field(UNIT_COST, "Your own cost of a unit.", example={"type": "manual", "amount": "0.002"}),
    },
    doc="A feature is what you sell: it is priced by rate cards, and customers get access to it.",
)


def stages(have: Fields, want: Fields) -> tuple[Fields, ...]:
    """The views on the way to a wanted one: a language-model cost with other members is cleared first.

    Source: catalog-facts.md §5.1 (the server fails on the direct way).
    """
    old, new = have.get("unit_cost") or {}, want.get("unit_cost") or {}
    if old.get("type") != "llm" or new.get("type") != "llm" or old.keys() == new.keys():
        return (want,)
    return ({name: value for name, value in want.items() if name != "unit_cost"}, want)


FEATURE = Kind(
    name="feature",
    collection="features",
    archetype=Archetype.RECORD,
    record=RECORD,
    doc="A feature is what you sell: it is priced by rate cards, and customers get access to it.",
    example={
        "key": "large_model_tokens",
        "name": "Tokens of the large model",
        "meter": {"key": "tokens", "filters": {"model": {"eq": "large"}}},
        "unit_cost": {"type": "manual", "amount": "0.000002"},
    },
    labels=LabelPolicy.FIXED,
    checks=checks.CHECKS,
    cross=(across.feature_meter,),
    cross_live=(across.feature_meter,),
    stages=stages,
    deleted_verb="archiving",
    immutable_hint="declare a feature with another key, and use it in the plan's rate cards: a new version of the plan",
    irreversible={"archiving": ""},
)
