"""Paths -> the files in them. Reads only the given paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from billsync.config.text.bounded import NotAFile, TooLong, read_file, standard_input
from billsync.config.text.finding import finding
from billsync.config.text.searching import search, skipped_note
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.frozen import dataclass
from billsync.model.limits import FILE_BYTES, INPUT_BYTES

STDIN = "-"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file's content under the name that the person used, and the folder of the configuration that it is in."""

    name: str
    content: bytes | str
    folder: str = "."


@dataclass(frozen=True, slots=True)
class Found:
    """The files that paths name, what is wrong with them, and by directory the files in it that are not read."""

    sources: tuple[SourceFile, ...]
    problems: tuple[Diagnostic, ...]
    skipped: Mapping[str, Sequence[str]]

    def notes(self, used: Iterable[str]) -> tuple[Diagnostic, ...]:
        """The notes on files that are not read, except those that values were taken from."""
        taken = {os.path.realpath(name) for name in used}
        left = {
            folder: [path for path in paths if os.path.realpath(path) not in taken]
            for folder, paths in self.skipped.items()
        }
        return tuple(skipped_note(folder, paths) for folder, paths in left.items() if paths)


def read_sources(paths: Sequence[str], stdin: TextIO | None) -> Found:
    """Every file that the paths name, each once, in the order of the paths; a directory is read sorted and whole.

    `-` is the standard input. Files with other endings are left out of directories, and hidden ones; a file that is
    named itself is always read.
    """
    folders, diagnostics, skipped = _folders_by_file(paths)
    sources: list[SourceFile] = []
    size = 0
    for name, folder in folders.items():
        found = _standard_input(stdin) if name == STDIN else _file(name, folder)
        if isinstance(found, Diagnostic):
            diagnostics.append(found)
            continue
        size += len(found.content)
        if size > INPUT_BYTES:
            detail = f"all files together are longer than {INPUT_BYTES:,} bytes"
            diagnostics.append(finding("too-long", Position(name, 1, 1), detail, "Read fewer at a time."))
            break
        sources.append(found)
    return Found(tuple(sources), tuple(diagnostics), skipped)


def read_files(names: Sequence[str]) -> tuple[tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """Each of these files, in the order of the names, also twice."""
    found = [_file(name, os.path.dirname(name) or ".") if name else _no_name(name) for name in names]
    return (
        tuple(source for source in found if isinstance(source, SourceFile)),
        tuple(problem for problem in found if isinstance(problem, Diagnostic)),
    )


def _no_name(path: str) -> Diagnostic:
    return finding("missing-path", Position(path, 1, 1), "a path is empty", _NAME_ONE)


def _folders_by_file(paths: Sequence[str]) -> tuple[dict[str, str], list[Diagnostic], dict[str, list[str]]]:
    """Return the files with the folder of the configuration that each is in, findings, and what is skipped."""
    skipped: dict[str, list[str]] = {}
    names: dict[str, tuple[str, str]] = {}
    diagnostics: list[Diagnostic] = []
    for path in paths:
        inside, folder = [path], os.path.dirname(path) or "."
        if not path:
            diagnostics.append(_no_name(path))
            continue
        if path != STDIN and Path(path).is_dir():
            inside, problems, skipped[path] = search(path)
            diagnostics += problems
            folder = path
        for name in inside:
            names.setdefault(name if name == STDIN else os.path.realpath(name), (name, folder))
    return dict(names.values()), diagnostics, skipped


def _standard_input(stdin: TextIO | None) -> SourceFile | Diagnostic:
    """The standard input as a file: it is UTF-8, whatever the locale."""
    place = Position(STDIN, 1, 1)
    if stdin is None:
        return finding("unreadable-file", place, "there is no standard input")
    try:
        return SourceFile(STDIN, standard_input(stdin, FILE_BYTES))
    except TooLong as error:
        return finding("too-long", place, str(error), _SPLIT)
    except (OSError, ValueError) as error:
        return finding("unreadable-file", place, f"the standard input: {_reason(error)}")


_NAME_ONE = "Name a file or a directory; `-` is the standard input."
_SPLIT = "Split it, or read fewer entities at a time."


def _file(name: str, folder: str) -> SourceFile | Diagnostic:
    place = Position(name, 1, 1)
    try:
        return SourceFile(name, read_file(name, FILE_BYTES), folder)
    except FileNotFoundError:
        return finding("missing-path", place, f"{name} doesn't exist")
    except TooLong as error:
        return finding("too-long", place, str(error), _SPLIT)
    except NotAFile as error:
        return finding("not-a-file", place, str(error), _NAME_ONE)
    except (OSError, ValueError) as error:
        return finding("unreadable-file", place, _reason(error))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
