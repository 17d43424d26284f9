"""The schema of `_info.policy`: rules that a configuration sets for itself. No flag overrides them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billsync.kinds.forms import EXACT, PERCENT
from billsync.model.duration import PATTERN
from billsync.model.kind import Registry
from billsync.model.limits import NUMBER_CHARACTERS
from billsync.model.policy import PERCENT_FROM
from billsync.schema.texts import KEYS


def policy_schema(registry: Registry, guards: Sequence[str]) -> dict[str, Any]:
    """The schema of the block; `guards` are the names of the guards that flags override."""
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
            "max_deletes": {
                "description": "The largest number of entities that one run may delete.",
                "type": "integer",
                "minimum": 0,
                "examples": [5],
            },
            "max_delete_percent": _delete_percent(),
            "protected": _protected(registry),
            "forbid": {
                "description": "Guards that no flag overrides. `deletes` keeps the number that a run may delete at its "
                "default, and `revert` leaves alone what somebody changed elsewhere.",
                "type": "array",
                "items": {"enum": list(guards)},
                "examples": [["cancel", "void"]],
            },
            "nothing_due_at_start": {
                "description": "Plans by keys and globs that bill nothing when a subscription begins: a fee in advance "
                "in their first phase is an error, for `validate`, too.",
                **KEYS,
                "examples": [["fleet*"]],
            },
            "require_owner": {
                "description": "Whether files without an `owner` are an error, for `validate`, too.",
                "type": "boolean",
                "default": False,
                "examples": [True],
            },
        },
    }


def _delete_percent() -> dict[str, Any]:
    share = {"type": ["number", "string"], "pattern": PERCENT, "maxLength": NUMBER_CHARACTERS, "minimum": 0}
    share["maximum"] = 100
    return {
        "description": "The largest share of the owned entities of a kind that one run may delete, in percent.",
        "anyOf": [
            share,
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["percent"],
                "properties": {
                    "percent": {"description": "The share, in percent.", **share, "examples": [10]},
                    "from": {
                        "description": f"The number of owned entities from which it counts. Default: {PERCENT_FROM}.",
                        "type": "integer",
                        "minimum": 1,
                        "examples": [20],
                    },
                },
            },
        ],
        "examples": [{"percent": 10, "from": 20}],
    }


def _protected(registry: Registry) -> dict[str, Any]:
    return {
        "description": "What is never deleted, by collection: keys and globs. Nothing that belongs to it is deleted, "
        "cancelled or voided either.",
        "type": "object",
        "additionalProperties": False,
        "properties": {kind.collection: KEYS for kind in registry.values()},
        "examples": [{"customers": ["acme", "big_*"]}],
    }


def _price_policy() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["usage"],
        "anyOf": [{"required": ["max_increase"]}, {"required": ["max_decrease"]}],
        "allOf": [{"anyOf": [{"required": ["plans"]}, {"required": ["addons"]}]}],
        "properties": {
            "plans": _keys("The plans that it applies to: keys and globs.", "pro*"),
            "addons": _keys("The add-ons that it applies to: keys and globs.", "seats*"),
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


def _keys(doc: str, example: str) -> dict[str, Any]:
    return {"description": doc, **KEYS, "minItems": 1, "examples": [[example]]}


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
