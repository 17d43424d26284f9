"""Shapes → JSON Schema (2020-12), for the validator and for editors.

An entity stands in files as a person writes it, with `use` and nested entities, and with nothing required that a
default could fill in; after that has been expanded, it is checked against a strict schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from billsync.api.routes import DIALECTS
from billsync.kinds.plan import PHASE
from billsync.kinds.ratecard import ADDON_CARD, RATE_CARD
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.kind import Absent, Kind, Registry
from billsync.model.labels import MOST_DECLARED
from billsync.model.shape import Field, LabelMap, Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.model.value import jsonable
from billsync.schema.codes import guard_names
from billsync.schema.leaves import leaf_schema, nullable
from billsync.schema.policy import policy_schema
from billsync.schema.selection import selection_schema
from billsync.schema.transitions import transitions_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMAT_VERSION = "1.0"
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
class _Writing:
    """The context of writing one schema; `defs` gathers the schemas that others refer to."""

    stage: Stage
    defs: Schema = field(default_factory=dict)


def kind_schema(kind: Kind) -> Schema:
    """The strict schema of one entity after `use` and the defaults, without what nests in it.

    Refused fields pass, so that a check can report the reason.
    """
    writing = _Writing(Stage.EXPANDED)
    schema = _record(kind.record, writing, may_be_null=kind.absent is Absent.NOT_MANAGED)
    return {"$schema": DIALECT, **schema, **_defs(writing)}


def written_schema(registry: Registry, kind: Kind) -> Schema:
    """The schema of one entity as it stands in a file's collection."""
    writing = _Writing(Stage.WRITTEN)
    schema = _top_level(registry, kind, writing)
    return {"$schema": DIALECT, "title": kind.name, **schema, **_defs(writing)}


def file_schema(registry: Registry) -> Schema:
    """The schema of a whole file."""
    writing = _Writing(Stage.WRITTEN)
    properties: Schema = {
        "$schema": {"description": "Where an editor finds this schema; it means nothing else.", "type": "string"},
        "_format_version": {
            "description": "The version of the file format. It may be left out.",
            "enum": [FORMAT_VERSION, 1],
        },
        "_info": _info(registry, writing),
        "rate_cards": {
            "description": "A library of rate cards, by name. Plans and add-ons take a card from it with `use: NAME`.",
            "type": "object",
            "additionalProperties": _partial(PARTS[LIBRARY], writing),
        },
        "external": _patterns(
            registry, "Entities that are only referred to and never written, by collection: keys and globs."
        ),
        "adopted": _patterns(
            registry, "Entities that are yours although they have no owner's label, by collection: keys and globs."
        ),
        "moved": _moved(registry),
        "forget": _forget(registry),
    }
    for kind in registry.values():
        properties[kind.collection] = {
            "description": kind.doc,
            "type": "array",
            "items": _top_level(registry, kind, writing),
        }
    return {
        "$schema": DIALECT,
        "title": "billsync",
        "description": f"Billing, declared: {_listed(kind.titles for kind in registry.values())}.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **_defs(writing),
    }


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _defs(writing: _Writing) -> Schema:
    return {"$defs": dict(sorted(writing.defs.items()))} if writing.defs else {}


def _info(registry: Registry, writing: _Writing) -> Schema:
    defaults = {kind.name: _partial(kind.record, writing) for kind in registry.values()}
    defaults.update({name: _partial(record, writing) for name, record in PARTS.items()})
    return {
        "description": "Settings for all files together, in one of them.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "owner": {
                "description": "The owner of the entities in these files. It is written into the label "
                "`billsync_owner`.",
                "type": "string",
                "minLength": 1,
                "maxLength": 63,
                "examples": ["payments"],
            },
            "defaults": {
                "description": "Fields that are filled in where an entity, a phase or a rate card doesn't give them.",
                "type": "object",
                "additionalProperties": False,
                "properties": defaults,
                "examples": [{"plan": {"currency": "USD", "billing_cadence": "P1M"}}],
            },
            "policy": policy_schema(registry, guard_names(registry)),
            "transitions": transitions_schema(),
            "target": _target(),
            "select": selection_schema(registry),
        },
    }


def _target() -> Schema:
    """The server that the files are for."""
    text = {"type": "string", "minLength": 1}
    return {
        "description": "The server that these files are for. With another one, nothing is read or written.",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "dialect": {"description": "The family of servers.", "enum": list(DIALECTS)},
            "region": {"description": "Konnect's region, as its address begins.", **text, "examples": ["eu"]},
            "org": {"description": "The id or the name of the organization of the token, in Konnect.", **text},
            "subscriptions_per_customer": {
                "description": "Whether a customer may have several subscriptions at once there. Default: one on "
                "OpenMeter, unless a customer has two already; Konnect decides itself.",
                "enum": ["one", "many"],
            },
        },
        "examples": [{"dialect": "konnect", "region": "eu"}],
    }


def _patterns(registry: Registry, doc: str) -> Schema:
    collections = (*LATER_COLLECTIONS, *(kind.collection for kind in registry.values()))
    keys = {"type": "array", "items": {"type": "string", "minLength": 1}}
    return {
        "description": doc,
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(sorted(collections), keys),
        "examples": [{"plans": ["legacy_*"]}],
    }


