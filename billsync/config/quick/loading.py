"""The quick way from files to the desired state. It says all or nothing: the full loader makes every message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from importlib import import_module

from billsync.config.documents.document import FORMAT_VERSION
from billsync.config.full_loading import ReadDesired, documents_of, parse, problems_of_all, read_desired, sorted_short
from billsync.config.members_read import MembersRead
from billsync.config.quick.segments import Segment, segments
from billsync.config.quick.sharing import Shared
from billsync.config.quick.templates import Templates
from billsync.config.quick.validity import Test, member_test
from billsync.config.quick.values import Doubtful, most_values, quick_values
from billsync.config.text.files import STDIN, Found, SourceFile
from billsync.config.text.finding import Findings
from billsync.config.text.reader import Role
from billsync.core.declared.crowd import children_of, nested_names
from billsync.core.declared.crowd_fits import fits
from billsync.model.crowd import Crowd
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind, Registry
from billsync.model.limits import VALUES
from billsync.model.ports import ParsedMemory
from billsync.model.selection import Selection
from billsync.model.source import Source
from billsync.model.state import Desired
from billsync.model.value import Fields, Plain

LIBRARIES = ("msgspec", "orjson", "ryml", "jsonschema_rs")


def load_quickly(
    found: Found,
    *,
    registry: Registry,
    environment: Mapping[str, str],
    memory: ParsedMemory | None = None,
    sparing: bool = False,
    read: MembersRead | None = None,
) -> tuple[Desired, tuple[Diagnostic, ...]] | None:
    """Return the state that files declare, with a crowd, and the notes on them; None where anything is in doubt.

    A crowd is made of the files that hold nothing but entities of one kind that others belong to. The full loader reads
    the others, and must find nothing in them. `sparing`: equal parts of members are kept once.
    """
    kind = _kind_of_crowds(registry)
    if kind is None or found.problems or not _are_there(LIBRARIES):
        return None
    files = [source for source in found.sources if _may_hold(kind, source)]
    contents = {source.name: source.content for source in files if isinstance(source.content, bytes)}
    known = _known(contents, read)
    unread = {name: content for name, content in contents.items() if name not in known}
    shared = Shared() if sparing else None
    reading = _Reading(kind, memory, member_test(kind, registry), shared, Templates(kind.collection))
    new = _all_members(unread, reading)
    if new is None:
        return None
    members = {name: them for name in contents if (them := known.get(name, new.get(name))) is not None}
    crowd = _gathered(members, kind) if any(members.values()) else None
    if crowd is None:
        return None
    rest = _rest([source for source in found.sources if source.name not in members], registry, environment)
    if rest is None or not _allows_crowd(rest, _kinds(kind, registry)):
        return None
    named = rest.desired.named | _named(crowd, kind, registry)
    desired = replace(rest.desired, named=named, crowd=crowd)
    if not fits(desired, registry):
        return None
    if read is not None:
        for name, them in new.items():
            read.keep(contents[name], them)
    return desired, sorted_short(found.notes(()))


def _known(contents: Mapping[str, bytes], read: MembersRead | None) -> Mapping[str, Sequence[Plain]]:
    """By file, the entities of those that were read before."""
    found = {name: read.of(content) for name, content in contents.items()} if read is not None else {}
    return {name: members for name, members in found.items() if members is not None}


def _are_there(libraries: Iterable[str]) -> bool:
    """Whether all libraries are installed and can be loaded."""
    try:
        for name in libraries:
            import_module(name)
    except ImportError:
        return False
    return True


def _kind_of_crowds(registry: Registry) -> Kind | None:
    """The kind that others belong to, where that is one alone."""
    names = {kind.parent.kind for kind in registry.values() if kind.parent is not None}
    return registry[names.pop()] if len(names) == 1 else None


def _kinds(kind: Kind, registry: Registry) -> frozenset[str]:
    """The kinds whose entities a crowd may hold."""
    return frozenset({kind.name, *(child.name for child in children_of(kind.name, registry))})


def _may_hold(kind: Kind, source: SourceFile) -> bool:
    """Whether a file looks as if it held a collection of a kind alone: it begins with its name."""
    if source.name == STDIN or source.name.lower().endswith(".json") or not isinstance(source.content, bytes):
        return False
    before = rb"(?:\xef\xbb\xbf)?(?:[ \r]*(?:#[^\n]*)?\n|%s:[^\n]*\n)*" % FORMAT_VERSION.encode()
    return re.match(before + kind.collection.encode() + b":", source.content) is not None


@dataclass(frozen=True, slots=True)
class _Reading:
    """The constants of reading members. `shared` are the values that were there before, if these are kept once."""

    kind: Kind
    memory: ParsedMemory | None
    is_valid: Test
    shared: Shared | None
    templates: Templates


def _all_members(contents: Mapping[str, bytes], reading: _Reading) -> Mapping[str, Sequence[Plain]] | None:
    """The members in each file that certainly holds nothing else; None where one of them isn't certainly valid."""
    try:
        found = {name: _members(content, reading) for name, content in contents.items()}
    except _NotValid:
        return None
    return {name: them for name, them in found.items() if them is not None}


