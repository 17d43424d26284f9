"""JSON Schema validators: a compiled one first, where it is installed; jsonschema finds every error.

Most values are valid, and then jsonschema isn't even loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator as Reference

Test: TypeAlias = Callable[[Any], bool]


class Validator:
    """The errors of values by one schema; in plain mode, jsonschema alone looks for them."""

    def __init__(self, schema: Mapping[str, Any], *, plain_mode: bool) -> None:
        self._schema = dict(schema)
        self._plain_mode = plain_mode

    def iter_errors(self, value: Any) -> Iterable[ValidationError]:
        """All errors of a value, as jsonschema words them."""
        return () if self._surely_accepts(value) else self._reference.iter_errors(value)

    def is_valid(self, value: Any) -> bool:
        """Whether a value has no error."""
        return self._surely_accepts(value) or self._reference.is_valid(value)

    @cached_property
    def _surely_accepts(self) -> Test:
        """A test that is true only for valid values; false says nothing."""
        return _never if self._plain_mode else _compiled(self._schema)

    @cached_property
    def _reference(self) -> Reference:
        from jsonschema import Draft202012Validator  # a seventh of a start

        return Draft202012Validator(self._schema)


def _compiled(schema: dict[str, Any]) -> Test:
    try:
        from jsonschema_rs import validator_for
    except ImportError:
        return _never
    is_valid = validator_for(schema).is_valid

    def test(value: Any) -> bool:
        try:
            return _is_common(value) and bool(is_valid(value))
        except (ValueError, OverflowError):  # half of a character, or a number that is too long for the library
            return False

    return test


_COMMON = frozenset({str, int, bool, type(None)})


def _is_common(value: Any) -> bool:
    """Whether a value is made of types that both libraries see alike: 1.0 is a whole number to one of them."""
    if type(value) in _COMMON:
        return True
    if type(value) is dict:
        return all(map(_is_common, value.values()))
    return type(value) is list and all(map(_is_common, value))


def _never(value: Any) -> bool:
    return False
