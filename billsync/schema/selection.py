"""The schema of `_info.select`: the part of a server that a configuration is about."""

from __future__ import annotations

from typing import Any

from billsync.kinds.forms import ENTITY
from billsync.model.kind import Registry
from billsync.model.labels import MOST_SELECTING
from billsync.schema.texts import TEXT


def selection_schema(registry: Registry) -> dict[str, Any]:
    """The schema of the block."""
    return {
        "description": "The part of a server that these files are about. Everything else there is left alone.",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "labels": {
                "description": "Labels that everything in these files gets, where its kind has labels. Only live "
                "entities that carry all of them may be deleted.",
                "type": "object",
                "minProperties": 1,
                "maxProperties": MOST_SELECTING,
                "additionalProperties": TEXT,
                "examples": [{"team": "payments"}],
            },
            "kinds": {
                "description": "Only these kinds are compared and written. Others are read as far as these need them.",
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"enum": list(registry)},
                "examples": [["meter", "feature", "plan"]],
            },
            "entities": {
                "description": "Only these entities, and what they need, are compared and written: KIND/KEY, and "
                "KIND/CUSTOMER/KEY of something that belongs to a customer; globs. `dump --select` writes it.",
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "pattern": ENTITY},
                "examples": [["plan/pro", "grant/acme/*"]],
            },
        },
        "examples": [{"labels": {"team": "payments"}, "kinds": ["meter", "feature", "plan"]}],
    }
