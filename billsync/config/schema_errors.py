"""JSON Schema errors -> diagnostics that a person understands: one for each mistake, at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from jsonschema.exceptions import ValidationError

from billsync.config.failure import Failure, failure_of
from billsync.config.finding import finding
from billsync.config.node import MapNode, Node, ScalarNode, at, nearest
from billsync.config.scalars import shorten
from billsync.config.suggest import did_you_mean
from billsync.config.unions import meant
from billsync.config.words import TYPES, either, found
from billsync.core.suggest import closest
from billsync.model.diagnostic import Diagnostic
from billsync.model.kind import Path

LATER_FIELDS = frozenset(
    {"billing", "addons", "variants", "extends", "state", "target", "select", "policy", "transitions"}
)
"""Fields that a later version reads."""

_MANY_FIELDS = 12
"""With more fields than this, a message doesn't list them."""

_Explain: TypeAlias = Callable[[Failure, Node], Iterable[Diagnostic]]


def diagnostics_of(errors: Iterable[ValidationError], root: Node) -> Iterator[Diagnostic]:
    """What the errors mean, for the value that was made of this node."""
    failures = [leaf for error in errors for leaf in _leaves(failure_of(error))]
    misspelt = {place for failure in failures for place in _misspelt(failure)}
    for failure in failures:
        if failure.rule != "required" or (failure.path, _absent(failure)) not in misspelt:
            explain = _key if failure.about_key else _EXPLAIN.get(failure.rule, _other)
            yield from explain(failure, root)


def _leaves(failure: Failure) -> Iterator[Failure]:
    """The failures without unions: only what is wrong in the branch that was meant."""
    if failure.rule in ("oneOf", "anyOf") and failure.inner:
        for inner in meant(failure):
            yield from _leaves(inner)
    else:
        yield failure


def _misspelt(failure: Failure) -> Iterator[tuple[Path, str]]:
    """Fields that somebody seems to have wanted to give: their absence isn't worth a second message."""
    known = tuple(failure.schema.get("properties", ()))
    if failure.rule == "additionalProperties" and isinstance(failure.value, Mapping):
        for name in failure.value:
            if name not in known and (near := closest(name, known)):
                yield failure.path, near


def _absent(failure: Failure) -> str:
    """The field that a failed `required` is about: the library makes an error of each."""
    return next((name for name in failure.limit if failure.message.startswith(f"{name!r} ")), "")


def _one(code: str, failure: Failure, root: Node, detail: str, hint: str = "") -> Iterator[Diagnostic]:
    yield finding(code, nearest(root, failure.path), failure.named(detail), hint)


def _example(schema: Mapping[str, Any]) -> str:
    if choices := schema.get("enum"):
        return f"One of {', '.join(map(str, choices))}."
    first = next(iter(schema.get("examples", ())), None)
    return f"For example: {first}" if isinstance(first, str | int) and not isinstance(first, bool) else ""


