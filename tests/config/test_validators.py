"""A compiled validator never accepts what jsonschema refuses, and jsonschema isn't loaded for what is valid."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.config.checks.validators import Validator
from billsync.kinds.registry import KINDS
from billsync.schema.schema import file_schema, kind_schema
from tests.support.budgets import examples

pytest.importorskip("jsonschema_rs")

SCHEMAS = {name: kind_schema(kind) for name, kind in KINDS.items()} | {"file": file_schema(KINDS)}
EXAMPLES: dict[str, Any] = {name: kind.example for name, kind in KINDS.items()} | {
    "file": {"_info": {"owner": "team", "policy": {"max_deletes": 3, "protected": {"customers": ["a*"]}}}}
}
ODD = st.sampled_from(
    [
        None,
        True,
        0,
        1,
        -1,
        2**53,
        2**64,
        10**400,
        1.5,
        Decimal("1.50"),
        Decimal("1.0"),
        1.0,
        "",
        "a",
        "A b",
        "1",
        "0.1",
        "-1",
        "1e3",
        "P1M",
        "P0D",
        "USD",
        "2026-01-01T00:00:00Z",
        "é" * 200,
        "a\n",
        "\ud800",
        "١",
        [],
        {},
        ["a", "a"],
        {"": 1},
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Any]:
    """A schema, and its example with some odd values in it."""
    name = draw(st.sampled_from(sorted(SCHEMAS)))
    value = deepcopy(dict(EXAMPLES[name]))
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = value
        while True:
            places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if isinstance(holder, dict):
                known = SCHEMAS[name].get("properties", {}) if holder is value else {}
                places += sorted(known)
            if not places:
                break
            place = draw(st.sampled_from(places))
            inner = holder[place] if isinstance(holder, list) or place in holder else None
            if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
                holder[place] = deepcopy(draw(ODD))
                break
            holder = inner
    return name, value


@settings(max_examples=examples(150))
@given(cases())
def test_a_compiled_validator_never_accepts_what_jsonschema_refuses(case: tuple[str, Any]) -> None:
    name, value = case

    quick = [error.message for error in Validator(SCHEMAS[name], plain_mode=False).iter_errors(value)]
    plain = [error.message for error in Validator(SCHEMAS[name], plain_mode=True).iter_errors(value)]

    assert quick == plain
