"""Every way to change one field of an entity, found by walking its JSON Schema. It runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.coverage_of_fields.bases import Base
from tests.coverage_of_fields.samples import WORDS, Samples, Schema, branches, type_of

Path = tuple[str | int, ...]
ROOT = "(itself)"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One operation on one field; `entities` are the mutated entities to try, the most telling first.

    `place` names the field as the schema has it: `[]` for a member of a list, `{}` for an entry of a map, and the
    branch in angle brackets.
    """

    base: Base
    place: str
    operation: str
    entities: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """The case, as it stands in the table."""
        return f"{self.base.name} {self.place} {self.operation}"


@dataclass(frozen=True, slots=True)
class _Spot:
    """A value in the entity, with its schema and its place in both."""

    schema: Schema
    value: Any
    path: Path = ()
    place: str = ""


Parts = Mapping[str, Sequence[Any]]
"""Place -> values that stand there in other bases."""


class Walk:
    """The mutations of one base. `schema` is the kind's, `parts` what other bases have to lend."""

    def __init__(self, base: Base, schema: Schema, parts: Parts) -> None:
        self.base = base
        self.parts = parts
        self.samples = Samples(schema, base.words, base.first)
        self.root = _Spot(schema, base.entity)
        self.seen: dict[str, list[Any]] = {}

    def mutations(self) -> tuple[Mutation, ...]:
        """All mutations, the first of each name."""
        found: dict[str, Mutation] = {}
        for mutation in self._visit(self.root):
            if mutation.entities:
                found.setdefault(mutation.name, mutation)
        return tuple(found.values())

    def _visit(self, spot: _Spot) -> Iterator[Mutation]:
        schema = self.samples.resolve(spot.schema)
        self.seen.setdefault(spot.place, []).append(spot.value)
        if _admits_null(schema):
            yield self._mutation(spot, "clear", (None,))
        forms = self.samples.forms(schema)
        if forms and not all(_is_scalar(form) for form in forms):
            yield from self._union(spot, forms)
        else:
            yield from self._plain(_Spot(schema, spot.value, spot.path, spot.place))

    def _union(self, spot: _Spot, forms: Sequence[Schema]) -> Iterator[Mutation]:
        names = branch_names(forms)
        for form, name in zip(forms, names, strict=True):
            if self.samples.accepts(form, spot.value):
                yield from self._visit(_Spot(form, spot.value, spot.path, f"{spot.place}<{name}>"))
            else:
                lent = tuple(value for value in self.parts.get(spot.place, ()) if self.samples.accepts(form, value))
                yield self._mutation(spot, f"as-{name}", (*lent, *self.samples.values(form)))

    def _plain(self, spot: _Spot) -> Iterator[Mutation]:
        match spot.value:
            case dict() if "properties" in spot.schema:
                yield from self._fields(spot)
            case dict():
                yield from self._entries(spot)
            case list():
                yield from self._members(spot)
            case _:
                yield self._mutation(spot, "change", self.samples.others(spot.schema, spot.value))

    def _fields(self, spot: _Spot) -> Iterator[Mutation]:
        for name, schema in spot.schema["properties"].items():
            inner = _Spot(schema, spot.value.get(name), (*spot.path, name), f"{spot.place}.{name}".lstrip("."))
            if name in spot.value:
                yield self._mutation(inner, "remove", (_ABSENT,))
                yield from self._visit(inner)
            else:
                default = self.samples.resolve(schema).get("default")
                lent = self.parts.get(inner.place, ())
                values = [value for value in (*lent, *self.samples.values(schema)) if value != default]
                yield self._mutation(inner, "set", tuple(values))
                if spot.schema.get("maxProperties") == 1:
                    yield self._mutation(spot, f"as-{name}", tuple({name: v} for v in values if v is not None))

    def _entries(self, spot: _Spot) -> Iterator[Mutation]:
        schema = spot.schema.get("additionalProperties")
        if not isinstance(schema, Mapping):
            fresh = tuple(v for v in self.samples.values(spot.schema) if v != spot.value)
            yield self._mutation(spot, "change", ({**spot.value, "another": 7}, *fresh))
            return
        place = f"{spot.place}{{}}"
        near = [other for value in spot.value.values() for other in self.samples.others(schema, value)[:1]]
        new = [word for word in (*self.samples.words, *WORDS) if word not in spot.value]
        values = (*near, *self.samples.values(schema)[:3])
        added = tuple({**spot.value, word: value} for value in values for word in new)
        yield self._mutation(spot, "add-entry", tuple(v for v in added if self.samples.accepts(spot.schema, v)))
        for name, value in spot.value.items():
            yield self._mutation(_Spot(schema, value, (*spot.path, name), place), "remove", (_ABSENT,))
            yield from self._visit(_Spot(schema, value, (*spot.path, name), place))

    def _members(self, spot: _Spot) -> Iterator[Mutation]:
        schema, place = spot.schema.get("items", {}), f"{spot.place}[]"
        new = (*self._varied(schema, spot.value), *self.samples.values(schema))
        places = dict.fromkeys((len(spot.value), max(len(spot.value) - 1, 0), 0))
        added = [[*spot.value[:at], member, *spot.value[at:]] for member in new for at in places]
        yield self._mutation(spot, "add-member", tuple(v for v in added if self.samples.accepts(spot.schema, v)))
        if len(spot.value) > 1:
            yield self._mutation(spot, "reorder", (spot.value[::-1],))
        yield self._mutation(spot, "remove-member", (spot.value[:-1], spot.value[1:]))
        for index, value in enumerate(spot.value):
            yield from self._visit(_Spot(schema, value, (*spot.path, index), place))

    def _varied(self, schema: Schema, members: list[Any]) -> Iterator[Any]:
        """Members like those that are there, but for one field; none that is there already."""
        fields = self.samples.resolve(schema).get("properties", {})
        for member in members:
            varied = (
                [
                    {**member, name: other}
                    for name in fields
                    if name in member
                    for other in self._other(fields[name], member[name])
                ]
                if isinstance(member, dict)
                else self._other(schema, member)
            )
            yield from (other for other in varied if other not in members)

    def _other(self, schema: Schema, present: Any) -> tuple[Any, ...]:
        return self.samples.others(schema, present)[:1] if isinstance(present, str | int) else ()

    def _mutation(self, spot: _Spot, operation: str, values: tuple[Any, ...]) -> Mutation:
        entities = tuple(_replaced(self.base.entity, spot.path, value) for value in values)
        return Mutation(self.base, spot.place or ROOT, operation, entities)


