"""A failure found by JSON Schema, as a typed value: the library's own errors don't leave this module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from billsync.model.frozen import dataclass
from billsync.model.kind import Path
from billsync.model.value import Plain

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


@dataclass(frozen=True, slots=True)
class Failure:
    """One keyword of a schema that doesn't hold: which one, what it asks for, the value, and where it stands.

    `inner` are the failures of the branches of a union, each with the number of its `branch`; `about_key` says
    that the value is the key of a map.
    """

    rule: str
    limit: Any
    value: Plain
    path: Path
    schema: Mapping[str, Any]
    message: str
    inner: tuple[Failure, ...] = ()
    branch: int = 0
    about_key: bool = False

    @property
    def name(self) -> str:
        """The innermost field's name, with the index where the value stands in a list."""
        names: list[str] = []
        for part in reversed(self.path):
            names.insert(0, str(part))
            if isinstance(part, str):
                break
        return ".".join(names)

    def named(self, text: str) -> str:
        """The text after the field's name."""
        return f"{self.name}: {text}" if self.name else text


def failure_of(error: ValidationError) -> Failure:
    """The error as a value."""
    first = error.relative_schema_path[0] if error.relative_schema_path else 0
    return Failure(
        str(error.validator),
        error.validator_value,
        error.instance,
        tuple(error.absolute_path),
        error.schema if isinstance(error.schema, Mapping) else {},
        error.message,
        tuple(failure_of(inner) for inner in error.context or ()),
        first if isinstance(first, int) else 0,
        "propertyNames" in error.relative_schema_path,
    )
