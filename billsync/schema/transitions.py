"""The schema of `_info.transitions`: rules for when subscriptions change from one plan to another."""

from __future__ import annotations

from typing import Any

from billsync.kinds.forms import RESOURCE_KEY
from billsync.model import duration
from billsync.model.limits import NUMBER_CHARACTERS
from billsync.model.transition import REFUSE, TIMINGS
from billsync.schema.texts import TEXT


def transitions_schema() -> dict[str, Any]:
    """The schema of the list."""
    return {
        "description": "When subscriptions change from one plan to another: the first rule that covers the change "
        "decides. The `change` of a subscription goes before them.",
        "type": "array",
        "items": _transition(),
        "examples": [
            [
                {"from": "free", "to": "*", "timing": "immediate"},
                {"from": {"cadence": "P1Y"}, "to": {"cadence": "P1M"}, "timing": "at_renewal"},
                {"from": "enterprise", "to": "*", "timing": "refuse", "message": "talk to sales"},
                {"from": "plus", "on_cancel": "free"},
            ]
        ],
    }


def _transition() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "oneOf": [{"required": ["timing"]}, {"required": ["on_cancel"]}],
        "properties": {
            "from": _side("The plans that subscriptions are on. Without it, any."),
            "to": _side("The plans that they change to. Without it, any."),
            "timing": {
                "description": "At once, with the next billing period, or not at all.",
                "enum": [*TIMINGS, REFUSE],
            },
            "message": {
                "description": "The reason, for the person whose change is refused.",
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
            },
            "on_cancel": {
                "description": "The plan, by key, that a subscription changes to when it is declared to end, instead "
                "of ending. When it ends is when it changes.",
                "type": "string",
                "pattern": RESOURCE_KEY,
                "examples": ["free"],
            },
        },
    }


def _side(doc: str) -> dict[str, Any]:
    cadence = {"type": "string", "pattern": duration.PATTERN, "maxLength": NUMBER_CHARACTERS}
    return {
        "description": f"{doc} A key or glob, a list of them, or a map with `plans` and `cadence`.",
        "anyOf": [
            TEXT,
            {"type": "array", "minItems": 1, "items": TEXT},
            {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {
                    "plans": {
                        "description": "Keys and globs.",
                        "type": "array",
                        "minItems": 1,
                        "items": TEXT,
                    },
                    "cadence": {"description": "Their billing cadence, as `P1M` or `P1Y`.", **cadence},
                },
            },
        ],
        "examples": ["free", {"cadence": "P1M"}],
    }
