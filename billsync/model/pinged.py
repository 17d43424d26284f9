"""Answers of `ping`: what a server can do, what a token may not, and what this billsync doesn't know of its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class MissingRight:
    """A list that the token may not read, and the roles of which one would allow it."""

    call: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Operations, request fields by operation, and fields of rows by kind, that a server has and billsync doesn't
    know."""

    operations: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[str, ...]:
        """Each operation and field in one line."""
        return (
            *self.operations,
            *(f"{call}: {name}" for call, names in self.fields.items() for name in names),
            *(f"rows of {kind}: {name}" for kind, names in self.rows.items() for name in names),
        )


@dataclass(frozen=True, slots=True)
class Pinged:
    """A server that answers. `is_assumed`: the generation is not its own word. `absent` are kinds whose list it doesn't
    have; `unlisted` is None where that wasn't asked for."""

    server: str
    dialect: str
    generation: str
    is_assumed: bool
    can: Mapping[str, bool]
    missing: tuple[MissingRight, ...] = ()
    absent: tuple[str, ...] = ()
    unlisted: Unlisted | None = None
