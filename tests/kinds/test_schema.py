"""The schemas: fresh, valid, and saying the same as the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from billsync.core.plan_file import plan_file_schema
from billsync.kinds.registry import KINDS
from billsync.model.kind import Kind
from billsync.model.value import jsonable
from billsync.schema.for_editors import for_editors
from billsync.schema.profiles import profiles_schema
from billsync.schema.schema import file_schema, kind_schema, written_schema

ROOT = Path(__file__).resolve().parents[2]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def messages(schema: Any, value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def descriptions(schema: Any) -> Iterator[tuple[str, Any]]:
    for name, property_ in schema.get("properties", {}).items():
        yield name, property_
        yield from descriptions(property_)


def test_the_committed_schemas_are_fresh() -> None:
    expected = {f"{name}.schema.json": for_editors(written_schema(KINDS, kind)) for name, kind in KINDS.items()}
    expected["billsync.schema.json"] = for_editors(file_schema(KINDS))
    expected["profiles.schema.json"] = profiles_schema()
    expected["plan-file.schema.json"] = plan_file_schema()

    committed = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "schemas").iterdir()}

    assert committed == json.loads(json.dumps(expected)), "run scripts/generate_schemas.py"


@EVERY_KIND
def test_every_schema_is_a_schema(kind: Kind) -> None:
    Draft202012Validator.check_schema(kind_schema(kind))
    Draft202012Validator.check_schema(written_schema(KINDS, kind))
    Draft202012Validator.check_schema(file_schema(KINDS))


@EVERY_KIND
def test_the_example_of_a_kind_passes_its_schemas(kind: Kind) -> None:
    parent = {kind.parent.kind: "acme"} if kind.parent else {}

    assert messages(kind_schema(kind), kind.example) == []
    assert messages(written_schema(KINDS, kind), {**kind.example, **parent}) == []
    assert messages(file_schema(KINDS), {kind.collection: [{**kind.example, **parent}]}) == []


@EVERY_KIND
def test_the_example_of_every_field_passes_its_schema(kind: Kind) -> None:
    schema = kind_schema(kind)
    wrong = {
        name: messages({**schema["properties"][name], "$defs": schema.get("$defs", {})}, jsonable(field.example))
        for name, field in kind.record.fields.items()
        if field.example is not None and not name.endswith(("phases", "rate_cards"))
    }

    assert wrong == {name: [] for name in wrong}


@EVERY_KIND
def test_every_field_is_described(kind: Kind) -> None:
    silent = [name for name, schema in descriptions(written_schema(KINDS, kind)) if not schema.get("description")]

    assert silent == []


def test_money_may_be_a_number_or_an_exact_text() -> None:
    schema = kind_schema(KINDS["grant"])
    grant = dict(KINDS["grant"].example)

    found = {str(amount): messages(schema, {**grant, "amount": amount}) for amount in (500, "500.00", "5e2", "", True)}

    assert {amount: bool(errors) for amount, errors in found.items()} == {
        "500": False,
        "500.00": False,
        "5e2": True,
        "": True,
        "True": True,
    }


def test_a_file_may_use_library_cards_and_defaults() -> None:
    """A file may use library cards, and leave required fields of a plan to defaults."""
    document = {
        "_format_version": "1.0",
        "_info": {"owner": "payments", "defaults": {"plan": {"currency": "USD"}, "phase": {"name": "Default"}}},
        "rate_cards": {"api": {"feature": "api", "price": {"type": "unit", "amount": "0.1"}}},
        "plans": [{"key": "pro", "phases": [{"key": "default", "rate_cards": [{"use": "api"}]}]}],
        "customers": [{"key": "acme", "subscription": {"plan": "pro"}, "grants": [{"key": "welcome"}]}],
        "external": {"tax_codes": ["default"]},
        "adopted": {"plans": ["pro"]},
    }

    assert messages(file_schema(KINDS), document) == []


@pytest.mark.parametrize("written", ["1.0", 1.0])
def test_the_format_version_may_be_unquoted(written: object) -> None:
    assert messages(file_schema(KINDS), {"_format_version": written}) == []


def test_null_clears_on_a_customer_and_is_refused_in_the_catalog() -> None:
    customer = {"key": "acme", "name": "Acme", "billing_address": None}
    plan = {**KINDS["plan"].example, "description": None}

    assert messages(kind_schema(KINDS["customer"]), customer) == []
    assert messages(kind_schema(KINDS["plan"]), plan) == ["None is not of type 'string'"]


def test_a_refused_field_is_marked_for_editors_only() -> None:
    """A refused field is an error in the schema for editors; in a loaded file the later checks refuse it."""
    customer = {"key": "acme", "name": "Acme", "billing": {"billing_profile": "a"}}

    assert messages(kind_schema(KINDS["customer"]), customer) == []
    assert messages(written_schema(KINDS, KINDS["customer"]), customer) == [
        "{'billing_profile': 'a'} should not be valid under {}"
    ]


def test_an_entity_at_top_level_names_its_parent_and_a_nested_one_does_not() -> None:
    grant = dict(KINDS["grant"].example)

    at_top = messages(file_schema(KINDS), {"grants": [grant]})
    nested = messages(file_schema(KINDS), {"customers": [{"key": "acme", "grants": [grant]}]})

    assert at_top == ["'customer' is a required property"]
    assert nested == []


@pytest.mark.parametrize(
    ("field", "value", "is_right"),
    [
        ("amount", "GRANT_AMOUNT", True),
        ("amount", {"name": "GRANT_AMOUNT", "default": 5}, True),
        ("amount", "secrets/amount.txt", True),
        ("amount", "5.00", True),
        ("amount", "five", False),
        ("currency", "CURRENCY", True),
        ("currency", "usd", False),
        ("funding_method", "FUNDING", True),
        ("key", {"name": "KEY"}, False),
        ("customer", {"name": "KEY"}, False),
    ],
)
def test_an_editor_takes_a_source_where_a_value_stands(field: str, value: object, is_right: bool) -> None:
    schema = for_editors(file_schema(KINDS))
    grant = {"customer": "acme", "key": "k", "name": "N", "amount": "1", "currency": "USD", "funding_method": "none"}

    assert Draft202012Validator(schema).is_valid({"_overlay": True, "grants": [{**grant, field: value}]}) is is_right
