"""The file in which `adopted` is recorded, its new text, and the proof that nothing else changes by it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from billsync.config.adoption.adopted_text import ADOPTED, HEADER, NotEditable, has_section
from billsync.config.full_loading import load_fully
from billsync.config.text.files import Found, SourceFile
from billsync.config.text.finding import finding
from billsync.model.diagnostic import Diagnostic, Position, has_errors
from billsync.model.frozen import dataclass, replace
from billsync.model.globs import Patterns
from billsync.model.kind import Registry
from billsync.model.state import Desired

BOM = "\ufeff"
_BY_HAND = "Write it by hand: {line}"
_INTO = "Name one of the files with --into."


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A file with its bytes as they were read, and as they are to be."""

    file: str
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class Configuration:
    """Files as they were read, and how they are loaded."""

    found: Found
    paths: Sequence[str]
    registry: Registry
    environment: Mapping[str, str]
    overlays: Sequence[str]

    def load(self, rewriting: Rewriting | None = None) -> tuple[Desired, tuple[Diagnostic, ...]]:
        """The desired state; with another content of one file, if there is one."""
        sources = tuple(
            replace(source, content=rewriting.new) if rewriting and source.name == rewriting.file else source
            for source in self.found.sources
        )
        return load_fully(
            replace(self.found, sources=sources),
            self.paths,
            registry=self.registry,
            environment=self.environment,
            overlays=self.overlays,
        )


def holder(configuration: Configuration, into: str | None) -> SourceFile | Diagnostic:
    """The file in which `adopted` belongs: the one that is named, that has it already, that has `_info`, or the only
    one."""
    sources = configuration.found.sources
    if into is not None:
        path = os.path.realpath(into)
        named = [source for source in sources if os.path.realpath(source.name) == path]
        return named[0] if named else finding("adopt-into", Position(into, 1, 1), "it isn't one of the files")
    for name in (ADOPTED, HEADER):
        having = [source for source in sources if _has(source, name)]
        if len(having) == 1:
            return having[0]
        if having:
            return _several(having, f"`{name}` stands in")
    return sources[0] if len(sources) == 1 else _several(sources, "no file has `_info`, and there are")


def _has(source: SourceFile, name: str) -> bool:
    try:
        return has_section(_text(source), name)
    except NotEditable:
        return False


def _several(sources: Sequence[SourceFile], what: str) -> Diagnostic:
    names = ", ".join(source.name for source in sources)
    return finding("adopt-into", Position(sources[0].name, 1, 1), f"{what} {names}", _INTO)


def rewritten(
    configuration: Configuration,
    source: SourceFile,
    edit: Callable[[str, bool], str],
    *,
    wanted: Patterns,
    line: str,
) -> Rewriting | Diagnostic:
    """The file after an edit of its text, by which `adopted` is as wanted (by kind) and nothing else changes; `line`
    is what a person would write."""
    text, place = _text(source), Position(source.name, 1, 1)
    try:
        new = edit(text, source.name.lower().endswith(".json"))
    except NotEditable as problem:
        return finding("adopt-text", place, str(problem), _BY_HAND.format(line=line))
    mark = BOM if _raw(source).startswith(BOM) else ""
    found = Rewriting(source.name, _bytes(source), (mark + new).encode())
    before, _ = configuration.load()
    after, problems = configuration.load(found)
    if has_errors(problems) or _declared(before) != _declared(after) or _by_kind(after.adopted) != _by_kind(wanted):
        detail = "written there, it would declare something else, or an overlay takes its place"
        return finding("adopt-text", place, detail, _BY_HAND.format(line=line))
    return found


def _declared(desired: Desired) -> object:
    """Everything that is declared but `adopted`, without the places where it stands."""
    entities = tuple((entity.address, entity.fields, dict(entity.sources)) for entity in desired.entities)
    besides = {name: value for name, value in desired.besides.items() if name != ADOPTED}
    stated = (desired.owner, desired.named, desired.external.by_kind, desired.moved, desired.forgotten)
    return entities, besides, stated, dict(desired.sourced)


def _by_kind(adopted: Patterns) -> Mapping[str, frozenset[str]]:
    return {kind: frozenset(texts) for kind, texts in adopted.by_kind.items() if texts}


def _bytes(source: SourceFile) -> bytes:
    return source.content if isinstance(source.content, bytes) else source.content.encode()


def _raw(source: SourceFile) -> str:
    return _bytes(source).decode(errors="replace")


def _text(source: SourceFile) -> str:
    return _raw(source).removeprefix(BOM)
