"""All codes by name, including those of single kinds: every diagnostic takes its summary from here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from billsync.model.codes import (
    ANSWERS,
    COMMANDS,
    FILES,
    GUARDS,
    LOSSES,
    NOTES,
    OWNERSHIP,
    POLICIES,
    RATINGS,
    RESTORES,
    SERVER,
)
from billsync.model.codes.code import Chapter, Code
from billsync.model.diagnostic import Diagnostic, Position, Severity, full_stop, sentence
from billsync.model.frozen import replace
from billsync.model.kind import LabelPolicy, Problem, Registry, attached_fields


def chapters(registry: Registry) -> tuple[Chapter, ...]:
    """Every chapter, in the order in which a person meets them."""
    from billsync.kinds import codes as kinds

    own = (OWNERSHIP, SERVER, NOTES, _guards(registry), POLICIES)
    return (*FILES, *kinds.CHAPTERS, *own, *COMMANDS, LOSSES, RESTORES, ANSWERS, RATINGS)


def guard_names(registry: Registry) -> tuple[str, ...]:
    """The guards that a flag overrides, by name, sorted."""
    return tuple(sorted(c.name for c in _guards(registry).codes if f"--allow {c.name}" in c.doc))


def _guards(registry: Registry) -> Chapter:
    """The chapter of guards, with those of single kinds."""
    from billsync.kinds import guard_codes

    parents = {kind.parent.kind for kind in registry.values() if kind.parent}
    own = (
        *(guard_codes.credit_guard(registry[name]) for name in sorted(parents)),
        *(guard_codes.doubled_guard(kind) for kind in registry.values() if kind.traits),
        *(guard_codes.lost_guard(kind, field) for kind in registry.values() for field in attached_fields(kind)),
        *(guard_codes.taking_back_guard(kind) for kind in registry.values() if kind.taking_back),
        *(guard_codes.unmarked_guard(kind) for kind in registry.values() if kind.labels is LabelPolicy.HIDDEN),
    )
    return replace(GUARDS, codes=(*GUARDS.codes, *own))


_GENERAL = {code.name: code for part in (*FILES, OWNERSHIP, SERVER, NOTES, *COMMANDS) for code in part.codes}
"""The codes of no single kind. `--help` loads no kinds, and a process that runs out of files can't."""


@cache
def pages() -> Mapping[str, tuple[Chapter, Code]]:
    """Name -> code, with the chapter that it stands in."""
    from billsync.kinds.registry import KINDS

    return MappingProxyType({code.name: (chapter, code) for chapter in chapters(KINDS) for code in chapter.codes})


def diagnostic(
    code: str,
    detail: str = "",
    hint: str = "",
    *,
    position: Position | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic with the fixed summary of its code. Raises KeyError for a code that isn't in the registry."""
    known = _GENERAL[code] if code in _GENERAL else pages()[code][1]
    return Diagnostic(code, known.summary, detail, hint, position, severity)


def diagnostic_of(problem: Problem, position: Position) -> Diagnostic:
    """A problem as a diagnostic at a place, in whole sentences."""
    return diagnostic(problem.code, full_stop(problem.detail), sentence(problem.hint), position=position)
