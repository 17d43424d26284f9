"""The right shape for a value of the wrong type: a guess at the meaning, or else an example."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from billsync.config.text.scalars import resolve, shorten
from billsync.model.limits import SHOWN_CHARACTERS
from billsync.model.value import Plain

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|…")
_LONGEST = 2 * SHOWN_CHARACTERS

Schema = Mapping[str, Any]


def right_shape(name: str, value: Plain, schema: Schema) -> str:
    """A hint that shows the shape: ``Write `subscription: {plan: pro}` ``; empty where nothing is known."""
    for meant in _meant(value, schema):
        return f"Write `{_line(name, meant)}`."
    for example in _examples(schema):
        if not isinstance(example, str | bool):
            return f"For example: `{_line(name, example)}`."
    return ""


def flow(value: Plain) -> str:
    """The value as YAML in one line; texts are quoted where they would mean something else."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return value if _BARE.fullmatch(value) and resolve(value) == value else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _examples(schema: Schema) -> Iterator[Plain]:
    """The schema's own examples, or a list with one of its items'."""
    yield from schema.get("examples", ())
    if _takes(schema, "array"):
        yield from ([example] for example in schema.get("items", {}).get("examples", ()))


def _line(name: str, value: Plain) -> str:
    line = f"{name}: {flow(value)}" if name else flow(value)
    return shorten(line, _LONGEST)


def _meant(value: Plain, schema: Schema) -> Iterator[Plain]:
    """The value in the right shape, where it says enough for one."""
    if isinstance(value, Mapping) and _takes(schema, "string"):
        yield from (value[name] for name in ("key", "name", "amount") if isinstance(value.get(name), str))
    if isinstance(value, list) and len(value) == 1 and _fits(value[0], schema):
        yield value[0]
    if _takes(schema, "array"):
        items = schema.get("items", {})
        if isinstance(value, Mapping) and "key" not in value and _are_maps(value.values()):
            yield [{"key": name, **item} for name, item in value.items()]
        yield from ([item] for item in ([value] if _fits(value, items) else _meant(value, items)))
    if not isinstance(value, Mapping):
        yield from _maps(value, schema)


def _maps(value: Plain, schema: Schema) -> Iterator[Plain]:
    """Maps that a value may stand for: the form of a union that it names, or the one field that is needed."""
    for case in schema.get("oneOf", ()):
        tags = [name for name, field in case.get("properties", {}).items() if field.get("const", ...) == value]
        for tag in tags:
            yield {tag: value, **_samples(case, without=tag)}
    if _takes(schema, "object") and len(needed := schema.get("required", ())) == 1:
        (name,) = needed
        inner = schema["properties"].get(name, {})
        if _fits(value, inner):
            yield {name: value}
        elif _takes(inner, "array"):
            yield from (
                {name: [item]}
                for item in (value if isinstance(value, list) and len(value) == 1 else [value])
                if _fits(item, inner.get("items", {}))
            )


def _samples(case: Schema, *, without: str) -> Mapping[str, Plain]:
    """The fields that a form needs, with an example each."""
    fields = {name: case["properties"].get(name, {}) for name in case.get("required", ()) if name != without}
    return {name: next(iter(field.get("examples", ())), "…") for name, field in fields.items()}


def _are_maps(values: Collection[Plain]) -> bool:
    return bool(values) and all(isinstance(value, Mapping) for value in values)


def _fits(value: Plain, schema: Schema) -> bool:
    """Whether a value could stand there, by its type and form; a map has one of the fields at least."""
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return _takes(schema, "object") and (not fields or not fields.keys().isdisjoint(value))
    is_text = isinstance(value, str) and _takes(schema, "string")
    return is_text and re.search(schema.get("pattern", ""), value) is not None


def _takes(schema: Schema, kind: str) -> bool:
    kinds = schema.get("type", ())
    return kind in ((kinds,) if isinstance(kinds, str) else kinds)