class _Absent:
    """Stands for no value."""


_ABSENT = _Absent()


def places(schema: Schema) -> frozenset[str]:
    """Every field that the schema has, in every branch; a schema inside itself is not gone into again."""
    return frozenset(_places(Samples(schema), schema, "", ()))


def _places(samples: Samples, schema: Schema, place: str, inside: tuple[str, ...]) -> Iterator[str]:
    if (reference := schema.get("$ref", "")) and reference in inside:
        return
    inside = (*inside, reference)
    schema = samples.resolve(schema)
    forms = samples.forms(schema)
    if forms and not all(_is_scalar(form) for form in forms):
        for form, name in zip(forms, branch_names(forms), strict=True):
            yield from _places(samples, form, f"{place}<{name}>", inside)
        return
    for name, inner in schema.get("properties", {}).items():
        below = f"{place}.{name}".lstrip(".")
        yield below
        yield from _places(samples, inner, below, inside)
    if isinstance(schema.get("items"), Mapping):
        yield from _places(samples, schema["items"], f"{place}[]", inside)
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _places(samples, schema["additionalProperties"], f"{place}{{}}", inside)


def branch_names(forms: Sequence[Schema]) -> tuple[str, ...]:
    """What the alternatives are called: by their tag, else by their type."""
    return tuple(_tag(form) or type_of(form) or str(number) for number, form in enumerate(forms))


def _tag(form: Schema) -> str:
    for schema in form.get("properties", {}).values():
        if "const" in schema:
            return str(schema["const"])
        if len(schema.get("enum", ())) == 1:
            return str(schema["enum"][0])
    return ""


def _is_scalar(schema: Schema) -> bool:
    return type_of(schema) in ("string", "integer", "number", "boolean") or "enum" in schema or "const" in schema


def _admits_null(schema: Schema) -> bool:
    declared = schema.get("type")
    listed = isinstance(declared, list) and "null" in declared
    return listed or any(form.get("type") == "null" for form in branches(schema))


def _replaced(value: Any, path: Path, new: Any) -> Any:
    """The value with another one at the path."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, list):
        assert isinstance(first, int)
        return [*value[:first], _replaced(value[first], rest, new), *value[first + 1 :]]
    kept = {name: item for name, item in value.items() if name != first}
    if not rest and new is _ABSENT:
        return kept
    return {**value, first: _replaced(value.get(first), rest, new)}
