"""JSON Schema errors -> diagnostics that a person understands: one for each mistake, at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from billsync.config.checks.failure import Failure, failure_of
from billsync.config.checks.shapes import right_shape
from billsync.config.checks.suggest import did_you_mean
from billsync.config.checks.unions import meant
from billsync.config.checks.words import TYPES, either, found
from billsync.config.text.finding import finding
from billsync.config.text.node import MapNode, Node, ScalarNode, at, nearest
from billsync.config.text.scalars import shorten
from billsync.core.declared.suggest import closest
from billsync.kinds.forms import FORMS, PERCENT
from billsync.model.diagnostic import Diagnostic
from billsync.model.duration import Duration, parse_duration
from billsync.model.kind import Path

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_MANY_FIELDS = 12
"""With more fields than this, a message doesn't list them."""

_IN_HEADER = ("owner", "defaults", "policy", "select", "target", "transitions")
"""Fields of `_info` that a person may write elsewhere."""

_Explain: TypeAlias = Callable[[Failure, Node], Iterable[Diagnostic]]
Later: TypeAlias = Mapping[Path, frozenset[str]]
"""By the path of a map: its fields that a later version reads."""


def diagnostics_of(
    errors: Iterable[ValidationError], root: Node, *, later: Later = MappingProxyType({})
) -> Iterator[Diagnostic]:
    """Return the findings for the errors of the value that was made from this node."""
    failures = _without_echoes([leaf for error in errors for leaf in leaves(failure_of(error))])
    misspelt = {place for failure in failures for place in _misspelt(failure)}
    for failure in failures:
        if failure.rule in _UNKNOWN:
            yield from _unknown(failure, root, later.get(failure.path, frozenset()))
        elif failure.rule != "required" or (failure.path, _absent(failure)) not in misspelt:
            explain = _key if failure.about_key else _EXPLAIN.get(failure.rule, _other)
            yield from explain(failure, root)


def _without_echoes(failures: Sequence[Failure]) -> Sequence[Failure]:
    """Drop the length of a text that already has the wrong form."""
    malformed = {failure.path for failure in failures if failure.rule == "pattern"}
    return [failure for failure in failures if failure.rule not in _LENGTHS or failure.path not in malformed]


def leaves(failure: Failure) -> Iterator[Failure]:
    """The failures without unions: only those of the branch that was meant."""
    if failure.rule in ("oneOf", "anyOf") and failure.inner:
        for inner in meant(failure):
            yield from leaves(inner)
    else:
        yield failure


def _misspelt(failure: Failure) -> Iterator[tuple[Path, str]]:
    """Return fields that were probably meant: a near name has a message already, so their absence needs none."""
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
    form = FORMS.get(schema.get("pattern", ""))
    first = next(iter(schema.get("examples", ())), form.example if form else None)
    return f"For example: {first}" if isinstance(first, str | int) and not isinstance(first, bool) else ""


def _unknown(failure: Failure, root: Node, later: frozenset[str]) -> Iterator[Diagnostic]:
    """`additionalProperties`: one finding for each field that isn't known, at its key."""
    holder = at(root, failure.path)
    known = tuple(failure.schema.get("properties", ()))
    for name in failure.value if isinstance(holder, MapNode) else ():
        if name in known or not isinstance(holder, MapNode):
            continue
        place = holder.entries[name].place
        if name in later:
            yield finding("not-supported-yet", place, f"`{name}` is not supported by this version")
        else:
            detail = f'"{shorten(name)}" is not a field here'
            yield finding("unknown-field", place, detail, _known_hint(name, failure.schema))


def _is_in_another_number(name: str, known: Sequence[str]) -> bool:
    """Whether a field differs by its last `s` alone (`rate_cards` for `rate_card`)."""
    return name.removesuffix("s") in {other.removesuffix("s") for other in known}


def _known_hint(name: str, schema: Mapping[str, Any]) -> str:
    """Return a near name among the fields of this map, or else of a map inside it, which may have been left out."""
    known = tuple(schema.get("properties", ()))
    inside = [holder for holder, field in schema.get("properties", {}).items() if name in field.get("properties", ())]
    if inside and not _is_in_another_number(name, known):
        return f"It belongs in `{inside[0]}`: `{inside[0]}: {{{name}: …}}`."
    hint = did_you_mean(name, known)
    if not hint and name in _IN_HEADER:
        return f"It belongs in `_info`: `_info: {{{name}: …}}`."
    if hint or not known or len(known) > _MANY_FIELDS:
        return hint
    return f"Fields here: {', '.join(known)}."


