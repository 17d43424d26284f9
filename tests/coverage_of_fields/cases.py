"""All cases of the law: the mutations of every base, and of bases made on the way where none has a part yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from billsync.model.kind import Kind
from billsync.schema.schema import kind_schema
from tests.coverage_of_fields.bases import Base, bases
from tests.coverage_of_fields.mutations import Mutation, Walk, places
from tests.coverage_of_fields.trial import is_valid

ROUNDS = 5
MAKES = ("set", "add-entry", "add-member")


def cases(kind: Kind) -> tuple[Mutation, ...]:
    """Every case of a kind."""
    schema = kind_schema(kind)
    own = [base for base in bases() if base.kind == kind]
    parts = _parts(own, schema)
    found = [case for base in own for case in Walk(base, schema, parts).mutations()]
    for _ in range(ROUNDS):
        missing = untried(kind, found)
        more = [case for base in _made(found, missing) for case in Walk(base, schema, parts).mutations()]
        new = [case for case in more if case.place in missing]
        if not new:
            break
        found += new
    return tuple(found)


def untried(kind: Kind, found: Iterable[Mutation]) -> tuple[str, ...]:
    """The fields of a kind that no case touches."""
    return tuple(sorted(places(kind_schema(kind)) - {case.place for case in found}))


def _parts(own: list[Base], schema: Mapping[str, Any]) -> Mapping[str, list[Any]]:
    """What stands where in the bases of a kind."""
    parts: dict[str, list[Any]] = {}
    for base in own:
        walk = Walk(base, schema, {})
        walk.mutations()
        for place, values in walk.seen.items():
            parts.setdefault(place, []).extend(values)
    return parts


def _made(found: list[Mutation], missing: tuple[str, ...]) -> Iterator[Base]:
    """Bases in which a field that no base has is set: one for each field that holds missing ones."""
    made: set[str] = set()
    for case in found:
        name = f"{case.place}:{case.operation}"
        is_maker = case.operation in MAKES or case.operation.startswith("as-")
        if name in made or not is_maker or not any(place.startswith(case.place) for place in missing):
            continue
        for entity in case.entities[:4]:
            base = case.base.with_entity(entity, f"{case.base.name}+{name}")
            if is_valid(base):
                made.add(name)
                yield base
                break
