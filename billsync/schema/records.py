"""Shapes → JSON Schema: the schemas of records and of what stands in them, for each stage of an entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Any

from billsync.kinds.plan import PHASE
from billsync.kinds.ratecard import ADDON_CARD, RATE_CARD
from billsync.model.frozen import dataclass
from billsync.model.labels import MOST_DECLARED
from billsync.model.shape import Field, LabelMap, Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.model.value import jsonable
from billsync.schema.leaves import leaf_schema, nullable

PARTS: Mapping[str, Record] = {"rate_card": RATE_CARD, "phase": PHASE}
"""Records inside of entities that have defaults of their own in `_info.defaults`."""

LIBRARY = "rate_card"
"""The part whose form the cards of the library have."""

USING: Mapping[str, Record] = {LIBRARY: RATE_CARD, "addon_rate_card": ADDON_CARD}
"""Parts that can be taken from the library with `use`."""

_NAMED = {**PARTS, **USING}

Schema = dict[str, Any]


class Stage(Enum):
    """Variants of an entity's schema."""

    WRITTEN = "written"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class Writing:
    """The context of writing one schema; `defs` gathers the schemas that others refer to."""

    stage: Stage
    defs: Schema = field(default_factory=dict)


def definitions(writing: Writing) -> Schema:
    """The gathered schemas as a part of the schema that refers to them."""
    return {"$defs": dict(sorted(writing.defs.items()))} if writing.defs else {}


def partial(record: Record, writing: Writing) -> Schema:
    """A record of which any part may be given."""
    schema = record_schema(record, writing, may_be_null=False)
    return {name: value for name, value in schema.items() if name != "required"}


def record_schema(record: Record, writing: Writing, *, may_be_null: bool) -> Schema:
    """The schema of a record and all that stands in it."""
    schema: Schema = {"type": "object", **_described(record.doc)}
    schema["properties"] = {
        name: _field(item, writing, may_be_null=may_be_null and not item.required and item.default is None)
        for name, item in record.fields.items()
    }
    required = [name for name, item in record.fields.items() if item.required and not item.derived]
    if required:
        schema["required"] = required
    schema["additionalProperties"] = False
    if record.exactly_one:
        schema.update(minProperties=1, maxProperties=1)
    return schema


def _described(doc: str) -> Schema:
    return {"description": doc} if doc else {}


def _field(item: Field, writing: Writing, *, may_be_null: bool) -> Schema:
    if item.refused is not None:
        reason = {"description": f"{item.doc} {item.refused.capitalize()}."}
        return reason if writing.stage is Stage.EXPANDED else {**reason, "not": {}}
    schema = _shape(item.shape, writing, may_be_null=may_be_null)
    if may_be_null and not (writing.stage is Stage.WRITTEN and item.clear):
        schema = nullable(schema)
    described = {**schema, **_described(item.doc)}
    if item.default is not None:
        described["default"] = jsonable(item.default)
    if item.example is not None:
        described["examples"] = [jsonable(item.example)]
    return described


def _shape(shape: Shape, writing: Writing, *, may_be_null: bool = False) -> Schema:
    match shape:
        case Record():
            return _short(
                shape, _part(shape, writing) or record_schema(shape, writing, may_be_null=_deep(shape, may_be_null))
            )
        case Variant():
            return {"oneOf": [_case(shape, tag, record, writing) for tag, record in shape.cases.items()]}
        case Lazy():
            return _lazy(shape, writing)
        case ListOf():
            sizes = {"minItems": shape.minimum or None, "maxItems": shape.maximum}
            return {"type": "array", "items": _shape(shape.item, writing), **_given(sizes)}
        case MapOf():
            names = {"pattern": shape.key_pattern} if shape.key_pattern else None
            limits = {"maxProperties": shape.maximum, "propertyNames": names}
            return {"type": "object", "additionalProperties": _shape(shape.value, writing), **_given(limits)}
        case LabelMap():
            return {"type": "object", "maxProperties": MOST_DECLARED, "additionalProperties": {"type": "string"}}
    return leaf_schema(shape)


def _deep(record: Record, may_be_null: bool) -> bool:
    return may_be_null and record.merged


def _given(limits: Mapping[str, Any]) -> Schema:
    return {name: limit for name, limit in limits.items() if limit is not None}


def _short(record: Record, schema: Schema) -> Schema:
    """The schema of a record that may be written as a plain text for its one field."""
    if record.short is None:
        return schema
    text = leaf_schema(record.fields[record.short].shape)
    return {"anyOf": [text, schema]}


def _part(record: Record, writing: Writing) -> Schema:
    """A record that has a name of its own, as files have it; empty for any other."""
    if writing.stage is Stage.EXPANDED:
        return {}
    for name, part in _NAMED.items():
        if record is part:
            if name not in writing.defs:
                writing.defs[name] = _written_part(name, part, writing)
            return {"$ref": f"#/$defs/{name}"}
    return {}


def _written_part(name: str, part: Record, writing: Writing) -> Schema:
    schema = partial(part, writing)
    if name not in USING:
        return {**schema, "required": ["key"]}
    doc = "A card of the library to start from; fields written next to it replace the card's."
    use = {"description": doc, "type": "string", "minLength": 1, "examples": ["api_standard"]}
    return {**schema, "properties": {"use": use, **schema["properties"]}}


def _case(variant: Variant, tag: str, record: Record, writing: Writing) -> Schema:
    schema = record_schema(record, writing, may_be_null=False)
    schema["properties"] = {variant.tag: {"const": tag, **_described(record.doc)}, **schema["properties"]}
    schema["required"] = [variant.tag, *schema.get("required", [])]
    return schema


def _lazy(shape: Lazy, writing: Writing) -> Schema:
    if shape.name not in writing.defs:
        writing.defs[shape.name] = {}  # so that the shape finds itself
        writing.defs[shape.name] = _shape(shape.get(), writing)
    return {"$ref": f"#/$defs/{shape.name}"}
