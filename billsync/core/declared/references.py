"""Checks that every reference in the files leads to an entity of the right kind, by walking the kinds' shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from billsync.core.declared.referring import kinds_in
from billsync.core.declared.suggest import Suggester
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import dataclass
from billsync.model.globs import Patterns
from billsync.model.kind import Find, Kind, Path, Registry
from billsync.model.shape import Lazy, ListOf, MapOf, Record, Reference, Shape, Variant
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields, Plain
from billsync.schema.codes import diagnostic, diagnostic_of


@dataclass(frozen=True, slots=True)
class Referred:
    """One reference in an entity's fields: its path, and the kind and key that it names."""

    path: Path
    kind: str
    key: str


Finder: TypeAlias = Callable[[Plain, Path], Iterator[Referred]]
"""Finds the references in a value; values of a wrong type hold none."""

Declared: TypeAlias = Mapping[str, Mapping[str, Entity]]
"""Kind -> key -> entity."""


def check(desired: Desired, registry: Registry, *, unsound: frozenset[Address] = frozenset()) -> tuple[Diagnostic, ...]:
    """Return diagnostics for references that lead nowhere, names claimed twice, and the kinds' rules across entities.

    A referenced key must be in the files or in `external` (design.md §3). For `unsound` entities, whose own fields are
    invalid, only the references are checked.
    """
    known = _Known(_declared(desired, registry), desired.external)
    found: list[Diagnostic] = []
    finders = {name: finder(kind.record) for name, kind in registry.items()}
    for entity in desired.entities:
        kind = registry[entity.address.kind]
        for referred in referred_by(entity, kind, finders[kind.name]):
            if not known.has(referred):
                found.append(known.unknown(entity, referred))
    found += (_also_external(e) for e in desired.entities if desired.external.match(e.address.kind, e.address.key))
    for entity in (entity for entity in desired.entities if entity.address not in unsound):
        found += _cross_problems(entity, registry[entity.address.kind], known.find)
    found += _claimed_twice((entity for entity in desired.entities if entity.address not in unsound), registry)
    return tuple(sorted(found, key=lambda one: one.order))


def referred_by(entity: Entity, kind: Kind, search: Finder | None) -> Iterator[Referred]:
    """Every entity that a declared one belongs to, mentions or refers to; `search` is the finder of its kind."""
    yield from _parents(entity, kind)
    yield from _mentioned(entity, kind)
    yield from search(entity.fields, ()) if search else ()


def _also_external(entity: Entity) -> Diagnostic:
    """Yield findings about entities that are both external and declared: external ones are never written (design.md
    §3)."""
    kind, key = entity.address.kind, entity.address.key
    return diagnostic(
        "declared-and-external",
        f'{kind} "{key}" is declared here, and `external` names it or matches it with a pattern.',
        "Remove it from one of the two: what is external is only referred to.",
        position=entity.position,
    )


def finder(shape: Shape) -> Finder | None:
    """Return a finder of references in values of this shape; None if there can't be any."""
    return _finder(shape, {})


def _finder(shape: Shape, known: dict[str, Finder]) -> Finder | None:
    if not kinds_in(shape):
        return None
    match shape:
        case Reference():
            return _in_reference(shape)
        case Record():
            return _in_record(shape, known)
        case Variant():
            return _in_variant(shape, known)
        case ListOf():
            return _in_list(_finder(shape.item, known))
        case MapOf():
            return _in_table(_finder(shape.value, known))
        case Lazy():
            return _in_lazy(shape, known)
        case _:
            return None


def _in_reference(shape: Reference) -> Finder:
    def search(value: Plain, path: Path) -> Iterator[Referred]:
        if isinstance(value, str) and value:
            yield Referred(path, shape.kind, value)

    return search


def _in_record(shape: Record, known: dict[str, Finder]) -> Finder:
    inner = {name: found for name, field in shape.fields.items() if (found := _finder(field.shape, known))}
    short = inner.get(shape.short) if shape.short else None

    def search(value: Plain, path: Path) -> Iterator[Referred]:
        if isinstance(value, str) and short:
            yield from short(value, path)
        elif isinstance(value, Mapping):
            for name, found in inner.items():
                if name in value:
                    yield from found(value[name], (*path, name))

    return search


def _in_variant(shape: Variant, known: dict[str, Finder]) -> Finder:
    cases = {tag: found for tag, record in shape.cases.items() if (found := _finder(record, known))}

    def search(value: Plain, path: Path) -> Iterator[Referred]:
        tag = value.get(shape.tag) if isinstance(value, Mapping) else None
        if isinstance(tag, str) and tag in cases:
            yield from cases[tag](value, path)

    return search


