"""Diagnostics: sortable values with a place, a code, the mistake and what to do about it."""

from __future__ import annotations

from enum import Enum

from billsync.model.frozen import dataclass


class Severity(Enum):
    """Severities: an error stops the run before anything is written."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in an input: file as the person named it, line and column counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `code` is a stable kebab-case name, `summary` a fixed sentence for that code, `detail` says what is wrong
    here, and `hint` what to do about it.
    """

    code: str
    summary: str
    detail: str = ""
    hint: str = ""
    position: Position | None = None
    severity: Severity = Severity.ERROR

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """By place, then by code: the order in which findings are shown."""
        place = self.position or Position("", 0, 0)
        return (place.file, place.line, place.column, self.code, self.detail)


def has_errors(diagnostics: tuple[Diagnostic, ...]) -> bool:
    """Whether any finding is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


def sentence(text: str) -> str:
    """The text as a sentence: with a capital (unless it begins with a name in quotes) and a full stop."""
    return full_stop(text[:1].upper() + text[1:])


def full_stop(text: str) -> str:
    """The text with a full stop, unless it is empty or has an end of its own."""
    return text if not text or text[-1] in ".?!…" else f"{text}."
