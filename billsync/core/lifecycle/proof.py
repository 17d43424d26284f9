"""Whether a version that a chain names by number has the intended content.

On another server the same number may be other content: a file dumped elsewhere could put a customer on another price.
"""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, refused
from billsync.core.observed.index import version_of
from billsync.core.observed.refusals import VERSION_DIFFERS, VERSION_NOT_COMPARED, VERSION_UNPROVEN
from billsync.core.views.content import content_digest
from billsync.model.address import Address
from billsync.model.state import Entity, Row

VERSION, DIGEST = "version", "version_digest"


def unproven(context: Context, entity: Entity, pinned: Address) -> Planned | None:
    """The refusal to put a chain on a version by number if the content may differ from the intended one, else None.

    `pinned` is that version. A digest is optional if the entity is live; the versions of an entity that this run
    creates first can't be named by number alone.
    """
    if not isinstance(context.want(entity).get(VERSION), int):
        return None
    meant = entity.fields.get(DIGEST)
    rows = context.index.versions.get(pinned.unversioned(), ())
    if meant is None:
        return None if rows else _by_number_alone(entity, pinned)
    row = _row(rows, pinned)
    found = _digest(context, row) if row else _coming_digest(context, pinned)
    return None if found == meant else _differs(entity, pinned, found)


def _row(rows: tuple[Row, ...], pinned: Address) -> Row | None:
    return next((row for row in rows if version_of(row) == pinned.version), None)


def _digest(context: Context, row: Row) -> str | None:
    return content_digest(context.registry[row.kind], context.view(row), context.routes[row.kind])


def _coming_digest(context: Context, pinned: Address) -> str | None:
    """The digest of a version that this run publishes."""
    declared = context.entities.get(pinned.unversioned())
    if declared is None:
        return None
    return content_digest(context.registry[pinned.kind], context.want(declared), context.routes[pinned.kind])


def _by_number_alone(entity: Entity, pinned: Address) -> Planned:
    made = pinned.unversioned().text
    return refused(entity.address, VERSION_UNPROVEN, version=pinned.text, made=made, digest=DIGEST)


def _differs(entity: Entity, pinned: Address, found: str | None) -> Planned:
    refusal = VERSION_DIFFERS if found else VERSION_NOT_COMPARED
    return refused(entity.address, refusal, version=pinned.text, digest=DIGEST)
