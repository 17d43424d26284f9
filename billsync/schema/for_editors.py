"""Schemas for editors: as the files are written, also with `!env` and `!file` in the place of values, and in overlays.

An editor doesn't know what a tag stands for: it sees the name after `!env` as a text, and its map as a map. So fields
that only take numbers, or texts of one form, also take names in upper case and paths here; billsync itself checks the
value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.kinds.forms import SOURCE_PATH, VARIABLE

Schema = dict[str, Any]

OUTSIDE = "outside"
NAMED = frozenset({"key", "type", "kind", "use", "version", "from", "to"})
"""Fields whose values are names of something, or choose a form."""
ABOUT = ("description", "examples", "title")
SHELL = ("$schema", "_format_version", "_info", "external", "adopted", "moved", "forget")
"""Parts of a file without values from outside."""

_OUTSIDE: Schema = {
    "description": "After `!env`: the name of a variable, or a map with `name` and `default`. After `!file`: a path.",
    "anyOf": [
        {"type": "string", "pattern": VARIABLE},
        {"type": "string", "pattern": SOURCE_PATH},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "default": {}},
        },
    ],
}
_OVERLAY: Schema = {"description": "This file is an overlay: it is merged over others with `--overlay`.", "const": True}


def for_editors(schema: Mapping[str, Any]) -> Schema:
    """The schema of a file, or of one entity in it, with values from outside where they may stand."""
    is_file = "_info" in schema.get("properties", {})
    properties = {
        name: part if is_file and name in SHELL else _field(name, part) for name, part in schema["properties"].items()
    }
    if is_file:
        properties = {"$schema": properties.pop("$schema"), "_overlay": _OVERLAY, **properties}
    defs = {name: _inside(part) for name, part in schema.get("$defs", {}).items()}
    return {**schema, "properties": properties, "$defs": {**defs, OUTSIDE: _OUTSIDE}}


def _field(name: str, schema: Any) -> Any:
    """The schema of a field: of one that takes a plain value, with a value from outside as another form."""
    if not isinstance(schema, dict) or name in NAMED or not _takes_value(schema):
        return _inside(schema)
    about = {word: schema[word] for word in ABOUT if word in schema}
    rest = {word: part for word, part in schema.items() if word not in about}
    return {**about, "anyOf": [rest, {"$ref": f"#/$defs/{OUTSIDE}"}]}


def _takes_value(schema: Schema) -> bool:
    """Whether a schema is of plain values of one form: any text is taken from a variable already."""
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    is_plain = (bool(kinds) and not kinds & {"object", "array"}) or ("enum" in schema and not kinds)
    is_any_text = kinds <= {"string", "null"} and not schema.keys() & {"pattern", "enum", "const", "maxLength"}
    return is_plain and not is_any_text


def _inside(schema: Any) -> Any:
    """The schema with the same in its parts."""
    if isinstance(schema, list):
        return [_inside(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: {name: _field(name, field) for name, field in part.items()}
        if word == "properties"
        else part
        if word in ("examples", "enum", "const", "required")
        else _inside(part)
        for word, part in schema.items()
    }
