"""The outline and diagnostics as JSON: a superset of decK's object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from billsync.model.change import Action, FieldChange, Guard, Outcome
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.since import Since
from billsync.render.diagnostics import one_line
from billsync.render.formats.json_text import json_chunks
from billsync.render.formats.words import readable
from billsync.render.plan.effects import reversibility
from billsync.render.plan.outline import Item, Outline, Summary

FORMAT_VERSION = "1.0"
ACTIONS = (Action.CREATE, Action.UPDATE, Action.DELETE)


def as_json(outline: Outline, diagnostics: Sequence[Diagnostic] = (), more: Mapping[str, Any] | None = None) -> str:
    """The outline, with the diagnostics of the run, and more parts by name; ends with a line break."""
    return "".join(as_json_chunks(outline, diagnostics, more))


def as_json_chunks(
    outline: Outline, diagnostics: Sequence[Diagnostic] = (), more: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """The JSON text in chunks."""
    errors = [_sentence(item) for item in outline.told if item.outcome in (Outcome.REFUSED, Outcome.BLOCKED)]
    troubles = [f"{item.verb} {item.kind} {item.name}: {item.trouble}" for item in outline.changes if item.trouble]
    warnings = [_sentence(item) for item in outline.told if item.outcome in (Outcome.WAITING, Outcome.UNMANAGEABLE)]
    return json_chunks(
        {
            **_envelope(diagnostics, errors=errors + troubles, warnings=warnings),
            "target": outline.target,
            "owner": outline.owner,
            "mode": outline.mode,
            **({"selection": outline.selection} if outline.selection else {}),
            **({"since": _since(outline.since)} if outline.since else {}),
            "changes": {action.value: _changes(outline, action) for action in ACTIONS},
            "told": [_told(item) for item in outline.told],
            "guards": [_guard(guard) for guard in outline.guards],
            "summary": _summary(outline.summary),
            **(more or {}),
        }
    )


def errors_as_json(diagnostics: Sequence[Diagnostic], more: Mapping[str, Any] | None = None) -> str:
    """The same object for a run that ended without an outline, with further parts by name."""
    return "".join(
        json_chunks(
            {
                **_envelope(diagnostics),
                "changes": {action.value: [] for action in ACTIONS},
                "told": [],
                "guards": [],
                "summary": _summary(Summary()),
                **(more or {}),
            }
        )
    )


def _envelope(diagnostics: Sequence[Diagnostic], errors: Iterable[str] = (), warnings: Iterable[str] = ()) -> Any:
    """decK's `errors` and `warnings` are lists of text; `diagnostics` has the parts."""
    of = {severity: [one_line(d) for d in diagnostics if d.severity is severity] for severity in Severity}
    return {
        "format_version": FORMAT_VERSION,
        "errors": [*of[Severity.ERROR], *errors],
        "warnings": [*of[Severity.WARNING], *warnings],
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in diagnostics],
    }


def _since(since: Since) -> Any:
    return {
        "ref": since.ref,
        "commit": since.commit,
        "everything": since.everything,
        "compared": dict(since.compared),
        "left_out": dict(since.left_out),
    }


def _changes(outline: Outline, action: Action) -> list[Any]:
    return [_change(item) for item in outline.changes if item.action is action]


def _change(item: Item) -> Any:
    """A change in decK's form (name, kind, body) with our verb and fields; after a run, with its result."""
    end = {"status": item.status.value, "trouble": item.trouble} if item.status else {}
    return {
        "kind": item.kind,
        "name": item.name,
        "verb": item.verb,
        "body": {"new": readable(item.new), "old": readable(item.old)},
        "fields": [_field(field) for field in item.fields],
        "reason": item.reason,
        **({"timing": item.timing} if item.timing else {}),
        **({"effect": item.effect.value, "reversible": reversibility(item)} if item.effect else {}),
        **({"staying": item.staying} if item.staying is not None else {}),
        **({"since": item.since} if item.since else {}),
        **end,
    }


def _told(item: Item) -> Any:
    return {
        "kind": item.kind,
        "name": item.name,
        "outcome": item.outcome.value,
        "code": item.code,
        "reason": item.reason,
        "hint": item.hint,
        **({"since": item.since} if item.since else {}),
        "fields": [_field(field) for field in item.fields],
    }


def _field(field: FieldChange) -> Any:
    return {"path": field.name, "old": readable(field.old), "new": readable(field.new)}


def _guard(guard: Guard) -> Any:
    addresses = [address.text for address in guard.addresses]
    return {"code": guard.code, "reason": guard.reason, "flag": guard.flag, "addresses": addresses, **_hint(guard)}


def _hint(guard: Guard) -> Any:
    return {"hint": guard.hint} if guard.hint else {}


def _summary(summary: Summary) -> Any:
    """decK's four counts first; a `total` is the number of changes."""
    counts = {name: getattr(summary, name) for name in Summary.__slots__}
    created, updated, deleted = (counts.pop(name) for name in ("created", "updated", "deleted"))
    total = created + updated + deleted
    return {"creating": created, "updating": updated, "deleting": deleted, "total": total, **counts}


def _diagnostic(diagnostic: Diagnostic) -> Any:
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "hint": diagnostic.hint,
        "position": _position(diagnostic.position),
    }


def _position(position: Position | None) -> Any:
    return {"file": position.file, "line": position.line, "column": position.column} if position else None


def _sentence(item: Item) -> str:
    return f"{item.outcome.value}: {item.kind} {item.name}: {item.reason}"
