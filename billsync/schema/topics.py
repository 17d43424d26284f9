"""Topics of `explain`: the kinds, the named maps inside them, and the other parts of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from billsync.kinds.forms import FORMS
from billsync.kinds.plan import PHASE
from billsync.kinds.ratecard import RATE_CARD
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind, Registry
from billsync.model.shape import Record
from billsync.model.value import Fields, Plain, jsonable
from billsync.schema.explain import Explanation, explain, explain_field, explain_record
from billsync.schema.profiles import profile_schema
from billsync.schema.schema import file_schema

Path: TypeAlias = tuple[str, ...]

_HEADER_FIELDS = ("_info", "_format_version", "external", "adopted", "moved", "forget")
_TYPES = {"string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true | false",
          "object": "a map", "array": "a list"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topic:
    """Something to explain: a function from a path in it to its explanation (or None), and an example's place in a
    file."""

    name: str
    other_name: str
    doc: str
    find: Callable[[Path], Explanation | None]
    in_file: Callable[[Plain], Fields]


def topics(registry: Registry) -> tuple[Topic, ...]:
    """Every topic: the kinds in their order, then the parts, then the rest of a file."""
    kinds = (_kind(kind, registry) for kind in registry.values())
    return (*kinds, *_parts(), *_of_the_file(registry), _profile())


def plain_path(topic: str) -> Path:
    """The names in a topic: `plan.phases[].key` and `plan.phases.key` are the same, and so is `dimensions.*`."""
    return tuple(part for part in topic.replace("[]", "").split(".") if part not in ("*", ""))


def _kind(kind: Kind, registry: Registry) -> Topic:
    def in_file(example: Plain) -> Fields:
        if kind.parent is None:
            return {kind.collection: [example]}
        parent = registry[kind.parent.kind]
        nested = {kind.parent.many: [example]} if kind.parent.many else {kind.parent.one: example}
        return {parent.collection: [{parent.key: parent.example[parent.key], **nested}]}

    return Topic(kind.name, kind.collection, kind.doc, lambda path: explain(kind, path), in_file)


def _parts() -> Iterator[Topic]:
    card = {"feature": "api_requests", "price": jsonable(RATE_CARD.fields["price"].example)}
    phase = {"key": "default", "name": "Default", "rate_cards": [card]}
    yield _part("rate_card", RATE_CARD, card, lambda example: {"rate_cards": {"api_standard": example}})
    yield _part("phase", PHASE, phase, lambda example: {"plans": [{"key": "prepaid", "phases": [example]}]})


def _part(name: str, record: Record, example: Plain, in_file: Callable[[Plain], Fields]) -> Topic:
    def find(path: Path) -> Explanation | None:
        return explain_field(name, record, path) if path else explain_record(name, record, example)

    return Topic(name, f"{name}s", record.doc, find, in_file)


def _of_the_file(registry: Registry) -> Iterator[Topic]:
    schema = file_schema(registry)
    for name in _HEADER_FIELDS:
        if name in schema["properties"]:
            yield _from_schema(name, schema["properties"][name], schema)


def _profile() -> Topic:
    """A profile, which stands in a file of its own."""
    schema = profile_schema()

    def in_file(example: Plain) -> Fields:
        return {"profiles": {"production": example}}

    return replace(_from_schema("profile", schema, schema), other_name="profiles", in_file=in_file)


def _from_schema(name: str, schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Topic:
    def find(path: Path) -> Explanation | None:
        found = schema
        needed = False
        for part in path:
            inner = _properties(found, whole)
            if part not in inner:
                return None
            needed = part in found.get("required", ())
            found = inner[part]
        return _explained((name, *path), found, whole, needed)

    return Topic(name, name, str(schema["description"]), find, lambda example: {name: example})


def _explained(path: Path, schema: Mapping[str, Any], whole: Mapping[str, Any], needed: bool) -> Explanation:
    inner = _properties(schema, whole)
    example = next(iter(schema.get("examples", ())), None)
    fields = tuple((name, str(field.get("description", ""))) for name, field in inner.items())
    doc = str(schema.get("description", ""))
    return Explanation(path, doc, _takes(schema), required=needed, example=example, fields=fields)


def _properties(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a map, or of the members of a list."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    if "items" in schema:
        return _properties(schema["items"], whole)
    forms = (*schema.get("oneOf", ()), *schema.get("anyOf", ()))
    cases = {name: field for form in forms for name, field in form.get("properties", {}).items()}
    return {**cases, **schema.get("properties", {})}


def _takes(schema: Mapping[str, Any]) -> str:
    """Return a description of a value."""
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"])
    if "enum" in schema.get("items", {}):
        return f"a list of {_takes(schema['items'])}"
    if "anyOf" in schema and "type" not in schema:
        return " | ".join(dict.fromkeys(_takes(form) for form in schema["anyOf"]))
    if "pattern" in schema and schema["pattern"] in FORMS:
        return FORMS[schema["pattern"]].name
    kinds = schema.get("type", "object")
    return " | ".join(_TYPES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _TYPES)
