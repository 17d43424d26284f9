"""`validate --online`: whether a server has what the files only refer to, and takes what they declare. Reads only."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache

from billsync.app.server.connection import ReadingConnection
from billsync.app.server.missing_lists import absent_lists
from billsync.app.server.named import read_named
from billsync.core.changes.planned import Context
from billsync.core.changes.unsupported import unsupported
from billsync.core.declared.lacks import kinds_named, lacks_of
from billsync.core.declared.references import Finder, finder, referred_by
from billsync.core.observed.index import Index, is_over
from billsync.core.observed.refusals import LACKING
from billsync.kinds.registry import KINDS
from billsync.live.snapshot import PARENT, snapshot
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Severity, full_stop, sentence
from billsync.model.globs import is_glob
from billsync.model.kind import Named
from billsync.model.state import Desired, Read, Snapshot
from billsync.schema.codes import diagnostic, diagnostic_of

NAMES = ("key", "code", "name")
"""The fields that name rows of kinds that can only be referred to, the first that a row has."""
HINT = "Correct the key, create it where it is managed, or name the server that has it."
MOST = 20
"""The most keys of one kind that are asked for one by one; more are looked for in the whole list."""


def online_problems(connection: ReadingConnection, desired: Desired) -> tuple[Diagnostic, ...]:
    """Return what of the files this server can't have, in the order of the files. Raises RemoteError."""
    kinds = {*desired.external.by_kind, *(entity.address.kind for entity in desired.entities)}
    listed = {kind for kind in kinds if kind in connection.routes and PARENT not in connection.routes[kind].collection}
    absent = absent_lists(connection, listed)
    found = [*_unmanageable(connection, desired, absent)]
    for kind in sorted(listed & desired.external.by_kind.keys()):
        patterns = desired.external.by_kind[kind]
        there = frozenset[str]() if kind in absent else _live(connection, kind, patterns)
        found += _missing(connection, desired, kind, there)
        if any(map(is_glob, patterns)):
            found += _dangling(connection, desired, kind, {*there, *(each for each in patterns if not is_glob(each))})
    named = read_named(connection, kinds_named(desired.entities, KINDS))
    for kind, keys in named.items():
        found += _dangling(connection, desired, kind, keys)
    found += _without_cost(desired, named)
    return tuple(sorted(found, key=lambda problem: problem.order))


def _unmanageable(connection: ReadingConnection, desired: Desired, absent: frozenset[str]) -> Iterator[Diagnostic]:
    """Yield the entities that the server's API can't hold as they are declared."""
    here = connection.generation
    context = Context(
        desired=desired,
        entities={},
        children={},
        snapshot=Snapshot(absent=absent),
        index=Index(),
        registry=connection.kinds,
        routes=connection.routes,
        one_chain_per_parent=here.is_alone,
        now=connection.clock.now(),
    )
    for entity in desired.entities:
        if planned := unsupported(entity, here.missing, context, here.unmentionable):
            change = planned.change
            detail = full_stop(f"{change.address.text}: {change.reason}")
            yield diagnostic(change.code, detail, sentence(change.hint), position=entity.position)


def _missing(connection: ReadingConnection, desired: Desired, kind: str, there: frozenset[str]) -> Iterator[Diagnostic]:
    """Yield what `external` names of a kind and the server lacks; a glob may be meant for what comes later."""
    title = kind.replace("_", " ")
    for pattern in desired.external.by_kind.get(kind, ()):
        if not any(fnmatchcase(key, pattern) for key in there):
            detail = f'`external` names {title} "{pattern}", and {connection.target} has no such {title} in use.'
            severity = Severity.WARNING if is_glob(pattern) else Severity.ERROR
            place = desired.external.places.get((kind, pattern))
            yield diagnostic("external-missing", detail, HINT, position=place, severity=severity)


def _dangling(
    connection: ReadingConnection, desired: Desired, kind: str, known: Container[str]
) -> Iterator[Diagnostic]:
    """Yield references to what is neither declared nor among known keys."""
    declared = {entity.address for entity in desired.entities}
    title = kind.replace("_", " ")
    for entity in desired.entities:
        for each in referred_by(entity, KINDS[entity.address.kind], _finder(entity.address.kind)):
            if each.kind == kind and each.key not in known and Address(kind, (each.key,)) not in declared:
                whose = f'{entity.address.kind.replace("_", " ")} "{entity.address.key}"'
                detail = f'{whose} refers to {title} "{each.key}", and {connection.target} has no such {title} in use.'
                yield diagnostic("external-missing", detail, HINT, position=entity.place(each.path))


@cache
def _finder(kind: str) -> Finder | None:
    return finder(KINDS[kind].record)


def _without_cost(desired: Desired, named: Named) -> Iterator[Diagnostic]:
    """Yield what else declared entities need of that which no file declares."""
    entities = {entity.address: entity for entity in desired.entities}
    for entity in desired.entities:
        for problem in lacks_of(entity, entities, KINDS, named):
            if problem.code != LACKING.code:
                yield diagnostic_of(problem, entity.place(problem.path))


def _live(connection: ReadingConnection, kind: str, patterns: Iterable[str]) -> frozenset[str]:
    """The keys of a kind that are in use on the server, as far as the patterns name them. Raises RemoteError."""
    asked = tuple(patterns)
    key_filter = connection.routes[kind].key_filter
    is_exact = not any(is_glob(pattern) for pattern in asked)
    if key_filter is None or not is_exact or len(asked) > MOST:
        reads = [Read(kind)]
    else:
        reads = [Read(kind, ((f"filter[{key_filter}][eq]", key),)) for key in asked]
    table = KINDS.get(kind)
    rows = snapshot(connection.source, reads).of(kind)
    used = [row.fields for row in rows if not (table and is_over(table, row.fields))]
    names = (table.key,) if table else NAMES
    return frozenset(str(next((fields[name] for name in names if name in fields), "")) for fields in used)
