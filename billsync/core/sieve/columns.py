"""The columns of a typed row: which of its fields a decoder checks and keeps, each under its own attribute.

A row is held to its kind's shapes and to the API's promises. A field of a kind that can't be typed is *barred*: no row
that has it is certain. Joint fields that aren't plain texts or numbers are kept as they come, and read when compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from billsync.api import promises
from billsync.api.promises import Promise
from billsync.core.sieve.looks import is_looked_at, is_worth_it
from billsync.core.sieve.typed import (
    NEVER,
    Uncompiled,
    attribute,
    is_read,
    is_required,
    optional,
    promised,
    struct,
    type_of,
)
from billsync.model.kind import Kind
from billsync.model.routes import Routes
from billsync.model.shape import Field, Shape

ABSENT = msgspec.Raw(b"null")
_NOTHING: tuple[Promise, bool] = (promises.ANYTHING, True)


class Columns:
    """The columns of one kind's rows. `told` are promises that no column holds yet, each with whether it may lack.

    `attributes` are those of the joint fields by the API's names, and `raw` the types of those that are read later;
    `looked_at` are the types of parts that are only promised, and are checked by their looks.
    """

    def __init__(self, kind: Kind, told: dict[str, tuple[Promise, bool]], absent: frozenset[str]) -> None:
        self.kind = kind
        self.told = told
        self.absent = absent
        self.fields: list[tuple[str, Any, Any]] = []
        self.wires: dict[str, str] = {"bytes": " bytes"}
        self.barred: set[str] = set()
        self.attributes: dict[str, str] = {}
        self.raw: dict[str, Any] = {}
        self.looked_at: dict[str, Any] = {}

    @property
    def row(self) -> Any:
        """The type of a row, which has room for its bytes."""
        return struct(self.kind.name.title(), [*self.fields, ("bytes", Any, None)], self.wires)

    def add_life(self, routes: Routes) -> None:
        """Add the id, the time of a delete, the status, and the parent's id."""
        self.told.pop("id", None)
        gone, _ = self.told.pop("deleted_at", (promises.TEXT, True))
        self._add("id", "id", str, needed=True)
        self._add("deleted_at", "deleted_at", promised(gone), needed=False)
        for own, wire in (("status", self.kind.status), ("parent", routes.parent_filter)):
            if wire is not None:
                self.told.pop(wire, None)
                self._add(own, wire, str, needed=True)

    def add_field(self, name: str, known: Field) -> None:
        """Add a field of the record."""
        wire, is_joint = known.wire or name, name in self.kind.joint
        if is_joint:
            self.attributes[wire] = attribute(name)
        if wire in self.absent:
            self._bar(attribute(name), wire)
            return
        of, may_lack = self.told.pop(wire, (None, True))
        form = _type_or_none(known.shape, of)
        if is_joint and (form is None or not _is_leaf(form)):
            form = self._later(wire, of, may_lack=may_lack)
        elif form is None:
            self.barred.add(name)
            form = msgspec.Raw
        self._add(attribute(name), wire, form, needed=is_required(known) or not may_lack)

    def add_joint(self, name: str) -> None:
        """Add a joint field that isn't in the record."""
        of, may_lack = self.told.pop(name, _NOTHING)
        form = promised(of)
        if not _is_leaf(form):
            form = self._later(name, None if of == promises.ANYTHING else of, may_lack=may_lack)
        self.attributes[name] = f"j_{name}"
        self._add(f"j_{name}", name, form, needed=not may_lack)

    def add_rest(self) -> None:
        """Add what else is promised, and bar what shows that a row isn't of this form."""
        by_looks = is_worth_it(of for of, _ in self.told.values())
        for name, (of, may_lack) in self.told.items():
            form = promised(of)
            if by_looks and is_looked_at(of):
                self.looked_at[f"p_{name}"] = optional(form) if may_lack else form
                self.fields.append((f"p_{name}", msgspec.Raw, ABSENT if may_lack else msgspec.NODEFAULT))
                self.wires[f"p_{name}"] = name
            else:
                self._add(f"p_{name}", name, form, needed=not may_lack)
        for name in sorted(self.absent - {*self.wires.values()}):
            self._bar(f"a_{name}", name)

    def _later(self, wire: str, of: Promise | None, *, may_lack: bool) -> Any:
        if of is not None:
            self.raw[wire] = optional(promised(of)) if may_lack else promised(of)
        return msgspec.Raw

    def _add(self, own: str, wire: str, form: Any, *, needed: bool) -> None:
        is_raw = form is msgspec.Raw
        default = ABSENT if is_raw else msgspec.NODEFAULT if needed else None
        self.fields.append((own, form if needed or is_raw else optional(form), default))
        self.wires[own] = wire

    def _bar(self, own: str, wire: str) -> None:
        self.fields.append((own, NEVER, None))
        self.wires[own] = wire


def columns_of(kind: Kind, routes: Routes, promise: Mapping[str, Promise], absent: frozenset[str]) -> Columns:
    """The columns of a kind's rows in one form that the API promises; `absent` are names that no row of it has.

    Raises Uncompiled.
    """
    told = {name.removesuffix("?"): (of, name.endswith("?")) for name, of in promise.items()}
    columns = Columns(kind, told, absent)
    columns.add_life(routes)
    for name, known in kind.record.fields.items():
        if is_read(known):
            columns.add_field(name, known)
    for name in kind.joint:
        if name not in kind.record.fields:
            columns.add_joint(name)
    columns.add_rest()
    return columns


def _type_or_none(shape: Shape, promise: Promise | None) -> Any:
    try:
        return type_of(shape, promise)
    except Uncompiled:
        return None


def _is_leaf(form: Any) -> bool:
    """Whether values of a type are texts or numbers, which need no second look."""
    origin, choices = getattr(form, "__origin__", form), getattr(form, "__args__", None)
    return origin in (str, int, bool) or (choices is not None and all(isinstance(one, str) for one in choices))