def _in_list(item: Finder | None) -> Finder:
    def search(value: Plain, path: Path) -> Iterator[Referred]:
        for index, member in enumerate(value if isinstance(value, list | tuple) else ()):
            if item:
                yield from item(member, (*path, index))

    return search


def _in_table(inner: Finder | None) -> Finder:
    def search(value: Plain, path: Path) -> Iterator[Referred]:
        for name, member in value.items() if isinstance(value, Mapping) else ():
            if inner:
                yield from inner(member, (*path, name))

    return search


def _in_lazy(shape: Lazy, known: dict[str, Finder]) -> Finder:
    def search(value: Plain, path: Path) -> Iterator[Referred]:
        if shape.name not in known and (found := _finder(shape.get(), known)):
            known[shape.name] = found
        if shape.name in known:
            yield from known[shape.name](value, path)

    return search


def _declared(desired: Desired, registry: Registry) -> Declared:
    declared: dict[str, dict[str, Entity]] = {name: {} for name in registry}
    for entity in desired.entities:
        if len(entity.address.names) == 1:
            declared[entity.address.kind].setdefault(entity.address.key, entity)
    return declared


class _Known:
    """The targets of references."""

    def __init__(self, declared: Declared, external: Patterns) -> None:
        self._declared = declared
        self._external = external
        self._suggester = Suggester()

    def find(self, kind: str, key: str) -> Fields | None:
        """The declared fields of an entity."""
        entity = self._declared.get(kind, {}).get(key)
        return entity.fields if entity else None

    def has(self, referred: Referred) -> bool:
        """Whether the reference leads somewhere."""
        declared = self._declared.get(referred.kind, {})
        return referred.key in declared or self._external.match(referred.kind, referred.key)

    def unknown(self, entity: Entity, referred: Referred) -> Diagnostic:
        """The finding for a reference that doesn't."""
        named = f'{_title(referred.kind)} "{referred.key}"'
        detail = f'{_title(entity.address.kind)} "{entity.address.key}" refers to {named}, '
        detail += "which is neither in these files nor in `external`."
        place = entity.place(referred.path)
        return diagnostic("unknown-reference", detail, self._meant(referred), position=place)

    def _meant(self, referred: Referred) -> str:
        declared = self._declared.get(referred.kind, {})
        close = self._suggester.closest(referred.kind, referred.key, declared.keys())
        if close is None:
            return ""
        place = declared[close].position
        return f'Did you mean "{close}" ({place.file}:{place.line})?'


def _parents(entity: Entity, kind: Kind) -> Iterator[Referred]:
    if kind.parent and entity.address.parents:
        yield Referred((kind.parent.kind,), kind.parent.kind, entity.address.parents[-1])


def _mentioned(entity: Entity, kind: Kind) -> Iterator[Referred]:
    for path, name, key in kind.mentions(entity.fields) if kind.mentions else ():
        yield Referred(path, name, key)


def _title(kind: str) -> str:
    return kind.replace("_", " ")


def _cross_problems(entity: Entity, kind: Kind, find: Find) -> Iterator[Diagnostic]:
    for across in kind.cross:
        for problem in across(entity.address, entity.fields, find):
            yield diagnostic_of(problem, entity.place(problem.path))


def _claimed_twice(entities: Iterable[Entity], registry: Registry) -> Iterator[Diagnostic]:
    holders: dict[tuple[str, str], Entity] = {}
    for entity in entities:
        claims = registry[entity.address.kind].claims
        for claim in sorted(set(claims(entity.fields))) if claims else ():
            first = holders.setdefault((entity.address.kind, claim), entity)
            if first is not entity:
                yield _claim_problem(entity, first, claim)


def _claim_problem(entity: Entity, first: Entity, claim: str) -> Diagnostic:
    kind, place = _title(entity.address.kind), entity.place(_path_of(entity.fields, claim))
    other = first.place(_path_of(first.fields, claim))
    detail = f'{kind} "{entity.address.key}" and {kind} "{first.address.key}" ({other.file}:{other.line}) '
    detail += f'both claim "{claim}", which only one can have.'
    return diagnostic("claimed-twice", detail, "Remove it from one of them.", position=place)


def _path_of(value: Plain, text: str) -> Path:
    """Return the path of the text in the value; the empty path if it isn't there."""
    return next(_paths_of(value, text, ()), ())


def _paths_of(value: Plain, text: str, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _paths_of(member, text, (*path, name))
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _paths_of(member, text, (*path, index))
    elif value == text:
        yield path
