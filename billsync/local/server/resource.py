"""Parts of a resource module: routes, and functions from a call to an answer. No HTTP library is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from billsync.local.server.editions import AUGUST, Edition
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store
from billsync.local.store.times import rfc3339
from billsync.model.frozen import dataclass

Query = tuple[tuple[str, str], ...]
JSON, CSV = "application/json", "text/csv"
V1, V2, V3 = "/api/v1", "/api/v2", "/api/v3"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that passed the validation layer. `now` is the same throughout.

    With `faithful_faults` the real server's own faults are imitated.
    """

    operation: str
    store: Store
    now: datetime
    mint: Callable[[], str]
    path: Mapping[str, str]
    query: Query
    body: Any
    accept: str = ""
    faithful_faults: bool = False
    edition: Edition = AUGUST


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. Without a body nothing is sent; a body of another kind than JSON is a text."""

    status: int
    body: Any = None
    kind: str = JSON


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """An operation by the method and path of the vendor's OpenAPI. Path values are ids, unless `values` lists the
    allowed ones (None: any text).

    A route that `settles` books the amounts due, even on a GET. A route of another `version` than v3 has its own schema
    for its body, if it takes one.
    """

    method: str
    path: str
    answer: Callable[[Call], Answer]
    values: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    settles: bool = False
    version: str = V3
    accepts: Mapping[str, Any] | None = None

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"


def created(body: Any) -> Answer:
    return Answer(201, body)


def ok(body: Any) -> Answer:
    return Answer(200, body)


def no_content() -> Answer:
    return Answer(204)


def new_row(call: Call, resource: str, document: Document, **columns: Any) -> Row:
    """A row made now, with a new id; not stored yet."""
    return Row(
        resource=resource, id=call.mint(), document=document, created_at=call.now, updated_at=call.now, **columns
    )


def stamped(row: Row, body: Document) -> Document:
    """The body with the id and the times that every resource shows."""
    times = {"created_at": row.created_at, "updated_at": row.updated_at, "deleted_at": row.deleted_at}
    shown = {name: rfc3339(moment) for name, moment in times.items() if moment is not None}
    return {"id": row.id, **body, **shown}


def present(document: Mapping[str, Any], *names: str) -> Document:
    """The named members that are there."""
    return {name: document[name] for name in names if name in document}
