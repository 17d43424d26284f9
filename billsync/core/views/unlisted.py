"""Fields of live rows that billsync doesn't know: never a difference, and never to be lost by a call that replaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billsync.model.kind import Kind
from billsync.model.routes import Routes
from billsync.model.shape import Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.model.value import Fields, Plain
from billsync.model.walk import case_of

EMPTY: tuple[Plain, ...] = (None, "", [], (), {})


def lost_if_replaced(kind: Kind, row: Fields, routes: Routes) -> tuple[str, ...]:
    """The fields of a row that a request for all of it, made from what billsync knows, would clear."""
    found = sorted(set(unlisted(kind.record, row)) - set(routes.shown))
    return tuple(name for name in found if routes.replaces is None or name in routes.replaces)


def unlisted(shape: Shape, value: Plain, path: str = "") -> Iterator[str]:
    """The dotted names of fields with a value that a shape doesn't have, at any depth; list members are passed over.

    What is inside a reference, labels, or free JSON is not looked at: billsync takes all of it or none.
    """
    match shape:
        case Lazy():
            yield from unlisted(shape.get(), value, path)
        case Record() if isinstance(value, Mapping):
            yield from _in_record(shape, value, path)
        case Variant() if (case := case_of(shape, value)) is not None:
            yield from (name for name in _in_record(case, value, path) if name != f"{path}{shape.tag}")
        case ListOf(item=item) if isinstance(value, list | tuple):
            for member in value:
                yield from unlisted(item, member, path)
        case MapOf(value=item) if isinstance(value, Mapping):
            for member in value.values():
                yield from unlisted(item, member, path)


def _in_record(record: Record, value: Mapping[str, Plain], path: str) -> Iterator[str]:
    known = {field.wire or name: field for name, field in record.fields.items()}
    for name, item in value.items():
        if name in known:
            yield from unlisted(known[name].shape, item, f"{path}{name}.")
        elif item not in EMPTY:
            yield f"{path}{name}"
