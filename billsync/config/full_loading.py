"""The full loader: it reads any file and makes every message. No person's mistake raises here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.config.checks.schema_errors import diagnostics_of
from billsync.config.checks.validators import Validator
from billsync.config.documents.document import Contents, besides, gather, shell
from billsync.config.documents.entities import check, expand
from billsync.config.documents.library import Expansion, check_library
from billsync.config.documents.overlays import overlaid
from billsync.config.documents.sourced import header_from_outside, without_sourced
from billsync.config.sections.due_at_start import due_at_start
from billsync.config.sections.forgotten import Forgotten, forgetting_problems, forgotten_in
from billsync.config.sections.header import defaults_of, owner_of, target_of
from billsync.config.sections.moved import Move, move_problems, moves_of, resolved
from billsync.config.sections.policies import notice_of, policies_for_nothing, policy_of, prices_of
from billsync.config.sections.selection import selection_of, selection_problems
from billsync.config.sections.transitions import transitions_for_nothing, transitions_of
from billsync.config.text.files import Found, SourceFile, read_files
from billsync.config.text.finding import Findings
from billsync.config.text.node import MapNode, ScalarNode, plain, text_node, text_of
from billsync.config.text.outside import Outside
from billsync.config.text.reader import ParsedFile, Role, read
from billsync.config.text.scalars import shorten
from billsync.core.declared import references
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Position, has_errors
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.limits import MESSAGE_CHARACTERS
from billsync.model.plain_mode import is_plain
from billsync.model.source import Source
from billsync.model.state import Desired
from billsync.schema.schema import file_schema, kind_schema

FEATURE = "feature"
"""The kind from whose entities rate cards take their names."""

ONLY_EMPTY = (
    "Declare at least one entity of any kind: an empty collection alone is refused, so that a lost file can't delete "
    "everything."
)
NOWHERE = Position("", 1, 1)


def load_fully(
    found: Found,
    paths: Sequence[str],
    *,
    registry: Registry,
    environment: Mapping[str, str],
    overlays: Sequence[str],
) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """Return the state that these files declare, and all findings by position, as `load`; `paths` named the files."""
    above, missing = read_files(overlays)
    sourced: dict[Source, str] = {}
    below = tuple(parse(source, Role.BASE, environment, sourced) for source in found.sources)
    over = tuple(parse(source, Role.OVERLAY, environment, sourced) for source in above)
    files_read = (*below, *over)
    taken = (source.name for source in sourced if source.form == "file")
    unread = (*found.problems, *missing, *found.notes(taken))
    findings = Findings()
    documents = overlaid(documents_of(below), documents_of(over), registry, findings)
    declared = read_desired(documents, registry, findings, sourced, plain_mode=is_plain(environment))
    if not has_errors(unread) and all(parsed.complete for parsed in files_read):
        findings.extend(problems_of_all(declared, registry))
        _check_not_empty(declared.desired, paths, findings)
    told = tuple(_merged(files_read, findings))
    return declared.desired, sorted_short((*unread, *(without_sourced(told, documents, sourced) if sourced else told)))


def parse(source: SourceFile, role: Role, environment: Mapping[str, str], sourced: dict[Source, str]) -> ParsedFile:
    """The documents of a file; `sourced` gathers the values that they take from outside."""
    outside = Outside(environment, source.name, source.folder, sourced)
    return read(source.content, source.name, outside=outside, role=role)


@dataclass(frozen=True, slots=True)
class ReadDesired:
    """A desired state as documents declare it, before its entities are checked together.

    `unsound` are entities that are wrong in themselves; `defaults` are the kinds and parts that have defaults.
    """

    desired: Desired
    unsound: frozenset[Address]
    moves: tuple[Move, ...]
    forgotten: tuple[Forgotten, ...]
    defaults: frozenset[str]


def problems_of_all(declared: ReadDesired, registry: Registry) -> Iterator[Diagnostic]:
    """The findings about all entities and statements together."""
    desired = declared.desired
    yield from references.check(desired, registry, unsound=declared.unsound)
    yield from policies_for_nothing(desired, registry)
    yield from due_at_start(desired, declared.unsound)
    yield from transitions_for_nothing(desired)
    yield from move_problems(declared.moves, desired)
    yield from forgetting_problems(declared.forgotten, desired, declared.moves, registry)


def documents_of(files: Iterable[ParsedFile]) -> tuple[MapNode, ...]:
    return tuple(document for parsed in files for document in parsed.documents)


def read_desired(
    documents: Sequence[MapNode],
    registry: Registry,
    findings: Findings,
    sourced: Mapping[Source, str],
    *,
    plain_mode: bool = False,
) -> ReadDesired:
    """The state that documents declare, each entity checked by itself; in plain mode by the reference alone."""
    validators = _validators(registry, plain_mode)
    contents = gather(documents, registry, findings)
    check_library(contents.library, findings)
    _check_shells(documents, validators.of_files, findings)
    expansion = _expansion(contents, findings)
    expanded = [expand(raw, expansion) for raw in contents.entities]
    checked = check(expanded, validators.by_kind, findings, unfinished=expansion.unfinished, has_sources=bool(sourced))
    moves = moves_of(contents.moved, registry, findings)
    forgotten = forgotten_in(contents.forget, registry, findings)
    desired = replace(
        _from_header(contents, registry, findings),
        entities=tuple(sorted(checked.entities, key=lambda entity: entity.address.order)),
        moved=resolved(moves),
        forgotten=frozenset(entry.address for entry in forgotten),
        sourced=sourced,
    )
    findings.extend(selection_problems(desired, registry))
    return ReadDesired(desired, checked.unsound, moves, forgotten, frozenset(expansion.defaults))


def _from_header(contents: Contents, registry: Registry, findings: Findings) -> Desired:
    """The part of the desired state that is no entity, but about the run and the server."""
    header = contents.header
    return Desired(
        owner=owner_of(header, findings),
        entities=(),
        external=contents.external,
        adopted=contents.adopted,
        named=contents.named,
        prices=prices_of(header, findings),
        target=target_of(header, findings),
        transitions=transitions_of(header, findings),
        notice=notice_of(header, findings),
        policy=policy_of(header, registry, findings),
        selection=selection_of(header, registry, findings),
        besides=besides(contents, registry),
    )


def _check_shells(documents: Iterable[MapNode], validator: Validator, findings: Findings) -> None:
    told = {diagnostic.position for diagnostic in findings.all}
    for document in documents:
        part = shell(document)
        found = diagnostics_of(validator.iter_errors(plain(part)), part)
        findings.extend(diagnostic for diagnostic in found if diagnostic.position not in told)
        findings.extend(header_from_outside(part))


@dataclass(frozen=True, slots=True)
class _Validators:
    """The validators of a registry: of expanded entities by kind, and of whole files."""

    registry: Registry
    by_kind: Mapping[str, Validator]
    of_files: Validator


_MADE: dict[tuple[int, bool], _Validators] = {}
"""By the identity of their registry, which they keep alive: a small file is loaded sooner than schemas are written."""


def _validators(registry: Registry, plain_mode: bool) -> _Validators:
    if (id(registry), plain_mode) not in _MADE:
        by_kind = {name: Validator(kind_schema(kind), plain_mode=plain_mode) for name, kind in registry.items()}
        of_files = Validator(file_schema(registry), plain_mode=plain_mode)
        _MADE[id(registry), plain_mode] = _Validators(registry, by_kind, of_files)
    return _MADE[id(registry), plain_mode]


def _expansion(contents: Contents, findings: Findings) -> Expansion:
    defaults = defaults_of(contents.header)
    names = _feature_names(contents, defaults)

    def name_of(key: str) -> ScalarNode | None:
        """An unknown feature is reported as such; that its name is missing isn't worth a second message."""
        is_known = key in names or contents.external.match(FEATURE, key)
        return names.get(key) if is_known else ScalarNode(key, key, NOWHERE)

    return Expansion(contents.library, defaults, name_of, findings)


