"""Checks a request body against the generated table the way the real server's validator does, and fills in defaults.

Rule of every step: catalog-facts.md §1.2. It knows schemas only, no resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from billsync.local.store.times import instant_of
from billsync.model.frozen import dataclass, replace

Schema = Mapping[str, Any]
READ_ONLY = "readOnly"
VALUE_FACTS = frozenset(
    ("type", "enum", "allOf", "anyOf", "oneOf", "properties", "items", "pattern", "additionalProperties", "format")
)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something wrong at a place in the body. Without a rule the place isn't named in the answer."""

    rule: str | None
    reason: str
    path: tuple[str, ...] = ()

    def inside(self, name: str) -> Violation:
        return replace(self, path=(name, *self.path))


class Validator:
    """Checks values against the schemas of one table; defaults are written into the value it is given."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def violations(self, schema: Schema, value: Any) -> list[Violation]:
        """Return all problems of the value, in the order of the real server; missing defaults are filled in."""
        schema = self.resolved(schema)
        if value is None and schema.get("nullable"):
            return []
        if value is not None and not VALUE_FACTS & schema.keys():
            return []
        wrong = self._combined(schema, value)
        if wrong or (value is None and schema.keys() & {"allOf", "anyOf", "oneOf"}):
            return wrong
        if "enum" in schema and value not in schema["enum"]:
            return [Violation("enum", f"value is not one of the allowed values {schema['enum']}")]
        return list(self._by_type(schema, value))

    def resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        return schema

    def _combined(self, schema: Schema, value: Any) -> list[Violation]:
        if "oneOf" in schema and (wrong := self._one_of(schema, value)):
            return wrong
        if "anyOf" in schema and not self._any_of(schema["anyOf"], value):
            return [Violation("anyOf", 'doesn\'t match any schema from "anyOf"')]
        if any(self.violations(part, value) for part in schema.get("allOf", ())):
            return [Violation("allOf", 'doesn\'t match all schemas from "allOf"')]
        return []

    def _one_of(self, schema: Schema, value: Any) -> list[Violation]:
        """A discriminator picks the branch; the error is then the first of the branch's own."""
        branches = schema["oneOf"]
        if "discriminator" in schema and isinstance(value, dict):
            name, mapping = schema["discriminator"]
            chosen = value.get(name)
            if not isinstance(chosen, str) or (mapping and chosen not in mapping):
                return [Violation(None, f"discriminator property {name!r} has an invalid value")]
            branches = [{"$ref": mapping[chosen]}] if mapping else branches
        tried = [copied(value) for _ in branches]
        found = [self.violations(branch, one) for branch, one in zip(branches, tried, strict=True)]
        fitting = [place for place, wrong in enumerate(found) if not wrong]
        if len(fitting) == 1:
            return self._filled(branches[fitting[0]], value, tried[fitting[0]])
        if len(found) == 1:
            return found[0][:1]
        return [Violation("oneOf" if fitting else None, "value must match exactly one schema")]

    def _any_of(self, branches: list[Schema], value: Any) -> bool:
        for branch in branches:
            tried = copied(value)
            if not self.violations(branch, tried):
                self._filled(branch, value, tried)
                return True
        return False

    def _filled(self, branch: Schema, value: Any, tried: Any) -> list[Violation]:
        """Fills defaults into a value that fits the branch; nothing is to be done where its copy got none."""
        return [] if tried == value else self.violations(branch, value)

    def _by_type(self, schema: Schema, value: Any) -> Iterator[Violation]:
        if value is None:
            yield Violation("nullable", "Value is not nullable")
        elif isinstance(value, bool):
            yield from _expected(schema, "boolean")
        elif isinstance(value, int | Decimal):
            yield from _number(schema, value)
        elif isinstance(value, str):
            yield from _expected(schema, "string") or _string(schema, value)
        elif isinstance(value, list):
            yield from _expected(schema, "array") or self._array(schema, value)
        else:
            yield from _expected(schema, "object") or self._object(schema, value)

    def _array(self, schema: Schema, value: list[Any]) -> Iterator[Violation]:
        if len(value) < schema.get("minItems", 0):
            yield Violation("min_items", f"minimum number of items is {schema['minItems']}")
        if len(value) > schema.get("maxItems", len(value)):
            yield Violation("max_items", f"maximum number of items is {schema['maxItems']}")
        if schema.get("uniqueItems") and any(item in value[:place] for place, item in enumerate(value)):
            yield Violation("uniqueItems", "duplicate items found")
        for place, item in enumerate(value):
            yield from self._inside(str(place), schema.get("items", {}), item)

    def _object(self, schema: Schema, value: dict[str, Any]) -> Iterator[Violation]:
        properties = schema.get("properties", {})
        yield from self._prepared(properties, value)
        if len(value) > schema.get("maxProperties", len(value)):
            yield Violation("maxProperties", f"there must be at most {schema['maxProperties']} properties")
        extra = schema.get("additionalProperties", True)
        for name in sorted(value):
            if name in properties:
                yield from self._inside(name, properties[name], value[name])
            elif extra is False:
                yield Violation("properties", f'property "{name}" is unsupported')
            elif extra is not True:
                yield from self._inside(name, extra, value[name])
        for name in schema.get("required", ()):
            if name not in value and not self.resolved(properties.get(name, {})).get("readOnly"):
                yield Violation("required", f'property "{name}" is missing', (name,))

    def _prepared(self, properties: Mapping[str, Schema], value: dict[str, Any]) -> Iterator[Violation]:
        for name, schema in sorted(properties.items()):
            schema = self.resolved(schema)
            if value.get(name) is None and "default" in schema:
                value[name] = copied(schema["default"])
            if value.get(name) is not None and schema.get("readOnly"):
                yield Violation(READ_ONLY, f'readOnly property "{name}" in request')

    def _inside(self, name: str, schema: Schema, value: Any) -> Iterator[Violation]:
        return (violation.inside(name) for violation in self.violations(schema, value))


