"""A door for journals: a line that no run wrote is refused with its number and the field at fault.

A seal shows that a line was edited, and anybody can make one: what comes in has the types that its kind has, in any
case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from billsync.core.taking_back.journal_lines import WITHHELD, NotAJournal
from billsync.model.address import Symbol
from billsync.model.change import Step
from billsync.model.kind import Kind, Path, Registry
from billsync.model.moment import parse_moment
from billsync.model.shape import (
    Boolean,
    Duration,
    Integer,
    LabelMap,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
    Variant,
)
from billsync.model.value import Fields, Masked, Plain
from billsync.model.walk import is_map, visit

MALFORMED = (KeyError, TypeError, AttributeError, ValueError, RecursionError)

_TYPES: Mapping[type, tuple[tuple[type, ...], str]] = {
    Text: ((str,), "text"),
    Duration: ((str,), "text"),
    Timestamp: ((str,), "time"),
    Number: ((int, Decimal, str), "number"),
    Integer: ((int, Decimal, str, bool), "number"),
    Boolean: ((bool,), "true or false"),
    Reference: ((Symbol, str), "reference"),
    LabelMap: ((Mapping,), "map"),
    MapOf: ((Mapping,), "map"),
    Record: ((Mapping,), "map"),
    Variant: ((Mapping,), "map"),
    ListOf: ((list, tuple), "list"),
}


@contextmanager
def at_line(number: int) -> Iterator[None]:
    """Name the line of what isn't as a run writes it. Raises NotAJournal."""
    try:
        yield
    except NotAJournal as fault:
        raise NotAJournal(f"line {number}: {fault}") from fault
    except KeyError as fault:
        raise NotAJournal(f"line {number}: it lacks {fault}") from fault
    except MALFORMED as fault:
        raise NotAJournal(f"line {number}: {fault}") from fault


def checked_step(step: Step, registry: Registry) -> Step:
    """The step, whose ends fit its kind. Raises NotAJournal."""
    for name, end in (("before", step.before), ("after", step.after)):
        if not is_map(end.facts):
            raise NotAJournal(f"planned.{name}.facts is no map")
        if end.view is not None and (kind := registry.get(step.address.kind)) is not None:
            checked_fields(kind, end.view, f"planned.{name}.view")
    return step


def checked_fields(kind: Kind, fields: Fields, place: str) -> Fields:
    """The fields of an entity, each of which has a type of its kind. Raises NotAJournal."""
    for path, shape, value in visit(kind.record, fields):
        if not _fits(shape, value):
            raise NotAJournal(f"{_named(place, path)} is no {_TYPES[type(shape)][1]}")
    for name in filter(None, (kind.pins,)):
        if not isinstance(fields.get(name), Symbol | Masked) and fields.get(name) != WITHHELD:
            raise NotAJournal(f"{place}.{name} is no reference")
    return fields


def checked_names(value: Any, place: str) -> tuple[str, ...]:
    """A list of names. Raises NotAJournal."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise NotAJournal(f"{place} is no list of names")
    return tuple(value)


def _fits(shape: Shape, value: Plain) -> bool:
    if value is None or value == WITHHELD or isinstance(value, Masked) or type(shape) not in _TYPES:
        return True
    if isinstance(shape, Number) and isinstance(value, bool):
        return False
    if isinstance(shape, ListOf):
        is_list = isinstance(value, list | tuple)
        return is_list and all(one is not None for one in value)
    if isinstance(shape, Timestamp) and isinstance(value, str):
        return parse_moment(value) is not None or value in shape.words
    return isinstance(value, _TYPES[type(shape)][0])


def _named(place: str, path: Path) -> str:
    return ".".join((place, *map(str, path)))