def _members(content: bytes, reading: _Reading) -> Sequence[Plain] | None:
    """The entities of a kind in a file that certainly holds nothing else; None for any other file. Raises _NotValid.

    They are checked while they are still in the processor's cache.
    """
    if most_values(content) > VALUES:
        return None
    kind, members, versions = reading.kind, list[Plain](), 0
    for segment in segments(content, kind.collection):
        document = _document(segment, reading)
        if document is None:
            return None
        versions += FORMAT_VERSION in document
        them = document[kind.collection]
        if reading.shared is not None:
            reading.shared.keep(them)
        if not all(map(reading.is_valid, them)):
            raise _NotValid
        members += them
    return members if versions <= 1 else None


class _NotValid(Exception):
    """A member isn't certainly valid."""


def _document(segment: Segment, reading: _Reading) -> Fields | None:
    """The map in a segment; None where it holds anything else, or where another segment couldn't follow."""
    kind, document = reading.kind, reading.templates.values(segment.content)
    if document is None:
        try:
            document = quick_values(segment.content, reading.memory)
        except Doubtful:
            return None
        reading.templates.note(segment.content)
    if type(document) is not dict or not document.keys() <= {kind.collection, FORMAT_VERSION}:
        return None
    version = document.get(FORMAT_VERSION, "1.0")
    is_known = type(version) in (str, Decimal) and str(version) == "1.0"
    is_open = segment.is_last or next(reversed(document)) == kind.collection
    return document if is_known and is_open and type(document.get(kind.collection)) is list else None


def _gathered(members: Mapping[str, Iterable[Plain]], kind: Kind) -> Crowd | None:
    """The crowd of all members by file, if no key stands twice."""
    found: dict[str, Fields] = {}
    files: dict[str, str] = {}
    count = 0
    for name, them in members.items():
        for member in them:
            key = member.get(kind.key) if type(member) is dict else None
            if type(key) is not str:
                return None
            found[key], files[key] = member, name
            count += 1
    return Crowd(kind.name, found, files) if count == len(found) else None


def _rest(sources: Sequence[SourceFile], registry: Registry, environment: Mapping[str, str]) -> ReadDesired | None:
    """The state that the other files declare; None where they have any finding, or values from outside."""
    sourced: dict[Source, str] = {}
    files = [parse(source, Role.BASE, environment, sourced) for source in sources]
    if sourced or any(file.diagnostics or not file.complete for file in files):
        return None
    findings = Findings()
    declared = read_desired(documents_of(files), registry, findings, sourced)
    findings.extend(problems_of_all(declared, registry) if not findings.all else ())
    return None if findings.all else declared


def _allows_crowd(rest: ReadDesired, kinds: frozenset[str]) -> bool:
    """Whether no statement of the files is about the kinds of a crowd."""
    desired = rest.desired
    patterns = (desired.external, desired.adopted, desired.policy.protected)
    stated = (
        *rest.defaults,
        *(name for found in patterns for name in found.by_kind),
        *(move.new.kind for move in rest.moves),
        *(entry.address.kind for entry in rest.forgotten),
    )
    return desired.selection == Selection() and kinds.isdisjoint(stated)


def _named(crowd: Crowd, kind: Kind, registry: Registry) -> frozenset[str]:
    """The kinds whose collections stand in the crowd's files."""
    children = children_of(kind.name, registry)
    found = {kind.name}
    for child in children:
        inside = nested_names([child])
        if any(not inside.isdisjoint(member) for member in crowd.members.values()):
            found.add(child.name)
    return frozenset(found)