def _feature_names(contents: Contents, defaults: Mapping[str, MapNode]) -> Mapping[str, ScalarNode | None]:
    common = text_node(defaults[FEATURE].get("name")) if FEATURE in defaults else None
    features = [raw for raw in contents.entities if raw.kind.name == FEATURE]
    return {text_of(raw.node.get(raw.kind.key)) or "": text_node(raw.node.get("name")) or common for raw in features}


def _check_not_empty(desired: Desired, paths: Sequence[str], findings: Findings) -> None:
    """An input without any entity is an error (design.md §3), unless it has others that explain it."""
    if not desired.entities and not has_errors(findings.all):
        place = Position(paths[0] if paths else "", 1, 1)
        hint = ONLY_EMPTY if desired.named else "Declare at least one: a meter, a plan, a customer …"
        findings.add("no-entities", place, "the input holds no entity", hint)


def _merged(files_read: Iterable[ParsedFile], findings: Findings) -> Iterable[Diagnostic]:
    """Drop findings about the type of a value that couldn't be read, as it has a finding already."""
    first = [diagnostic for parsed in files_read for diagnostic in parsed.diagnostics]
    places = {diagnostic.position for diagnostic in first}
    return (*first, *(diagnostic for diagnostic in findings.all if diagnostic.position not in places))


def sorted_short(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each finding once, in few words, in the order of the files."""
    return tuple(sorted(dict.fromkeys(map(_short, diagnostics)), key=lambda diagnostic: diagnostic.order))


def _short(diagnostic: Diagnostic) -> Diagnostic:
    """The finding in few words and without control characters, whatever stands in the file that it repeats."""
    detail, hint = (shorten(text, MESSAGE_CHARACTERS) for text in (diagnostic.detail, diagnostic.hint))
    return replace(diagnostic, detail=detail, hint=hint)
