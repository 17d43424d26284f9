"""Diagnostics as text, sorted by place: place, severity and code, then the mistake and the hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.model.diagnostic import Diagnostic
from billsync.render.formats.words import visible


def diagnostics_text(diagnostics: Iterable[Diagnostic]) -> str:
    """All findings, by place; empty for none, else it ends with a line break."""
    lines = [line for found in sorted(diagnostics, key=lambda d: d.order) for line in _lines(found)]
    return "\n".join(lines) + "\n" if lines else ""


def one_line(diagnostic: Diagnostic) -> str:
    """A finding as one sentence with its place and code."""
    return ": ".join(part for part in (_head(diagnostic), visible(diagnostic.detail)) if part)


def _lines(diagnostic: Diagnostic) -> Iterator[str]:
    yield _head(diagnostic)
    yield from (f"  {visible(line)}" for line in (*diagnostic.detail.splitlines(), *diagnostic.hint.splitlines()))


def _head(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.position}: " if diagnostic.position else ""
    return visible(f"{place}{diagnostic.severity.value}[{diagnostic.code}]: {diagnostic.summary}")
