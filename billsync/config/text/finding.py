"""Findings in files: errors and warnings with a place, in whole sentences."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.model.diagnostic import Diagnostic, Position, Severity, full_stop, sentence
from billsync.model.frozen import replace
from billsync.schema.codes import diagnostic


def finding(code: str, position: Position | None, detail: str, hint: str = "") -> Diagnostic:
    """An error with the fixed summary of its code. Raises KeyError for a code that isn't in the registry."""
    return diagnostic(code, full_stop(detail), sentence(hint), position=position)


def warning(code: str, position: Position | None, detail: str, hint: str = "") -> Diagnostic:
    """The finding as a warning, which stops nothing."""
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
