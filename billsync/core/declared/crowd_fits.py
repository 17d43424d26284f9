"""Whether a crowd fits together with all that is declared: `core.declared.references` without its messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from billsync.core.declared.crowd import children_of
from billsync.core.declared.references import finder
from billsync.core.declared.remembered_fits import Fit, RememberedFits
from billsync.model.address import Address
from billsync.model.kind import Cross, Find, Kind, Registry
from billsync.model.shape import Reference
from billsync.model.state import Desired
from billsync.model.value import Fields
from billsync.model.walk import resolved


def fits(desired: Desired, registry: Registry) -> bool:
    """Whether `core.declared.references.check` surely finds nothing in the whole state.

    It finds nothing in the entities that aren't in the crowd, when they are looked at alone, and no pattern in
    `external` is for the kinds in the crowd.
    """
    declared = _Declared(desired, registry)
    claimed: dict[tuple[str, str], tuple[str, ...]] = {}
    for entity in desired.entities:  # what they refer to is there, but they may not agree with the crowd
        kind = registry[entity.address.kind]
        tests = (*_agreements(kind, kind.cross, declared.find), *_claims(kind, claimed))
        if not all(test(entity.address.names, entity.fields) for test in tests):
            return False
    return (
        _root_fits(declared.root, declared, claimed)
        and all(_children_fit(child, declared) for child in declared.children)
        and declared.others.get(desired.crowd.kind, {}).keys().isdisjoint(desired.crowd.members)
    )


def _root_fits(kind: Kind, declared: _Declared, claimed: dict[tuple[str, str], tuple[str, ...]]) -> bool:
    """Whether the members of the crowd fit. Most rules about claims need a look at few of them."""
    rules = kind.cross if kind.claims is None else [rule for rule in kind.cross if rule not in kind.cross_claimed]
    tests = (*_references(kind, declared), *_agreements(kind, rules, declared.find))
    if tests and not all(test((key,), member) for key, member in declared.members.items() for test in tests):
        return False
    return kind.claims is None or _claims_fit(kind, kind.claims, declared, claimed)


def _claims_fit(
    kind: Kind,
    claims: Callable[[Fields], tuple[str, ...]],
    declared: _Declared,
    claimed: dict[tuple[str, str], tuple[str, ...]],
) -> bool:
    """Whether no member claims what another entity claims, and the rules about claims of keys find nothing."""
    members, count = declared.members, 0
    found = set[str]()
    for member in members.values():
        own = claims(member)
        count += len(own)
        found.update(own)
    tests: list[Fit] = []
    if count != len(found) or any(name == kind.name and claim in found for name, claim in claimed):
        tests += _claims(kind, claimed)
    if not (found.isdisjoint(members) and found.isdisjoint(declared.others[kind.name])):
        tests += _agreements(kind, kind.cross_claimed, declared.find)
    return not tests or all(test((key,), member) for key, member in members.items() for test in tests)


def _children_fit(kind: Kind, declared: _Declared) -> bool:
    """Whether the entities of a kind that are nested in members fit."""

    def tests(find: Find) -> Iterator[Fit]:
        yield from _references(kind, declared)
        yield from _agreements(kind, kind.cross, find)

    assert kind.parent is not None
    if kind.claims is not None:
        return False
    one, many, looked_at = kind.parent.one, kind.parent.many, _looked_at(kind)
    fit = RememberedFits(kind, declared.root.name, declared.find, tests)
    for key, member in declared.members.items():
        if (first := member.get(one)) is not None:
            if not fit(key, member, first):
                return False
            continue
        for fields in member.get(many) or ():
            if (looked_at is None or not looked_at.isdisjoint(fields)) and not fit(key, member, fields):
                return False
    return True


def _looked_at(kind: Kind) -> frozenset[str] | None:
    """The fields without which an entity of a kind fits in any case; None where that can't be told."""
    if kind.cross or kind.mentions is not None:
        return None
    shapes = {name: resolved(field.shape) for name, field in kind.record.fields.items()}
    return frozenset(n for n, shape in shapes.items() if isinstance(shape, Reference) or finder(shape) is not None)


class _Declared:
    """The entities in the crowd and beside it.

    `root` is the kind of its members, and `children` those that nest in them; `others` are the fields of the entities
    beside it that belong to none, by kind and key.
    """

    def __init__(self, desired: Desired, registry: Registry) -> None:
        self.members = desired.crowd.members
        self._external = desired.external
        self.root = registry[desired.crowd.kind]
        self.children = children_of(desired.crowd.kind, registry)
        self.others: dict[str, dict[str, Fields]] = {name: {} for name in registry}
        for entity in desired.entities:
            if not entity.address.parents:
                self.others[entity.address.kind].setdefault(entity.address.key, entity.fields)

    def find(self, kind: str, key: str) -> Fields | None:
        """The declared fields of an entity, those of a member with what is nested in it."""
        if kind == self.root.name and (member := self.members.get(key)) is not None:
            return member
        return self.others.get(kind, {}).get(key)

    def has(self, kind: str, key: str) -> bool:
        """Whether a reference leads somewhere."""
        is_in_crowd = kind == self.root.name and key in self.members
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


def _agreements(kind: Kind, rules: Iterable[Cross], find: Find) -> Iterator[Fit]:
    """The tests of a kind's rules across entities."""
    for rule in rules:
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