def _missing(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`required`."""
    name = _absent(failure)
    properties = failure.schema.get("properties", {})
    strays = [given for given in failure.value if given not in properties] if isinstance(failure.value, Mapping) else []
    near = closest(name, strays)
    hint = f'Is it misspelt as "{near}"?' if near else _example(properties.get(name, {}))
    where = f" in `{failure.name}`" if failure.name else ""
    yield finding("missing-field", nearest(root, failure.path), f'"{name}" is required{where}', hint)


def _missing_one(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """A union that only asks for one of several fields."""
    names = either(f'"{name}"' for name in failure.limit)
    where = f" in `{failure.name}`" if failure.name else ""
    example = _example(failure.schema.get("properties", {}).get(failure.limit[0], {}))
    yield finding("missing-field", nearest(root, failure.path), f"{names} is required{where}", example)


def _wrong_type(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    wanted = failure.limit
    return _type(failure, root, (wanted,) if isinstance(wanted, str) else tuple(wanted))


def _type(failure: Failure, root: Node, wanted: Sequence[str]) -> Iterator[Diagnostic]:
    if failure.value is None:
        return _one("null-value", failure, root, "no value is given", "Give it a value, or remove the line.")
    hint = _type_hint(wanted, at(root, failure.path), failure)
    expected = either(TYPES[name] for name in wanted if name != "null" or len(wanted) == 1)
    return _one("wrong-type", failure, root, f"expected {expected}, found {found(failure.value)}", hint)


def _type_hint(wanted: Sequence[str], node: Node | None, failure: Failure) -> str:
    schema = failure.schema
    if isinstance(node, ScalarNode) and "string" in wanted and not isinstance(failure.value, str):
        text = shorten(node.text)
        if "pattern" not in schema:
            return f'Quote it: "{text}"'
        return _example(schema) if "number" in wanted else _quoted_or_example(text, schema)
    if isinstance(node, ScalarNode) and "boolean" in wanted:
        return "Write `true` or `false`."
    last = failure.path[-1] if failure.path else ""
    return right_shape(last if isinstance(last, str) else "", failure.value, schema) or _example(schema)


def _quoted_or_example(text: str, schema: Mapping[str, Any]) -> str:
    return f'Quote it: "{text}"' if _fits(text, schema) else _in_form(text, schema)


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    return re.search(schema.get("pattern", ""), text) is not None


def _in_form(text: str, schema: Mapping[str, Any]) -> str:
    """A number where a percentage belongs is proposed as one; else an example is shown."""
    percent = f"{text}%"
    if schema.get("pattern") == PERCENT and _fits(percent, schema):
        return f"Write {percent}"
    if isinstance(value := parse_duration(text), Duration) and not value.is_whole:
        return f"The server rounds fractions: use smaller units. {_example(schema)}"
    return _example(schema)


def _form_of(pattern: object) -> str:
    """Return the name of texts of this pattern."""
    form = FORMS.get(str(pattern))
    return form.name if form else "in the right form"


def _choice(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`enum` and `const`."""
    choices = failure.limit if failure.rule == "enum" else [failure.limit]
    words = [_word(choice) for choice in dict.fromkeys(choices) if choice is not None]
    hint = _choice_hint(failure.value, choices, words) if isinstance(failure.value, str) else ""
    wanted = f"one of {', '.join(words)}" if len(words) > 1 else f"{words[0]}"
    detail = f"{found(failure.value)} is not {shorten(wanted, 200)}"
    return _one("not-a-choice", failure, root, detail, hint)


def _choice_hint(text: str, choices: Sequence[object], words: Sequence[str]) -> str:
    """A near choice; for `"true"`, where `true` is one, the way to write that."""
    if any(isinstance(choice, bool) and text == _word(choice) for choice in choices):
        return f"Leave the quotes out: {text}."
    return did_you_mean(text, words)


def _pattern(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    detail = f"{found(failure.value)} is not {_form_of(failure.limit)}"
    return _one("malformed-text", failure, root, detail, _in_form(str(failure.value), failure.schema))


def _length(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    rule = "at least {} must be there" if failure.rule == "minLength" else "there can be at most {}"
    count = len(failure.value)
    detail = f"it has {count:,} character{'' if count == 1 else 's'}; {rule.format(failure.limit)}"
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
    return _one("repeated-value", failure, root, "each value may appear only once")


def _key(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`propertyNames`: the value is the key itself."""
    holder = at(root, failure.path)
    entry = holder.entries.get(failure.value) if isinstance(holder, MapNode) else None
    place = entry.place if entry else nearest(root, failure.path)
    detail = f'the key "{shorten(str(failure.value))}" is not {_form_of(failure.limit)}'
    yield finding("malformed-text", place, detail, _example({"pattern": failure.limit}))


def _exclusive(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """`oneOf` with several branches that fit: fields that exclude each other. What is no map has a message already."""
    if isinstance(failure.value, Mapping):
        names = [name for branch in failure.limit for name in branch.get("required", ()) if name in failure.value]
        detail = f"{' and '.join(f'`{name}`' for name in names)} are two sorts of entries"
        yield from _one("conflicting-fields", failure, root, detail, "Keep one of them.")


def _told_elsewhere(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    """Skip `not`, which marks refused fields: the check of the entity gives the reason."""
    return iter(())


def _other(failure: Failure, root: Node) -> Iterator[Diagnostic]:
    return _one("invalid-value", failure, root, shorten(failure.message, 200))


_LENGTHS = ("minLength", "maxLength")
_UNKNOWN = ("additionalProperties", "unevaluatedProperties")
_EXPLAIN: Mapping[str, _Explain] = {
    "required": _missing,
    "requiredOne": _missing_one,
    "type": _wrong_type,
    "enum": _choice,
    "const": _choice,
    "pattern": _pattern,
    **dict.fromkeys(_LENGTHS, _length),
    **dict.fromkeys(_RANGES, _range),
    **dict.fromkeys(_COUNTS, _count),
    "uniqueItems": _repeated,
    "oneOf": _exclusive,
    "not": _told_elsewhere,
}


def _word(choice: object) -> str:
    """A choice as a file has it."""
    return str(choice).lower() if isinstance(choice, bool) else str(choice)