def _unknown(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`additionalProperties`: one finding for each field that isn't known, at its key."""
    holder = at(root, failure.path)
    known = tuple(failure.schema.get("properties", ()))
    for name in failure.value if isinstance(holder, MapNode) else ():
        if name in known or not isinstance(holder, MapNode):
            continue
        place = holder.entries[name].place
        if name in LATER_FIELDS:
            yield finding("not-supported-yet", place, f"`{name}` is read by a later version")
        else:
            detail = f'"{shorten(name)}" is none of the fields here'
            yield finding("unknown-field", place, detail, _known_hint(name, known))


def _known_hint(name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name, known)
    if hint or not known or len(known) > _MANY_FIELDS:
        return hint
    return f"Known here: {', '.join(known)}."


def _missing(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`required`."""
    name = _absent(failure)
    hint = _example(failure.schema.get("properties", {}).get(name, {}))
    where = f" in `{failure.name}`" if failure.name else ""
    yield finding("missing-field", nearest(root, failure.path), f'"{name}" is needed{where}', hint)


def _missing_one(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """A union that only asks for one of several fields."""
    names = either(f'"{name}"' for name in failure.limit)
    where = f" in `{failure.name}`" if failure.name else ""
    example = _example(failure.schema.get("properties", {}).get(failure.limit[0], {}))
    yield finding("missing-field", nearest(root, failure.path), f"{names} is needed{where}", example)


def _wrong_type(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    wanted = failure.limit
    return _type(failure, root, (wanted,) if isinstance(wanted, str) else tuple(wanted))


def _type(failure: Failure, root: Node, wanted: Sequence[str]) -> Iterator[Diagnostic]:
    if failure.value is None:
        return _one("null-value", failure, root, "nothing is given here", "Give it a value, or remove the line.")
    hint = _type_hint(wanted, at(root, failure.path), failure.schema)
    expected = either(TYPES[name] for name in wanted if name != "null" or len(wanted) == 1)
    return _one("wrong-type", failure, root, f"expected {expected}, found {found(failure.value)}", hint)


def _type_hint(wanted: Sequence[str], node: Node | None, schema: Mapping[str, Any]) -> str:
    if "string" in wanted and "number" not in wanted and isinstance(node, ScalarNode):
        text = shorten(node.text)
        return f'Quote it: "{text}"' if _fits(text, schema) else _in_form(text, schema)
    return "Write `true` or `false`." if "boolean" in wanted and isinstance(node, ScalarNode) else ""


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    return re.search(schema.get("pattern", ""), text) is not None


def _in_form(text: str, schema: Mapping[str, Any]) -> str:
    """A number where a percentage belongs is proposed as one; else an example is shown."""
    percent = f"{text}%"
    return f"Write {percent}" if _fits(percent, schema) else _example(schema)


def _choice(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`enum` and `const`."""
    choices = failure.limit if failure.rule == "enum" else [failure.limit]
    words = [_word(choice) for choice in dict.fromkeys(choices) if choice is not None]
    hint = did_you_mean(failure.value, words) if isinstance(failure.value, str) else ""
    wanted = f"one of {', '.join(words)}" if len(words) > 1 else f"{words[0]}"
    detail = f"{found(failure.value)} is not {shorten(wanted, 200)}"
    return _one("not-a-choice", failure, root, detail, hint)


def _pattern(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    detail = f"{found(failure.value)} doesn't match {shorten(str(failure.limit))}"
    return _one("malformed-text", failure, root, detail, _in_form(shorten(str(failure.value)), failure.schema))


def _length(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    rule = "at least {} is needed" if failure.rule == "minLength" else "at most {} is allowed"
    detail = f"its length is {len(failure.value)}; {rule.format(failure.limit)}"
    return _one("wrong-length", failure, root, detail)


_RANGES = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}


def _range(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    detail = f"expected {_RANGES[failure.rule]} {failure.limit}, found {found(failure.value)}"
    return _one("out-of-range", failure, root, detail)


_COUNTS = {
    "minItems": "at least {} in the list",
    "maxItems": "at most {} in the list",
    "minProperties": "at least {} in the map",
    "maxProperties": "at most {} in the map",
}


def _count(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    rule = _COUNTS[failure.rule].format(failure.limit)
    return _one("wrong-count", failure, root, f"expected {rule}, found {len(failure.value)}")


def _repeated(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    return _one("repeated-value", failure, root, "each value stands once")


def _key(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`propertyNames`: the value is the key itself."""
    holder = at(root, failure.path)
    entry = holder.entries.get(failure.value) if isinstance(holder, MapNode) else None
    place = entry.place if entry else nearest(root, failure.path)
    detail = f'the key "{shorten(str(failure.value))}" doesn\'t match {failure.limit}'
    yield finding("malformed-text", place, detail)


def _told_elsewhere(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`not` marks a field that is refused: the check of an entity that has it tells the reason."""
    return iter(())


def _other(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    return _one("invalid-value", failure, root, shorten(failure.message, 200))


_EXPLAIN: Mapping[str, _Explain] = {
    "additionalProperties": _unknown,
    "unevaluatedProperties": _unknown,
    "required": _missing,
    "requiredOne": _missing_one,
    "type": _wrong_type,
    "enum": _choice,
    "const": _choice,
    "pattern": _pattern,
    **dict.fromkeys(("minLength", "maxLength"), _length),
    **dict.fromkeys(_RANGES, _range),
    **dict.fromkeys(_COUNTS, _count),
    "uniqueItems": _repeated,
    "not": _told_elsewhere,
}


def _word(choice: object) -> str:
    """A choice as a file has it."""
    return str(choice).lower() if isinstance(choice, bool) else str(choice)
