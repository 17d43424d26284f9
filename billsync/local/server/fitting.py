"""Tests of values that are compiled from their schemas. A value that passes surely has no violation, and gets no
default; of any other, the validator says what is wrong, if anything is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from threading import RLock
from typing import Any, TypeAlias

from billsync.local.server.schema import FORMATS, VALUE_FACTS, Schema, compiled

Test: TypeAlias = Callable[[Any], bool]

KINDS: Mapping[type, str] = {
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "string",
    list: "array",
    dict: "object",
}
MOST = 1_000
"""Schemas whose tests are remembered at most."""


class Fitting:
    """Tests for the schemas of one table."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._named: dict[str, Test] = {}
        self._known: dict[int, tuple[Schema, Test]] = {}
        self._compiling = RLock()

    def fits(self, schema: Schema, value: Any) -> bool:
        """Whether a value surely fits a schema as it is. The schema must not change."""
        known = self._known.get(id(schema)) or self._compiled(schema)
        return known[1](value)

    def _compiled(self, schema: Schema) -> tuple[Schema, Test]:
        """The test, made by one thread at a time: another would call what stands for a test that isn't ready."""
        with self._compiling:
            if len(self._known) >= MOST:
                self._known.clear()
            known = self._known[id(schema)] = schema, self._test(schema)
        return known

    def _test(self, schema: Schema) -> Test:
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        if not VALUE_FACTS & schema.keys():
            test: Test = _is_there
        else:
            test = _all([*self._combined(schema), *_enumerated(schema), self._by_type(schema)])
        return (lambda value: value is None or test(value)) if schema.get("nullable") else test

    def _reference(self, name: str) -> Test:
        known = self._named.get(name)
        if known is None:
            self._named[name] = lambda value: self._named[name](value)  # in the schema itself, or one inside it
            known = self._named[name] = self._test(self._schemas[name])
        return known

    def _combined(self, schema: Schema) -> Iterable[Test]:
        yield from (self._test(part) for part in schema.get("allOf", ()))
        if "discriminator" in schema:
            yield _never
        elif "oneOf" in schema:
            yield self._chosen(schema["oneOf"], only=True)
        if "anyOf" in schema:
            yield self._chosen(schema["anyOf"], only=False)

    def _chosen(self, branches: Iterable[Schema], *, only: bool) -> Test:
        """The test of the first branch whose type a value may have; `only`: it must be the only one."""
        tests: dict[str, Test] = {}
        for kind in dict.fromkeys(KINDS.values()):
            possible = [branch for branch in branches if self._kind(branch) in (kind, None)]
            if possible and (not only or len(possible) == 1):
                tests[kind] = self._test(possible[0])
        return lambda value: type(value) in KINDS and tests.get(KINDS[type(value)], _never)(value)

    def _kind(self, schema: Schema) -> str | None:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        kind: str | None = schema.get("type")
        return "number" if kind == "integer" else kind

    def _by_type(self, schema: Schema) -> Test:
        makers: Mapping[str, Callable[[Schema], Test]] = {
            "boolean": lambda schema: _is_there,
            "number": _number,
            "string": _string,
            "array": self._array,
            "object": self._object,
        }
        wanted = self._kind(schema)
        tests = {of: makers[kind](schema) for of, kind in KINDS.items() if wanted in (kind, None)}
        if len(tests) == 1:
            ((only, test),) = tests.items()
            return lambda value: type(value) is only and test(value)
        return lambda value: tests.get(type(value), _never)(value)

    def _array(self, schema: Schema) -> Test:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        item = self._test(schema.get("items", {}))
        if schema.get("uniqueItems"):
            most = min(1, most if most is not None else 1)  # more are compared in full
        return lambda value: least <= len(value) <= (len(value) if most is None else most) and all(map(item, value))

    def _object(self, schema: Schema) -> Test:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        facts = {name: self._resolved(known) for name, known in properties.items()}
        read_only = frozenset(name for name, known in facts.items() if known.get("readOnly"))
        filled = frozenset(name for name, known in facts.items() if "default" in known)
        needed = (frozenset(schema.get("required", ())) - read_only) | filled
        most, extra = schema.get("maxProperties"), schema.get("additionalProperties", True)
        other = None if extra is True else _never if extra is False else self._test(extra)
        tests = {name: _never if name in read_only else self._test(known) for name, known in properties.items()}
        for name in filled:
            tests[name] = _all([_is_there, tests[name]])

        def fits(value: dict[str, Any]) -> bool:
            if not needed <= value.keys() or (most is not None and len(value) > most):
                return False
            for name, item in value.items():
                if (test := tests.get(name, other)) is not None and not test(item):
                    return False
            return True

        return fits

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        return schema


def _all(tests: Iterable[Test]) -> Test:
    several = tuple(tests)
    return several[0] if len(several) == 1 else partial(_pass_all, several)


def _pass_all(tests: Iterable[Test], value: Any) -> bool:
    return all(test(value) for test in tests)


def _is_there(value: Any) -> bool:
    return value is not None


def _never(value: Any) -> bool:
    return False


def _enumerated(schema: Schema) -> Iterable[Test]:
    if "enum" in schema:
        yield lambda value: value in schema["enum"]


def _number(schema: Schema) -> Test:
    least, most, is_whole = schema.get("minimum"), schema.get("maximum"), schema.get("type") == "integer"

    def fits(value: int | Decimal) -> bool:
        if is_whole and type(value) is not int:
            return False
        return (least is None or value >= least) and (most is None or value <= most)

    return fits


def _string(schema: Schema) -> Test:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    found = compiled(schema["pattern"]).search if "pattern" in schema else None
    is_known = FORMATS.get(schema.get("format", ""))

    def fits(value: str) -> bool:
        if len(value) < least or (most is not None and len(value) > most):
            return False
        return (found is None or found(value) is not None) and (is_known is None or is_known(value))

    return fits
