"""Bodies that surely fit their schema: the validator finds nothing wrong with them, and fills nothing in."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.local.server.contract import fitting, validator
from billsync.local.server.editions import AUGUST, KONNECT, Edition, requests_of
from billsync.local.server.fitting import Fitting
from billsync.local.server.schema import copied
from tests.support.budgets import examples

ODD = (None, True, False, 0, 1, -1, Decimal("1.0"), Decimal("0.5"), "", "a", [], ["a", "a"], {}, {"a": None})
TEXTS = ("a", "A-b", "USD", "1", "1.50", "P1M", "2026-01-01T00:00:00Z", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "x" * 300, "{}")
EVENT = {"id": "1", "source": "s", "specversion": "1.0", "type": "t", "subject": "c", "data": {"a": Decimal("1.5")}}


def bodies(edition: Edition) -> list[Mapping[str, Any]]:
    """The schemas of all bodies of an edition."""
    operations = requests_of(edition)["operations"].values()
    return [schema for one in operations if one.get("body") for schema in one["body"]["content"].values()]


class Bodies:
    """Values as a schema has them, with some odd ones."""

    def __init__(self, draw: st.DrawFn, schemas: Mapping[str, Any]) -> None:
        self._draw, self._schemas = draw, schemas

    def of(self, schema: Mapping[str, Any]) -> Any:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        if self._draw(st.integers(0, 30)) == 17:
            return self._draw(st.sampled_from(ODD))
        for name in ("oneOf", "anyOf", "allOf"):
            if name in schema:
                return self.of(self._draw(st.sampled_from(schema[name])))
        if "enum" in schema:
            return self._draw(st.sampled_from(schema["enum"]))
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                return [self.of(schema.get("items", {})) for _ in range(self._draw(st.integers(0, 2)))]
            case "string":
                return self._draw(st.sampled_from(TEXTS))
        return self._draw(st.sampled_from(ODD[1:8]))

    def _object(self, schema: Mapping[str, Any]) -> Any:
        properties, needed = schema.get("properties", {}), schema.get("required", ())
        names = [name for name in properties if name in needed or self._draw(st.integers(0, 3)) == 0]
        return {name: self.of(properties[name]) for name in names}


@settings(max_examples=examples(80), deadline=None)
@given(st.data())
@pytest.mark.parametrize("edition", [AUGUST, KONNECT], ids=["openmeter", "konnect"])
def test_what_surely_fits_has_no_violation_and_no_default(edition: Edition, data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from(bodies(edition)))
    value = data.draw(st.composite(lambda draw: Bodies(draw, requests_of(edition)["schemas"]).of(schema))())

    filled = copied(value)
    wrong = validator(edition).violations(schema, filled)

    assert (wrong, repr(filled)) == ([], repr(value)) or not fitting(edition).fits(schema, value)


def test_events_surely_fit() -> None:
    schema = requests_of(AUGUST)["operations"]["POST /openmeter/events"]["body"]["content"]["application/json"]

    for body in (EVENT, [EVENT, {**EVENT, "time": "2026-01-01T00:00:00Z"}]):
        assert fitting(AUGUST).fits(schema, body)
    for body in ({**EVENT, "time": "now"}, {**EVENT, "subject": ""}, [{**EVENT, "more": 1}], {**EVENT, "id": 1}):
        assert not fitting(AUGUST).fits(schema, body)


def test_threads_that_compile_a_test_at_once_find_it_whole() -> None:
    """One found what stands for a test while another made it, and called that without end."""
    inner = {"type": "object", "properties": {"same": {"$ref": "inner"}, "name": {"type": "string"}}}
    outer = {"type": "object", "properties": {"inner": {"$ref": "inner"}}}
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def found() -> list[bool]:
        fitting, together = Fitting({"inner": inner}), threading.Barrier(4)

        def fits(_: int) -> bool:
            together.wait()
            return fitting.fits(outer, {"inner": {"name": "a"}})

        return list(threads.map(fits, range(4)))

    try:
        with ThreadPoolExecutor(4) as threads:
            results = [found() for _ in range(50)]
    finally:
        sys.setswitchinterval(before)

    assert results == [[True] * 4] * 50
