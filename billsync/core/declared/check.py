"""Checks of one declared entity by itself, made offline after its schema has accepted it.

The checks here follow from the shapes; checks that need to know the kind are the kind's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from billsync.core.views.exact import is_kept_exactly
from billsync.core.views.normalize import canonical_value, canonicalize, number
from billsync.model.duration import LONGEST, PATTERN, parse_duration
from billsync.model.kind import Kind, Path, Problem
from billsync.model.labels import MOST_DECLARED, OURS, key_problem, value_problem
from billsync.model.moment import cut_to_seconds, parse_moment
from billsync.model.shape import (
    Duration,
    LabelMap,
    ListOf,
    Number,
    Record,
    Shape,
    Timestamp,
)
from billsync.model.value import Fields, Plain, canonical, decimal_text
from billsync.model.walk import visit


def problems(kind: Kind, declared: Fields) -> tuple[Problem, ...]:
    """All findings; the paths lead into the fields as they were declared."""
    found = list(value_problems(kind, declared))
    fields = canonicalize(kind, declared)
    for check in kind.checks:
        found += check(fields)
    return tuple(found)


def value_problems(kind: Kind, declared: Fields) -> tuple[Problem, ...]:
    """The findings about single values: they may be asked for of an entity that lacks fields."""
    parts = visit(kind.record, declared)
    return tuple(problem for path, shape, value in parts for problem in part_problems(shape, value, path))


def part_problems(shape: Shape, value: Plain, path: Path) -> Iterator[Problem]:
    """The findings about one part of a value, not about the parts inside of it."""
    match shape:
        case Record() if isinstance(value, Mapping):
            yield from _undeclarable(shape, value, path)
        case ListOf() if isinstance(value, list | tuple):
            yield from _repeated(shape, tuple(value), path)
        case LabelMap() if isinstance(value, Mapping):
            yield from label_problems(value, path)
        case Number():
            yield from _number(shape, number(value), path)
        case Duration() if isinstance(value, str):
            yield from _duration(shape, value, path)
        case Timestamp() if isinstance(value, str):
            yield from _moment(shape, value, path)


def _undeclarable(record: Record, fields: Fields, path: Path) -> Iterator[Problem]:
    for name, item in fields.items():
        field = record.fields.get(name)
        if field is None:
            continue
        if field.refused:
            yield Problem((*path, name), "refused-field", field.refused, f"leave {name} out")
        elif item is None and field.clear:
            hint = f"leave {name} out, or give it a value"
            yield Problem((*path, name), "unclearable-field", field.clear, hint)


def label_problems(labels: Fields, path: Path) -> Iterator[Problem]:
    """Yield the reasons why the server would refuse or hide these labels; `path` is theirs."""
    if len(labels) > MOST_DECLARED:
        detail = f"there are {len(labels)}; the server takes 50, and billsync adds up to three of its own"
        yield Problem(path, "label", detail, f"declare {MOST_DECLARED} at most")
    for name, value in labels.items():
        place = (*path, name)
        if name.startswith(OURS):
            detail = f"keys that begin with `{OURS}` are billsync's own"
            yield Problem(place, "label", detail, "choose another key")
        elif reason := key_problem(name):
            yield Problem(place, "label", f"key `{name}`: {reason}", "choose another key")
        if isinstance(value, str) and (reason := value_problem(value)):
            yield Problem(place, "label", f"value `{value}` of `{name}`: {reason}", "choose another value")


def _number(shape: Number, value: Plain, path: Path) -> Iterator[Problem]:
    if not isinstance(value, Decimal):
        return
    text = decimal_text(value)
    if shape.minimum is not None and value < shape.minimum:
        yield Problem(path, "out-of-range", f"{text} is less than {shape.minimum}", "use a larger number")
    if shape.above is not None and value <= shape.above:
        yield Problem(path, "out-of-range", f"{text} is not more than {shape.above}", "use a larger number")
    if shape.maximum is not None and value > shape.maximum:
        yield Problem(path, "out-of-range", f"{text} is more than {shape.maximum}", "use a smaller number")
    if shape.bits is not None and not is_kept_exactly(value, shape.bits):
        yield Problem(
            path,
            "number-inexact",
            f"it keeps a {shape.bits}-bit float, and would use another number than {text}",
            "use fewer digits, or a fraction made of halves, such as 12.5 or 33.25",
        )


def _duration(shape: Duration, value: str, path: Path) -> Iterator[Problem]:
    duration = parse_duration(value)
    if duration is None:
        yield Problem(path, "duration", f"`{value}` is not an ISO 8601 duration", "write one such as P1M or PT12H")
        return
    if not re.search(PATTERN, value):
        yield Problem(path, "duration", f"the server rounds the fractions of {value}", "use smaller units")
    length = duration.in_seconds()
    if shape.positive and length == 0:
        yield Problem(path, "duration", f"{value} has no length", "write one such as P1M or PT12H")
    if length > LONGEST:
        yield Problem(path, "duration", f"{value} is longer than a thousand years", "use a shorter one")
    if shape.choices and duration.text not in shape.choices:
        detail = f"{value} is not one of {', '.join(shape.choices)}; they are compared as they are written"
        yield Problem(path, "duration", detail, "use one of these")


def _moment(shape: Timestamp, value: str, path: Path) -> Iterator[Problem]:
    moment = parse_moment(value)
    if value in shape.words:
        return
    if moment is None:
        detail = f"`{value}` is not a time with an offset"
        yield Problem(path, "time", detail, "write one such as 2026-01-01T00:00:00Z")
    elif shape.seconds and cut_to_seconds(moment) != moment:
        detail = f"the server cuts {value} to seconds"
        yield Problem(path, "time", detail, "leave the fraction of a second out")


def _repeated(shape: ListOf, members: tuple[Plain, ...], path: Path) -> Iterator[Problem]:
    if shape.ordered_by_key or not (shape.key or shape.as_set or shape.unique):
        return
    seen: Counter[bytes] = Counter()
    for index, member in enumerate(members):
        name = member.get(shape.key) if shape.key is not None and isinstance(member, Mapping) else member
        identity = canonical(canonical_value(shape.item, member) if shape.key is None else name)
        seen[identity] += 1
        if seen[identity] == 2:
            shown = name if isinstance(name, str) else identity.decode()
            yield Problem((*path, index), "repeated-value", f"`{shown}` is there already", "keep one of them")
