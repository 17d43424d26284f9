"""A directory -> the configuration files in it. Every skipped file is reported, so that it never seems absent."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from billsync.config.text.bounded import KINDS_OF_FILE
from billsync.config.text.finding import finding, warning
from billsync.model.diagnostic import Diagnostic, Position, Severity, has_errors
from billsync.model.dump_report import DUMP_REPORT
from billsync.model.limits import INPUT_FILES, NESTING

SUFFIXES = (".yaml", ".yml", ".json")
_LISTED = 5
"""Largest number of unread files that the note names."""


@dataclass(slots=True)
class _Search:
    """One walk through a directory that was given, and all that are linked into it."""

    root: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    entries: int = 0

    def files(self, folder: str, above: frozenset[str]) -> Iterator[str]:
        """The files in a folder and below it, sorted; `above` are the real paths of the folders that it is in."""
        real = os.path.realpath(folder)
        if real in above:
            detail = f"{folder} is a link to {real}, which holds it and is read once"
            self.diagnostics.append(warning("linked-directory", Position(folder, 1, 1), detail))
        if real in self.seen:
            return
        self.seen.add(real)
        if len(above) >= NESTING:
            self._report("nested-too-deeply", folder, f"at most {NESTING} nested directories are read")
            return
        for name in self._names(folder):
            path = os.path.join(folder, name)
            try:
                mode = os.stat(path).st_mode
            except OSError as error:
                self._report("missing-path", path, _reason(error, path))
                continue
            if stat.S_ISDIR(mode):
                yield from self.files(path, above | {real})
            elif stat.S_ISREG(mode):
                yield from self._file(path)
            else:
                kind = KINDS_OF_FILE.get(stat.S_IFMT(mode), "something else")
                self._report("not-a-file", path, f"{path} is {kind}", "Remove it from the directory.")

    def _names(self, folder: str) -> list[str]:
        """The names that don't begin with a dot, sorted. A folder that can't be listed is an error."""
        try:
            names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except OSError as error:
            self._report("unreadable-file", folder, _reason(error, folder))
            return []
        self.entries += len(names)
        if self.entries > INPUT_FILES:
            self._report("too-many-files", self.root, f"at most {INPUT_FILES:,} entries are looked at")
            return []
        return names

    def _file(self, path: str) -> Iterator[str]:
        if os.path.basename(path) == DUMP_REPORT:
            return
        if path.lower().endswith(SUFFIXES):
            yield path
        else:
            self.skipped.append(path)

    def _report(self, code: str, path: str, detail: str, hint: str = "") -> None:
        self.diagnostics.append(finding(code, Position(path, 1, 1), detail, hint))


def search(directory: str) -> tuple[list[str], list[Diagnostic], list[str]]:
    """The files in a directory, sorted by name, the entries that could not be read or aren't files, and the files with
    other endings.

    Links are followed; a directory that is linked twice is read once. Entries that begin with a dot are left out, and
    reports on dumps.
    """
    found = _Search(directory)
    files = list(found.files(directory, frozenset()))
    if not files and not has_errors(tuple(found.diagnostics)):
        hint = "Files end in .yaml, .yml or .json; hidden ones are skipped."
        found.diagnostics.append(finding("no-files", Position(directory, 1, 1), f"{directory} holds none", hint))
    return files, found.diagnostics, found.skipped


def skipped_note(directory: str, skipped: Sequence[str]) -> Diagnostic:
    """The one note for all files of a directory that are not read."""
    named = ", ".join(os.path.relpath(path, directory) for path in skipped[:_LISTED])
    more = f" and {len(skipped) - _LISTED:,} more" if len(skipped) > _LISTED else ""
    detail = f"not read, as their names don't end in .yaml, .yml or .json: {named}{more}"
    return replace(warning("other-files", Position(directory, 1, 1), detail), severity=Severity.NOTE)


def _reason(error: OSError, path: str) -> str:
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return f"{path} is a link to {os.readlink(path)}, which doesn't exist"
    return f"{path}: {error.strerror or error}"
