"""A dump in several files: one for each kind, and for kinds that hold others, one for each thousand entities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from billsync.core.dump.dump import Dump
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, Path, Registry
from billsync.model.value import Fields

IN_A_FILE = 1_000
"""Number of entities in a file of a kind that holds others."""
LIBRARY = "rate_cards"
"""The part of a document with the cards that entities use by name."""
REST = "info"
"""The name of the file of everything that is no collection of entities."""

Comments = Mapping[Path, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DumpFile:
    """One file of a dump: its name without an ending, and its part of the document with the comments in it."""

    name: str
    document: Fields
    comments: Comments


def files_of(dump: Dump, registry: Registry) -> Iterator[DumpFile]:
    """The files of a dump, made one by one: the first one has what belongs to no kind."""
    comments = _by_collection(dump.comments)
    kinds = {kind.collection: kind for kind in registry.values() if kind.parent is None}
    rest = {name: part for name, part in dump.document.items() if name not in kinds and name != LIBRARY}
    yield DumpFile(REST, rest, comments.get("", {}))
    for name, part in dump.document.items():
        if name in rest:
            continue
        if name in kinds and _holds_others(kinds[name], registry):
            yield from _numbered(name, part, comments.get(name, {}))
        else:
            yield DumpFile(name, {name: part}, comments.get(name, {}))


def _holds_others(kind: Kind, registry: Registry) -> bool:
    return any(other.parent is not None and other.parent.kind == kind.name for other in registry.values())


def _by_collection(comments: Comments) -> Mapping[str, dict[Path, tuple[str, ...]]]:
    """The comments by the collection that they stand in; those at the top under an empty name."""
    found: dict[str, dict[Path, tuple[str, ...]]] = defaultdict(dict)
    for path, texts in comments.items():
        found[str(path[0]) if path else ""][path] = texts
    return found


def _numbered(name: str, entries: list[Fields], comments: Comments) -> Iterator[DumpFile]:
    """The entries of a collection in several files, each with its own comments."""
    by_file: dict[int, dict[Path, tuple[str, ...]]] = defaultdict(dict)
    for (collection, place, *rest), texts in comments.items():
        number, within = divmod(int(place), IN_A_FILE)
        by_file[number][(collection, within, *rest)] = texts
    for number, start in enumerate(range(0, len(entries), IN_A_FILE)):
        part = {name: entries[start : start + IN_A_FILE]}
        yield DumpFile(f"{name}-{number + 1:04}", part, by_file.get(number, {}))
