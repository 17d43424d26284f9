"""The schema of `_info.policy`: rules that a configuration sets for itself. No flag overrides them."""

from __future__ import annotations

from typing import Any

from billsync.kinds.forms import EXACT, PERCENT
from billsync.model.duration import PATTERN
from billsync.model.limits import NUMBER_CHARACTERS


def policy_schema() -> dict[str, Any]:
    """The schema of the block."""
    return {
        "description": "Rules that stop a run before its first write. No flag overrides them.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "prices": {
                "description": "The largest changes that new prices may make to the charge for a feature in a period.",
                "type": "array",
                "items": _price_policy(),
            },
            "notice": {
                "description": "The time that customers are given before `migrate` moves them: a move that would take "
                "effect earlier is refused.",
                "type": "string",
                "pattern": PATTERN,
                "maxLength": NUMBER_CHARACTERS,
                "examples": ["P14D"],
            },
        },
    }


def _price_policy() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["plans", "usage"],
        "anyOf": [{"required": ["max_increase"]}, {"required": ["max_decrease"]}],
        "properties": {
            "plans": {
                "description": "The plans that it applies to: keys and globs.",
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "minLength": 1},
                "examples": [["pro*"]],
            },
            "max_increase": _percent("The largest increase."),
            "max_decrease": _percent("The largest decrease."),
            "usage": {
                "description": "The range of usage in a period over which it is checked, at each bound of a tier.",
                "type": "object",
                "additionalProperties": False,
                "required": ["from", "to"],
                "properties": {"from": _quantity("The least."), "to": _quantity("The most.")},
                "examples": [{"from": 0, "to": 1000000}],
            },
        },
    }


def _percent(doc: str) -> dict[str, Any]:
    return {
        "description": doc,
        "type": "string",
        "pattern": PERCENT,
        "maxLength": NUMBER_CHARACTERS,
        "examples": ["10%"],
    }


def _quantity(doc: str) -> dict[str, Any]:
    return {
        "description": doc,
        "type": ["string", "number"],
        "pattern": EXACT,
        "maxLength": NUMBER_CHARACTERS,
        "minimum": 0,
    }
