"""The content of a version as a digest, so that a file can say which content it means by a number."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.core.views.view import UNKNOWN
from billsync.model.address import symbols_in
from billsync.model.kind import Kind
from billsync.model.routes import Routes
from billsync.model.shape import LabelMap, Record
from billsync.model.value import Fields, Plain, digest
from billsync.model.walk import Walk

PREFIX = "sha256:"


def content_digest(kind: Kind, view: Fields, routes: Routes) -> str | None:
    """SHA-256 of the canonical JSON of a view's content; None if it refers to an entity whose key is unknown."""
    own = content_of(kind, view, routes)
    if any(address.key.startswith(UNKNOWN) for address in symbols_in(own)):
        return None
    return PREFIX + digest(own)


def content_of(kind: Kind, view: Fields, routes: Routes) -> Plain:
    """The part of a view that counts as content.

    Labels, which some servers hide, parts, which are read separately, and fields that not every server keeps are left
    out: none affects a price.
    """
    parts = {part.field for part in routes.parts}
    fields = kind.record.fields
    left_out = parts | {name for name, field in fields.items() if field.undigested}
    priced = {name: value for name, value in view.items() if name not in left_out}
    return _unlabelled(kind.record, priced)


def _without_labels(record: Record, value: Plain) -> Plain:
    if not isinstance(value, Mapping):
        return value
    fields = record.fields
    return {name: value[name] for name in fields if name in value and not isinstance(fields[name].shape, LabelMap)}


_unlabelled = Walk({Record: _without_labels})