def _moved(registry: Registry) -> Schema:
    """Renamed keys. A check refuses the kinds whose keys can't change, and gives the reason."""
    return {
        "description": "Renamed keys: the live entity under the old key is the declared one under the new key. "
        f"No server changes the keys of {_listed(kind.titles for kind in registry.values() if not kind.traits)}.",
        **_entries(registry, {"from": "The key that it had.", "to": "The key that it has in the files now."}),
        "examples": [[{"kind": "customer", "from": "acmee", "to": "acme"}]],
    }


def _forget(registry: Registry) -> Schema:
    return {
        "description": "Entities that you no longer declare and no longer manage: they stay as they are.",
        **_entries(registry, {"key": "Its key."}),
        "examples": [[{"kind": "grant", "customer": "acme", "key": "welcome"}]],
    }


def _entries(registry: Registry, keys: Mapping[str, str]) -> Schema:
    """A list of maps that name an entity by its kind, its parent, and these keys, which have descriptions."""
    parents = sorted({kind.parent.kind for kind in registry.values() if kind.parent})
    key = {"type": "string", "minLength": 1}
    properties: Schema = {
        "kind": {"description": "The kind of the entity.", "enum": sorted(registry)},
        **{name: {"description": f"The {name} that it belongs to, by its key now.", **key} for name in parents},
        **{name: {"description": doc, **key} for name, doc in keys.items()},
    }
    items = {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind", *keys],
        "properties": properties,
    }
    return {"type": "array", "items": items}


def _top_level(registry: Registry, kind: Kind, writing: _Writing) -> Schema:
    """The schema of an entity in its own collection: it names its parent, and may hold nested children."""
    schema = _written(kind, writing)
    properties = {**schema["properties"]}
    if kind.parent is not None:
        doc = f"The {kind.parent.kind} that it belongs to, by key."
        properties[kind.parent.kind] = {"description": doc, "type": "string", "minLength": 1}
        schema["required"] = [*schema.get("required", []), kind.parent.kind]
    for child in registry.values():
        if child.parent is not None and child.parent.kind == kind.name:
            properties.update(_nested(child, writing))
    return {**schema, "properties": properties}


def _nested(child: Kind, writing: _Writing) -> Schema:
    """The schema of the fields under which entities of a kind are nested in their parent."""
    if child.name not in writing.defs:
        writing.defs[child.name] = _written(child, writing)
    reference = {"$ref": f"#/$defs/{child.name}"}
    names: Schema = {}
    if child.parent and child.parent.one:
        names[child.parent.one] = {"description": child.doc, **reference}
    if child.parent and child.parent.many:
        names[child.parent.many] = {"description": child.doc, "type": "array", "items": reference}
    return names


def _written(kind: Kind, writing: _Writing) -> Schema:
    schema = _record(kind.record, writing, may_be_null=kind.absent is Absent.NOT_MANAGED)
    needed = [] if kind.default_key is not None else [kind.key]
    return {**schema, "description": kind.doc, "required": needed, "examples": [jsonable(kind.example)]}


def _partial(record: Record, writing: _Writing) -> Schema:
    """A record of which any part may be given."""
    schema = _record(record, writing, may_be_null=False)
    return {name: value for name, value in schema.items() if name != "required"}


def _record(record: Record, writing: _Writing, *, may_be_null: bool) -> Schema:
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


def _field(item: Field, writing: _Writing, *, may_be_null: bool) -> Schema:
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


def _shape(shape: Shape, writing: _Writing, *, may_be_null: bool = False) -> Schema:
    match shape:
        case Record():
            return _short(
                shape, _part(shape, writing) or _record(shape, writing, may_be_null=_deep(shape, may_be_null))
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


def _part(record: Record, writing: _Writing) -> Schema:
    """A record that has a name of its own, as files have it; empty for any other."""
    if writing.stage is Stage.EXPANDED:
        return {}
    for name, part in _NAMED.items():
        if record is part:
            if name not in writing.defs:
                writing.defs[name] = _written_part(name, part, writing)
            return {"$ref": f"#/$defs/{name}"}
    return {}


def _written_part(name: str, part: Record, writing: _Writing) -> Schema:
    schema = _partial(part, writing)
    if name not in USING:
        return {**schema, "required": ["key"]}
    doc = "A card of the library to start from; fields written next to it replace the card's."
    use = {"description": doc, "type": "string", "minLength": 1, "examples": ["api_standard"]}
    return {**schema, "properties": {"use": use, **schema["properties"]}}


def _case(variant: Variant, tag: str, record: Record, writing: _Writing) -> Schema:
    schema = _record(record, writing, may_be_null=False)
    schema["properties"] = {variant.tag: {"const": tag, **_described(record.doc)}, **schema["properties"]}
    schema["required"] = [variant.tag, *schema.get("required", [])]
    return schema


def _lazy(shape: Lazy, writing: _Writing) -> Schema:
    if shape.name not in writing.defs:
        writing.defs[shape.name] = {}  # so that the shape finds itself
        writing.defs[shape.name] = _shape(shape.get(), writing)
    return {"$ref": f"#/$defs/{shape.name}"}
