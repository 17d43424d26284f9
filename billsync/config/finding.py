"""The codes of what can be wrong in files, each with its one fixed sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from billsync.model.diagnostic import Diagnostic, Position, Severity, full_stop, sentence

SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        # files
        "unreadable-file": "this can't be read",
        "missing-path": "no such file or directory",
        "no-files": "no configuration file is in this directory",
        "no-entities": "nothing is declared",
        "not-a-file": "this is no file",
        "linked-directory": "a link leads back to a directory that holds it",
        "other-files": "some files are neither YAML nor JSON",
        "too-many-files": "there are too many files",
        "too-long": "this is too long",
        "not-utf-8": "a file is text in UTF-8",
        "forbidden-character": "this character can't stand in a file",
        # YAML and JSON
        "not-yaml": "this is not YAML",
        "not-json": "this is not JSON",
        "not-a-map": "a file is a map of collections",
        "nested-too-deeply": "the nesting is too deep",
        "too-many-values": "the file holds too many values",
        "alias-expansion": "aliases expand to too many values",
        "unknown-anchor": "no anchor has this name",
        "recursive-alias": "an anchor can't contain itself",
        "duplicate-key": "a key stands twice in one map",
        "key-not-text": "a key is a text",
        "merge-key": "the merge key is not supported",
        "tag": "tags are not supported",
        "number-exponent": "a number has no exponent",
        "not-a-number": "only finite numbers exist here",
        "ambiguous-number": "this number can be read in several ways",
        "number-too-long": "the number is too long",
        "text-too-long": "the text is too long",
        # the document
        "not-supported-yet": "this is not supported yet",
        "format-version": "unknown format version",
        "two-headers": "two different `_info` blocks",
        "illegal-owner": "this can't be an owner",
        "unknowable-target": "no server of this dialect has that",
        "null-collection": "a collection is a list",
        "wrong-type": "the value has the wrong type",
        "unknown-field": "there is no such field",
        "missing-field": "a field is missing",
        "not-a-choice": "this value is not one of the choices",
        "malformed-text": "the text doesn't have the right form",
        "wrong-length": "the value is too short or too long",
        "out-of-range": "the number is out of range",
        "wrong-count": "there are too few or too many",
        "repeated-value": "a value stands twice in a list",
        "invalid-value": "the value is not allowed",
        "null-value": "null is not a value here",
        # entities
        "unknown-library-card": "no card in the library has this name",
        "use-in-library": "a library card can't use another",
        "conflicting-fields": "two fields exclude each other",
        "declared-twice": "the same entity is declared twice",
        # moved
        "moved-nowhere": "a moved key has another one",
        "moved-twice": "a key is moved once, and each to another one",
        "moved-but-declared": "a moved key is gone from the files",
        "moved-to-nothing": "nothing has the key that this is moved to",
        "moved-in-a-circle": "moved keys lead in a circle",
    }
)


def finding(code: str, position: Position | None, detail: str, hint: str = "") -> Diagnostic:
    """An error with the fixed sentence of its code. Raises KeyError for a code that isn't in the table."""
    return Diagnostic(code, SUMMARIES[code], full_stop(detail), sentence(hint), position)


def warning(code: str, position: Position | None, detail: str, hint: str = "") -> Diagnostic:
    """The same as a warning: it stops nothing."""
    return replace(finding(code, position, detail, hint), severity=Severity.WARNING)


class Findings:
    """Collects errors while something is read; what it holds is a value at the end."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def add(self, code: str, position: Position | None, detail: str, hint: str = "") -> None:
        """One more error, with the fixed sentence of its code."""
        self._found.append(finding(code, position, detail, hint))

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """More findings."""
        self._found.extend(diagnostics)

    @property
    def all(self) -> tuple[Diagnostic, ...]:
        """Everything so far, in the order in which it was found."""
        return tuple(self._found)
