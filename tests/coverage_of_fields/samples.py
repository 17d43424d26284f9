"""Values that a JSON Schema accepts, made from the schema itself: its examples, its choices, and words that fit.

It knows no field of any kind, so that a new field is tried without a change here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator

Schema: TypeAlias = Mapping[str, Any]

WORDS = (
    "other",
    "another_word",
    "EUR",
    "DE",
    "P2W",
    "P1W",
    "P6M",
    "PT6H",
    "2026-03-01T00:00:00Z",
    "2.5",
    "7",
    "1",
    "$.another",
    "3",
)
"""Texts of every form that a field may ask for; what doesn't fit is left out by the schema."""

DEEPEST = 6


class Samples:
    """Makes values for the parts of one schema.

    `words` are further texts to try, such as keys that exist; `first` are those that go before all others.
    """

    def __init__(self, root: Schema, words: Sequence[str] = (), first: Sequence[str] = ()) -> None:
        self.root = root
        self.words = (*first, *words)
        self.first = first

    def resolve(self, schema: Schema) -> Schema:
        """The schema, with its reference into the root followed and what stands beside it kept."""
        while "$ref" in schema:
            found: Any = self.root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
        return schema

    def forms(self, schema: Schema) -> tuple[Schema, ...]:
        """The alternatives of a schema but null, those of alternatives among them."""
        found: list[Schema] = []
        for form in map(self.resolve, branches(schema)):
            found += self.forms(form) or ([form] if form.get("type") != "null" else [])
        return tuple(found)

    def accepts(self, schema: Schema, value: Any) -> bool:
        """Whether the value is valid."""
        validator = Draft202012Validator({**schema, "$defs": self.root.get("$defs", {})})
        return bool(validator.is_valid(value))

    def values(self, schema: Schema, depth: int = 0) -> tuple[Any, ...]:
        """Valid values, each once, the most telling first."""
        schema = self.resolve(schema)
        return _distinct(value for value in self._raw(schema, depth) if self.accepts(schema, value))

    def others(self, schema: Schema, present: Any) -> tuple[Any, ...]:
        """Valid values of the present one's type that differ from it and from the default."""
        schema = self.resolve(schema)
        avoided = (present, schema.get("default"))
        near = (*self.first, *_near(present), *self.values(schema))
        kept = (value for value in near if value not in avoided and type(value) is type(present))
        return _distinct(value for value in kept if self.accepts(schema, value))

    def _raw(self, schema: Schema, depth: int) -> Iterator[Any]:
        yield from self.first
        yield from schema.get("examples", ())
        yield from schema.get("enum", ())
        if "const" in schema:
            yield schema["const"]
        for branch in branches(schema):
            if depth < DEEPEST:
                yield from self.values(branch, depth + 1)
        yield from self._of_type(schema, depth)

    def _of_type(self, schema: Schema, depth: int) -> Iterator[Any]:
        match type_of(schema):
            case "boolean":
                yield from (True, False)
            case "integer" | "number":
                yield from (7, 1, 3)
            case "string":
                yield from (*self.words, *WORDS)
            case "array" if depth < DEEPEST:
                yield from ([value] for value in self.values(schema.get("items", {}), depth + 1)[:2])
            case "object" if depth < DEEPEST:
                yield from self._maps(schema, depth)
            case "":
                yield from ("another", {"another": "value"})

    def _maps(self, schema: Schema, depth: int) -> Iterator[Any]:
        required = {name: self._first(schema, name, depth) for name in schema.get("required", ())}
        if required or not schema.get("properties"):
            yield required
        for name in schema.get("properties", {}):
            yield {**required, name: self._first(schema, name, depth)}
        if isinstance(schema.get("additionalProperties"), Mapping):
            inner = self.values(schema["additionalProperties"], depth + 1)
            yield from ({word: value} for word in (*self.words, *WORDS) for value in inner[:1])

    def _first(self, schema: Schema, name: str, depth: int) -> Any:
        values = self.values(schema["properties"][name], depth + 1)
        return values[0] if values else None


def branches(schema: Schema) -> tuple[Schema, ...]:
    """The alternatives of a schema, none if it has but one form."""
    return tuple(schema.get("oneOf", ())) + tuple(schema.get("anyOf", ()))


def type_of(schema: Schema) -> str:
    """The type that a schema asks for, without null; empty if it doesn't say."""
    declared = schema.get("type", "object" if "properties" in schema else "")
    if isinstance(declared, str):
        return declared
    return next((name for name in declared if name != "null"), "")


def _near(present: Any) -> Iterator[Any]:
    if isinstance(present, bool):
        yield not present
    elif isinstance(present, int):
        yield from (present + 1, present - 1)
    elif isinstance(present, str):
        yield from (f"{present}2", f"{present} two")


def _distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for value in values:
        if not any(value == other and type(value) is type(other) for other in found):
            found.append(value)
    return tuple(found)
