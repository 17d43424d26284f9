"""Whether a crowd fits together with all that is declared: `core.declared.references` without its messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from billsync.core.declared.crowd import children_of, nested
from billsync.core.declared.references import finder
from billsync.model.address import Address
from billsync.model.kind import Find, Kind, Registry
from billsync.model.shape import Reference
from billsync.model.state import Desired
from billsync.model.value import Fields
from billsync.model.walk import resolved

Fit: TypeAlias = Callable[[tuple[str, ...], Fields], bool]
"""The names of an entity and its declared fields -> whether they fit."""


def fits(desired: Desired, registry: Registry) -> bool:
    """Whether `core.declared.references.check` surely finds nothing in the whole state.

    It finds nothing in the entities that aren't in the crowd, when they are looked at alone, and no pattern in
    `external` is for the kinds in the crowd.
    """
    declared = _Declared(desired, registry)
    claimed: dict[tuple[str, str], tuple[str, ...]] = {}
    for entity in desired.entities:  # what they refer to is there, but they may not agree with the crowd
        kind = registry[entity.address.kind]
        tests = (*_agreements(kind, declared.find), *_claims(kind, claimed))
        if not all(test(entity.address.names, entity.fields) for test in tests):
            return False
    for kind in declared.kinds:
        tests = (*_references(kind, declared), *_agreements(kind, declared.find), *_claims(kind, claimed))
        if tests and not all(test(names, fields) for names, fields in declared.of(kind) for test in tests):
            return False
    return declared.others.get(desired.crowd.kind, {}).keys().isdisjoint(desired.crowd.members)


class _Declared:
    """The entities in the crowd and beside it.

    `kinds` are those of the crowd, and `others` the fields of the entities beside it that belong to none, by kind and
    key.
    """

    def __init__(self, desired: Desired, registry: Registry) -> None:
        self._crowd = desired.crowd
        self._external = desired.external
        children = children_of(desired.crowd.kind, registry)
        self.kinds = (registry[desired.crowd.kind], *children)
        self.others: dict[str, dict[str, Fields]] = {name: {} for name in registry}
        for entity in desired.entities:
            if not entity.address.parents:
                self.others[entity.address.kind].setdefault(entity.address.key, entity.fields)

    def of(self, kind: Kind) -> Iterator[tuple[tuple[str, ...], Fields]]:
        """The names and the fields of each entity of a kind in the crowd; with those of a member, what nests in it."""
        for key, member in self._crowd.members.items():
            if kind.name == self._crowd.kind:
                yield (key,), member
            else:
                for fields in nested(kind, member):
                    yield (key, fields.get(kind.key, kind.default_key)), fields

    def find(self, kind: str, key: str) -> Fields | None:
        """The declared fields of an entity, those of a member with what is nested in it."""
        if kind == self._crowd.kind and (member := self._crowd.members.get(key)) is not None:
            return member
        return self.others.get(kind, {}).get(key)

    def has(self, kind: str, key: str) -> bool:
        """Whether a reference leads somewhere."""
        is_in_crowd = kind == self._crowd.kind and key in self._crowd.members
        return is_in_crowd or key in self.others.get(kind, {}) or self._external.match(kind, key)


def _references(kind: Kind, declared: _Declared) -> Iterator[Fit]:
    """The test that all that an entity refers to and mentions is there; that it belongs to a member is certain."""
    known: set[tuple[str, str]] = set()

    def has(name: str, key: str) -> bool:
        if (name, key) in known:
            return True
        if declared.has(name, key):
            known.add((name, key))
            return True
        return False

    shapes = {name: resolved(field.shape) for name, field in kind.record.fields.items()}
    for name, shape in shapes.items():
        if isinstance(shape, Reference):
            yield lambda _, fields, name=name, kind=shape.kind: name not in fields or has(kind, fields[name])  # type: ignore[misc]
        elif (search := finder(shape)) is not None:
            yield (
                lambda _, fields, name=name, search=search: (
                    name not in fields
                    or all(  # type: ignore[misc]
                        has(found.kind, found.key) for found in search(fields[name], ())
                    )
                )
            )
    if (mentions := kind.mentions) is not None:
        yield lambda _, fields: all(has(name, key) for _, name, key in mentions(fields))


def _agreements(kind: Kind, find: Find) -> Iterator[Fit]:
    """The tests of the kind's rules across entities."""
    for rule in kind.cross:
        yield (
            lambda names, fields, rule=rule: (
                not any(  # type: ignore[misc]
                    True for _ in rule(Address(kind.name, names), fields, find)
                )
            )
        )


def _claims(kind: Kind, claimed: dict[tuple[str, str], tuple[str, ...]]) -> Iterator[Fit]:
    """The test that nothing that an entity claims is claimed by another one; `claimed` gathers the claims."""
    if (claims := kind.claims) is not None:
        yield lambda names, fields: all(
            claimed.setdefault((kind.name, claim), names) == names for claim in claims(fields)
        )