def copied(value: Any) -> Any:
    """The JSON value with lists and objects of its own."""
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def _expected(schema: Schema, kind: str) -> list[Violation]:
    wanted = schema.get("type", kind)
    article = "an" if wanted[0] in "aio" else "a"
    return [] if wanted == kind else [Violation("type", f"value must be {article} {wanted}")]


def _number(schema: Schema, value: int | Decimal) -> Iterator[Violation]:
    wanted = schema.get("type", "number")
    if wanted == "integer" and value != Decimal(value).to_integral_value():
        yield Violation("type", "value must be an integer")
        return
    if wanted not in ("number", "integer"):
        yield from _expected(schema, "number")
        return
    if "minimum" in schema and value < schema["minimum"]:
        yield Violation("minimum", f"number must be at least {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        yield Violation("maximum", f"number must be at most {schema['maximum']}")


def _string(schema: Schema, value: str) -> Iterator[Violation]:
    """Yield problems of a text; its length counts code points (customer-facts.md §1.2)."""
    length = len(value)
    if length < schema.get("minLength", 0):
        yield Violation("min_length", f"minimum string length is {schema['minLength']}")
    if length > schema.get("maxLength", length):
        yield Violation("max_length", f"maximum string length is {schema['maxLength']}")
    if "pattern" in schema and not compiled(schema["pattern"]).search(value):
        yield Violation("pattern", f'string doesn\'t match the regular expression "{schema["pattern"]}"')
    if (known := FORMATS.get(schema.get("format", ""))) and not known(value):
        yield Violation("format", f'string doesn\'t match the format "{schema["format"]}"')


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as the specification's language means it: `$` is the very end, `\\d` is ASCII."""
    ends = pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
    return re.compile(ends, re.ASCII)


FORMATS: Mapping[str, Callable[[str], bool]] = {"date-time": lambda text: instant_of(text) is not None}
