"""The forms of texts: each pattern has words and an example, and lets no line end pass."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from billsync.kinds.forms import FORMS
from billsync.kinds.registry import KINDS
from billsync.model.shape import Duration, Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.schema.schema import file_schema, kind_schema

ROOT = Path(__file__).resolve().parents[2]
EVERY_FORM = pytest.mark.parametrize("pattern", FORMS, ids=[form.name for form in FORMS.values()])


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for value in schema.values():
            yield from patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from patterns(value)


def test_every_pattern_has_words_and_an_example() -> None:
    used = {pattern for kind in KINDS.values() for pattern in patterns(kind_schema(kind))}
    used.update(patterns(file_schema(KINDS)))

    assert used <= FORMS.keys()


@EVERY_FORM
def test_an_example_has_its_form(pattern: str) -> None:
    assert re.search(pattern, FORMS[pattern].example)


@EVERY_FORM
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\n\n"])
def test_no_form_lets_a_line_end_pass(pattern: str, end: str) -> None:
    assert not re.search(pattern, FORMS[pattern].example + end)


@EVERY_FORM
def test_a_form_has_no_digits_but_those_of_ascii(pattern: str) -> None:
    assert not re.search(pattern, re.sub("[0-9]", "\u0663", FORMS[pattern].example)) or not re.search(
        "[0-9]", FORMS[pattern].example
    )


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.json")), ids=lambda path: path.name)
def test_the_schemas_for_editors_are_valid_and_let_no_line_end_pass(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))

    Draft202012Validator.check_schema(schema)
    assert [pattern for pattern in patterns(schema) if re.search(pattern, FORMS[pattern].example + "\n")] == []


def durations(shape: Shape, path: str = "", seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Duration]]:
    match shape:
        case Duration():
            yield path, shape
        case Record():
            for name, field in shape.fields.items():
                yield from durations(field.shape, f"{path}.{name}", seen)
        case Variant():
            for record in shape.cases.values():
                yield from durations(record, path, seen)
        case ListOf():
            yield from durations(shape.item, path, seen)
        case MapOf():
            yield from durations(shape.value, path, seen)
        case Lazy() if shape.name not in seen:
            yield from durations(shape.get(), path, seen | {shape.name})


def test_durations_are_where_they_are_looked_for() -> None:
    found = sorted(name + path for name, kind in KINDS.items() for path, _ in durations(kind.record))

    assert found == [
        "addon.rate_cards.billing_cadence",
        "addon.rate_cards.entitlement.usage_period",
        "grant.expires_after",
        "plan.billing_cadence",
        "plan.phases.duration",
        "plan.phases.rate_cards.billing_cadence",
        "plan.phases.rate_cards.entitlement.usage_period",
    ]
