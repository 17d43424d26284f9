"""Paths -> the files in them. It reads what it was given, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from billsync.config.finding import finding
from billsync.model.diagnostic import Diagnostic, Position

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One file's content under the name that the person used."""

    name: str
    content: bytes | str


def read_sources(paths: Sequence[str], stdin: TextIO | None) -> tuple[tuple[Source, ...], tuple[Diagnostic, ...]]:
    """Every file that the paths name, each once, in the order of the paths; a directory is read sorted and whole.

    `-` is the standard input. Hidden files and directories, and files with other endings, are left out of
    directories; a file that is named itself is always read.
    """
    names, diagnostics = _file_names(paths)
    sources = []
    for name in names:
        found = _standard_input(stdin) if name == STDIN else _file(name)
        if isinstance(found, Source):
            sources.append(found)
        else:
            diagnostics.append(found)
    return tuple(sources), tuple(diagnostics)


def _file_names(paths: Sequence[str]) -> tuple[list[str], list[Diagnostic]]:
    names: dict[str, str] = {}
    diagnostics: list[Diagnostic] = []
    for path in paths:
        inside = _directory(path, diagnostics) if path != STDIN and Path(path).is_dir() else [path]
        for name in inside:
            names.setdefault(name if name == STDIN else os.path.realpath(name), name)
    return list(names.values()), diagnostics


def _directory(path: str, diagnostics: list[Diagnostic]) -> list[str]:
    """The files in a directory, sorted. One that can't be listed is an error: what it holds must not seem absent."""
    found: list[str] = []
    unread: list[OSError] = []
    for folder, folders, files in os.walk(path, onerror=unread.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [os.path.join(folder, name) for name in files if name.endswith(SUFFIXES) and not name.startswith(".")]
    for error in unread:
        diagnostics.append(finding("unreadable-file", Position(str(error.filename), 1, 1), _reason(error)))
    if not found and not unread:
        hint = "Files end in .yaml, .yml or .json; hidden ones are skipped."
        diagnostics.append(finding("no-files", Position(path, 1, 1), f"{path} holds none", hint))
    return sorted(found, key=lambda name: name.split(os.sep))


def _standard_input(stdin: TextIO | None) -> Source | Diagnostic:
    if stdin is None:
        return finding("unreadable-file", Position(STDIN, 1, 1), "there is no standard input")
    try:
        return Source(STDIN, stdin.read())
    except (OSError, UnicodeError) as error:
        return finding("unreadable-file", Position(STDIN, 1, 1), f"the standard input: {_reason(error)}")


def _file(name: str) -> Source | Diagnostic:
    try:
        return Source(name, Path(name).read_bytes())
    except FileNotFoundError:
        return finding("missing-path", Position(name, 1, 1), f"{name} doesn't exist")
    except (OSError, ValueError) as error:
        return finding("unreadable-file", Position(name, 1, 1), _reason(error))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
