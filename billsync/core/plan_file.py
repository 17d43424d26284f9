"""The plan file as JSON and back, without loss (law 8): numbers stay exact, symbols stay symbols.

No command writes or reads one yet; `diff --out plan=FILE` and `sync --plan-file` will (design.md §7).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billsync.model.address import Address, Symbol, parse_address
from billsync.model.change import (
    Action,
    Call,
    Change,
    Effect,
    Expectation,
    FieldChange,
    Guard,
    Obstacle,
    Outcome,
    PlanFile,
    Reading,
    Step,
)
from billsync.model.source import Source
from billsync.model.value import FloatFound, Masked, Plain

FORMAT_VERSION = "1.0"
SYMBOL, NUMBER, LITERAL, MASKED = "$symbol", "$number", "$literal", "$masked"
TAGS = frozenset({SYMBOL, NUMBER, LITERAL, MASKED})
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""The errors of reading a text of another form; a damaged number is an ArithmeticError."""


class UnknownFormat(ValueError):
    """The text isn't a plan file of a version that this billsync supports."""


def to_json(plan_file: PlanFile) -> str:
    """The plan file as JSON text; the same plan file always gives the same bytes."""
    document = {
        "format_version": plan_file.format_version,
        "billsync": plan_file.billsync,
        "target": plan_file.target,
        "dialect": plan_file.dialect,
        "intended": dict(plan_file.intended),
        "moved": {new.text: [old.text for old in olds] for new, olds in plan_file.moved.items()},
        "owner": plan_file.owner,
        "mode": plan_file.mode,
        "allowed": list(plan_file.allowed),
        "created_at": plan_file.created_at,
        "expires_at": plan_file.expires_at,
        "changes": [_change(change) for change in plan_file.changes],
        "guards": [_guard(guard) for guard in plan_file.guards],
        "steps": [_step(step) for step in plan_file.steps],
        "readings": [_reading(reading) for reading in plan_file.readings],
        "secrets": dict(plan_file.secrets),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> PlanFile:
    """The plan file that `to_json` wrote. Raises UnknownFormat for anything else."""
    try:
        document = json.loads(text)
        version = document["format_version"]
        if version != FORMAT_VERSION:
            raise UnknownFormat(f"plan file format {version!r}; this billsync knows {FORMAT_VERSION!r}")
        return _plan_file(document)
    except UnknownFormat:
        raise
    except MALFORMED as error:
        raise UnknownFormat(f"not a plan file: {error}") from error


def _plan_file(document: Any) -> PlanFile:
    return PlanFile(
        target=document["target"],
        owner=document["owner"],
        mode=document["mode"],
        changes=tuple(_read_change(item) for item in document["changes"]),
        steps=tuple(_read_step(item) for item in document["steps"]),
        guards=tuple(_read_guard(item) for item in document["guards"]),
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        format_version=document["format_version"],
        intended={str(name): str(value) for name, value in document.get("intended", {}).items()},
        moved={parse_address(new): tuple(map(parse_address, olds)) for new, olds in document.get("moved", {}).items()},
        dialect=document.get("dialect", ""),
        allowed=tuple(document.get("allowed", ())),
        billsync=document.get("billsync", ""),
        readings=tuple(_read_reading(item) for item in document.get("readings", ())),
        secrets={str(name): str(value) for name, value in document.get("secrets", {}).items()},
    )


def _tagged(value: Plain) -> Any:
    """The value in JSON's types; a value of any other type becomes a map with one tagged member."""
    if isinstance(value, float):
        raise FloatFound(repr(value))
    if isinstance(value, Symbol):
        return {SYMBOL: value.address.text}
    if isinstance(value, Masked):
        return {MASKED: [value.source.form, value.source.name, value.form, value.proof]}
    if isinstance(value, Decimal):
        return {NUMBER: format(value, "f")}
    if isinstance(value, Mapping):
        plain = {str(key): _tagged(item) for key, item in value.items()}
        return {LITERAL: plain} if plain.keys() & TAGS else plain
    if isinstance(value, tuple | list):
        return [_tagged(item) for item in value]
    return value


def _untagged(value: Any) -> Plain:
    if isinstance(value, dict):
        if value.keys() == {SYMBOL}:
            return Symbol(parse_address(value[SYMBOL]))
        if value.keys() == {MASKED}:
            form, name, spelling, proof = value[MASKED]
            return Masked(Source(form, name), spelling, proof)
        if value.keys() == {NUMBER}:
            return Decimal(value[NUMBER])
        inner = value[LITERAL] if value.keys() == {LITERAL} else value
        return {key: _untagged(item) for key, item in inner.items()}
    if isinstance(value, list):
        return tuple(_untagged(item) for item in value)
    return value


def _change(change: Change) -> Any:
    return {
        "address": change.address.text,
        "action": change.action.value,
        "verb": change.verb,
        "outcome": change.outcome.value,
        "code": change.code,
        "reason": change.reason,
        "hint": change.hint,
        "fields": [{"path": list(f.path), "old": _tagged(f.old), "new": _tagged(f.new)} for f in change.fields],
        "steps": list(change.steps),
        "old": _tagged(change.old),
        "timing": change.timing,
        "effect": change.effect.value if change.effect else None,
        "staying": change.staying,
    }


def _read_change(item: Any) -> Change:
    return Change(
        address=parse_address(item["address"]),
        action=Action(item["action"]),
        verb=item["verb"],
        outcome=Outcome(item["outcome"]),
        fields=tuple(FieldChange(tuple(f["path"]), _untagged(f["old"]), _untagged(f["new"])) for f in item["fields"]),
        reason=item["reason"],
        hint=item["hint"],
        code=item["code"],
        steps=tuple(item["steps"]),
        old=_untagged(item["old"]),
        timing=item.get("timing", ""),
        effect=Effect(item["effect"]) if item.get("effect") else None,
        staying=item.get("staying"),
    )


def _step(step: Step) -> Any:
    return {
        "id": step.id,
        "address": step.address.text,
        "verb": step.verb,
        "call": {"method": step.call.method, "path": step.call.path, "body": _tagged(step.call.body)},
        "before": _expectation(step.before),
        "after": _expectation(step.after),
        "needs": list(step.needs),
        "repeatable": step.repeatable,
    }


def _read_step(item: Any) -> Step:
    call = item["call"]
    return Step(
        id=item["id"],
        address=parse_address(item["address"]),
        verb=item["verb"],
        call=Call(call["method"], call["path"], _untagged(call["body"])),
        before=_read_expectation(item["before"]),
        after=_read_expectation(item["after"]),
        needs=tuple(item["needs"]),
        repeatable=item["repeatable"],
    )


def _expectation(expectation: Expectation) -> Any:
    return {
        "view": _tagged(expectation.view),
        "statuses": list(expectation.statuses),
        "at_least": list(expectation.at_least),
        "without": [_obstacle(obstacle) for obstacle in expectation.without],
        "marked": list(expectation.marked),
        "facts": _tagged(expectation.facts),
        "partial": expectation.partial,
    }


def _obstacle(obstacle: Obstacle) -> Any:
    return {"rule": obstacle.rule, "kind": obstacle.kind, "path": obstacle.path, "known": obstacle.known}


def _read_expectation(item: Any) -> Expectation:
    """Read the output of `_expectation`; older files have no `at_least`, `without`, `marked`, `facts` and `partial`."""
    return Expectation(
        _untagged(item["view"]),
        tuple(item["statuses"]),
        tuple(item.get("at_least", ())),
        tuple(Obstacle(o["rule"], o["kind"], o["path"], o.get("known", 0)) for o in item.get("without", ())),
        tuple(item.get("marked", ())),
        _untagged(item["facts"]) if item.get("facts") else {},
        item.get("partial", False),
    )


def _reading(reading: Reading) -> Any:
    return {
        "address": reading.address.text,
        "expected": _expectation(reading.expected),
        "steps": list(reading.steps),
        "fields": None if reading.fields is None else list(reading.fields),
    }


def _read_reading(item: Any) -> Reading:
    fields = item["fields"]
    return Reading(
        parse_address(item["address"]),
        _read_expectation(item["expected"]),
        tuple(item["steps"]),
        None if fields is None else tuple(fields),
    )


def _guard(guard: Guard) -> Any:
    return {
        "code": guard.code,
        "reason": guard.reason,
        "flag": guard.flag,
        "addresses": [address.text for address in guard.addresses],
    }


def _read_guard(item: Any) -> Guard:
    addresses: tuple[Address, ...] = tuple(parse_address(text) for text in item["addresses"])
    return Guard(item["code"], item["reason"], item["flag"], addresses)
