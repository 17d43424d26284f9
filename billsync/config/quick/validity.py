"""Whether entities are certainly valid by themselves: by their schemas, their shapes and their kinds' checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from billsync.core.declared.certainty import surely_sound
from billsync.core.declared.crowd import children_of, nested_names
from billsync.model.kind import Kind, Registry
from billsync.model.value import Fields, Plain
from billsync.schema.schema import kind_schema

Test: TypeAlias = Callable[[Plain], bool]

_FEW = 3
_REMEMBERED = 20_000


def member_test(kind: Kind, registry: Registry) -> Test:
    """The test of entities of a kind as they are declared, with those nested in them. False says nothing."""
    children = children_of(kind.name, registry)
    inside = nested_names(children)
    is_sound = _entity_test(kind, also=dict.fromkeys(inside, True))
    tests = [_nested_test(child, _remembering(_entity_test(child))) for child in children]

    def is_valid(member: Plain) -> bool:
        if not is_sound(member):
            return False
        return inside.isdisjoint(member) or all(test(member) for test in tests)

    return is_valid


def _entity_test(kind: Kind, also: Mapping[str, Any] | None = None) -> Test:
    """The test of an entity; `also` are schemas of further fields."""
    import jsonschema_rs

    schema = dict(kind_schema(kind))
    schema["properties"] = {**schema["properties"], **(also or {})}
    if kind.default_key is not None:
        schema["required"] = [name for name in schema.get("required", ()) if name != kind.key]
    fits_schema, is_sound = jsonschema_rs.validator_for(schema).is_valid, surely_sound(kind)
    return lambda fields: fits_schema(fields) and is_sound(fields)


def _remembering(test: Test) -> Test:
    """The test, remembering what it said of entities that have a few texts alone: many are equal."""
    remembered: dict[tuple[tuple[str, str], ...], bool] = {}

    def is_valid(fields: Plain) -> bool:
        if type(fields) is not dict or len(fields) > _FEW:
            return test(fields)
        for value in fields.values():
            if type(value) is not str:
                return test(fields)
        key = tuple(fields.items())
        answer = remembered.get(key)
        if answer is None:
            answer = test(fields)
            if len(remembered) < _REMEMBERED:
                remembered[key] = answer
        return answer

    return is_valid


def _nested_test(child: Kind, test: Test) -> Callable[[Fields], bool]:
    """The test of the entities of a kind that are nested in a member: each is valid, and no key of theirs stands twice.

    Lists that many members share are tested once.
    """
    assert child.parent is not None
    one, many = child.parent.one, child.parent.many
    valid: dict[int, Plain] = {}

    def are_valid(member: Fields) -> bool:
        if one in member:
            return many not in member and test(member[one])
        if many not in member:
            return True
        found = member[many]
        if id(found) in valid:
            return True
        if type(found) is not list or not all(map(test, found)):
            return False
        if len({fields.get(child.key, child.default_key) for fields in found}) < len(found):
            return False
        if len(valid) < _REMEMBERED:
            valid[id(found)] = found
        return True

    return are_valid
