"""Shapes → JSON Schema (2020-12), for the validator and for editors.

An entity stands in files as a person writes it, with `use` and nested entities, and with nothing required that a
default could fill in; after that has been expanded, it is checked against a strict schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.api.routes import DIALECTS
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.kind import Absent, Kind, Registry
from billsync.model.value import jsonable
from billsync.schema.codes import guard_names
from billsync.schema.policy import policy_schema
from billsync.schema.records import LIBRARY, PARTS, Schema, Stage, Writing, definitions, partial, record_schema
from billsync.schema.selection import selection_schema
from billsync.schema.texts import KEYS, TEXT
from billsync.schema.transitions import transitions_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMAT_VERSION = "1.0"


def kind_schema(kind: Kind) -> Schema:
    """The strict schema of one entity after `use` and the defaults, without what nests in it.

    Refused fields pass, so that a check can report the reason.
    """
    writing = Writing(Stage.EXPANDED)
    schema = record_schema(kind.record, writing, may_be_null=kind.absent is Absent.NOT_MANAGED)
    return {"$schema": DIALECT, **schema, **definitions(writing)}


def written_schema(registry: Registry, kind: Kind) -> Schema:
    """The schema of one entity as it stands in a file's collection."""
    writing = Writing(Stage.WRITTEN)
    schema = _top_level(registry, kind, writing)
    return {"$schema": DIALECT, "title": kind.name, **schema, **definitions(writing)}


def file_schema(registry: Registry) -> Schema:
    """The schema of a whole file."""
    writing = Writing(Stage.WRITTEN)
    properties = _settings(registry, writing)
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
        **definitions(writing),
    }


def _settings(registry: Registry, writing: Writing) -> Schema:
    """The names at the top of a file that are no collections of entities."""
    return {
        "$schema": {"description": "Where an editor finds this schema; it means nothing else.", "type": "string"},
        "_format_version": {
            "description": "The version of the file format. It may be left out.",
            "enum": [FORMAT_VERSION, 1],
        },
        "_info": _info(registry, writing),
        "rate_cards": {
            "description": "A library of rate cards, by name. Plans and add-ons take a card from it with `use: NAME`.",
            "type": "object",
            "additionalProperties": partial(PARTS[LIBRARY], writing),
        },
        "external": _patterns(
            registry, "Entities that are only referred to and never written, by collection: keys and globs."
        ),
        "adopted": _patterns(
            registry,
            "Entities that are yours although they have no owner's label, by collection: keys and globs; of what "
            "belongs to a customer, also `CUSTOMER/KEY`.",
        ),
        "moved": _moved(registry),
        "forget": _forget(registry),
    }


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _info(registry: Registry, writing: Writing) -> Schema:
    defaults = {kind.name: partial(kind.record, writing) for kind in registry.values()}
    defaults.update({name: partial(record, writing) for name, record in PARTS.items()})
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
    return {
        "description": "The server that these files are for. With another one, nothing is read or written.",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "dialect": {"description": "The family of servers.", "enum": list(DIALECTS)},
            "region": {"description": "Konnect's region, as its address begins.", **TEXT, "examples": ["eu"]},
            "org": {"description": "The id or the name of the organization of the token, in Konnect.", **TEXT},
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
    return {
        "description": doc,
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(sorted(collections), KEYS),
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
    properties: Schema = {
        "kind": {"description": "The kind of the entity.", "enum": sorted(registry)},
        **{name: {"description": f"The {name} that it belongs to, by its key now.", **TEXT} for name in parents},
        **{name: {"description": doc, **TEXT} for name, doc in keys.items()},
    }
    items = {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind", *keys],
        "properties": properties,
    }
    return {"type": "array", "items": items}


def _top_level(registry: Registry, kind: Kind, writing: Writing) -> Schema:
    """The schema of an entity in its own collection: it names its parent, and may hold nested children."""
    schema = _written(kind, writing)
    properties = {**schema["properties"]}
    if kind.parent is not None:
        doc = f"The {kind.parent.kind} that it belongs to, by key."
        properties[kind.parent.kind] = {"description": doc, **TEXT}
        schema["required"] = [*schema.get("required", []), kind.parent.kind]
    for child in registry.values():
        if child.parent is not None and child.parent.kind == kind.name:
            properties.update(_nested(child, writing))
    return {**schema, "properties": properties}


def _nested(child: Kind, writing: Writing) -> Schema:
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


def _written(kind: Kind, writing: Writing) -> Schema:
    schema = record_schema(kind.record, writing, may_be_null=kind.absent is Absent.NOT_MANAGED)
    needed = [] if kind.default_key is not None else [kind.key]
    return {**schema, "description": kind.doc, "required": needed, "examples": [jsonable(kind.example)]}
