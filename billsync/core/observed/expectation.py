"""Whether an observed entity is in the state that a step expects before or after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from billsync.core.observed.ownership import LABELS
from billsync.core.secrets.unmasking import recognized
from billsync.core.views.compare import field_changes
from billsync.model.change import Expectation, FieldChange
from billsync.model.kind import Absent, Kind
from billsync.model.shape import ListOf
from billsync.model.value import Fields, Plain, canonical, certainly_equal

_NONE: Mapping[str, Plain] = {}


def holds_before(
    kind: Kind, expected: Expectation, *, view: Fields | None, status: str, facts: Mapping[str, Plain] = _NONE
) -> bool:
    """Whether the entity is exactly as it was when the step was decided; a partial expectation is of an entity that
    another step of the run makes, of which the server fills some fields."""
    if expected.view is None or view is None:
        return expected.view is None and view is None
    if expected.partial:
        return holds_after(kind, expected, view=view, status=status, facts=facts)
    fits = _status_fits(expected, status) and not facts_apart(expected, facts)
    if not fits or certainly_equal(view, expected.view):
        return fits
    return canonical(recognized(view, expected.view)) == canonical(expected.view)


def facts_apart(expected: Expectation, facts: Mapping[str, Plain]) -> tuple[FieldChange, ...]:
    """The moments that differ from the expected ones; those that the expectation doesn't name are ignored."""
    return tuple(
        FieldChange((name,), facts.get(name), value)
        for name, value in sorted(expected.facts.items())
        if facts.get(name) != value
    )


def holds_after(
    kind: Kind,
    expected: Expectation,
    *,
    view: Fields | None,
    status: str,
    marked: Collection[str] = (),
    facts: Mapping[str, Plain] = _NONE,
) -> bool:
    """Whether the entity is in the state that the step promises.

    `marked` are the marks that its members show. Labels added by others are ignored. Where absent means *not managed*,
    so are fields that the expectation doesn't name, as the server fills some itself (customer-facts.md §3.5). In lists
    that may have more members, only the promised ones are compared.
    """
    if expected.view is None or view is None:
        return expected.view is None and view is None
    shown = _relevant(kind, expected.view, _promised(kind, expected, view))
    wanted = {name: value for name, value in expected.view.items() if value is not None}
    if not _status_fits(expected, status) or facts_apart(expected, facts):
        return False
    return _are_equal(shown, wanted) and set(expected.marked) <= set(marked)


def _are_equal(one: Fields, other: Fields) -> bool:
    return certainly_equal(one, other) or canonical(one) == canonical(other)


def _status_fits(expected: Expectation, status: str) -> bool:
    return not expected.statuses or status in expected.statuses


def _promised(kind: Kind, expected: Expectation, view: Fields) -> Fields:
    """An observed view without the members of lists that later steps may have added."""
    fewer = {name: _members(kind, name, expected.view or {}, view) for name in expected.at_least if name in view}
    return {name: fewer.get(name, value) for name, value in view.items() if fewer.get(name, value) != ()}


def _members(kind: Kind, name: str, expected: Fields, view: Fields) -> tuple[Plain, ...]:
    """The members of an observed list whose keys an expectation names."""
    shape = kind.record.fields[name].shape
    assert isinstance(shape, ListOf)
    assert shape.key is not None
    keys = {member[shape.key] for member in expected.get(name, ())}
    return tuple(member for member in view[name] if member.get(shape.key) in keys)


def _relevant(kind: Kind, expected: Fields, view: Fields) -> Fields:
    """The part of an observed view that the expectation speaks about."""
    silent = kind.absent is Absent.NOT_MANAGED
    kept = {name: value for name, value in view.items() if name in expected or not silent}
    promised = expected.get(LABELS) or {}
    shown = view.get(LABELS) or {}
    labels = {name: shown[name] for name in promised if name in shown}
    return {**{name: value for name, value in kept.items() if name != LABELS}, **({LABELS: labels} if labels else {})}


def differences_before(kind: Kind, expected: Expectation, view: Fields | None) -> tuple[FieldChange, ...]:
    """The fields in which an observed entity differs from the state that the decision was made on; empty if either is
    absent."""
    if expected.view is None or view is None:
        return ()
    return field_changes(kind.record, recognized(view, expected.view), expected.view)


def differences_after(kind: Kind, expected: Expectation, view: Fields | None) -> tuple[FieldChange, ...]:
    """By which promised fields an observed entity departs from a promise; empty when one of them is absent."""
    if expected.view is None or view is None:
        return ()
    wanted: Mapping[str, object] = {name: value for name, value in expected.view.items() if value is not None}
    return field_changes(kind.record, _relevant(kind, expected.view, _promised(kind, expected, view)), wanted)
