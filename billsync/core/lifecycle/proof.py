"""Whether a version that a chain names by its number has the content that was meant.

A number means nothing on another server: a file that was dumped there could put a customer on another price.
"""

from __future__ import annotations

from billsync.core.content import content_digest
from billsync.core.index import version_of
from billsync.core.planned import Context, Planned, refused
from billsync.model.address import Address
from billsync.model.state import Entity, Row

VERSION, DIGEST = "version", "version_digest"
OTHER, UNPROVEN = "version-differs", "version-unproven"


def unproven(context: Context, entity: Entity, pinned: Address) -> Planned | None:
    """The refusal to put a chain on a version by its number, where the content may be another than was meant.

    `pinned` is that version. One that is live may go without a digest; of an entity that this run makes for the
    first time no file can know a number.
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
    return refused(
        entity,
        code=UNPROVEN,
        reason=f"it names {pinned.text} by number, and this run makes {pinned.unversioned().text} for the first time: "
        "the number may have meant other prices",
        hint=f"leave `version` out to begin on what is declared, or give the `{DIGEST}` of the content that is meant",
    )


def _differs(entity: Entity, pinned: Address, found: str | None) -> Planned:
    return refused(
        entity,
        code=OTHER,
        reason=f"{pinned.text} has other content on this server than the file means by it"
        if found
        else f"the content of {pinned.text} can't be compared with its digest: it isn't there, or what it uses is gone",
        hint=f"declare the version that is meant, or leave `version` and `{DIGEST}` out",
    )
