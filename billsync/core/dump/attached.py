"""Attachments of a live chain, as a dumped file declares them, and the losses where it can't."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billsync.core.dump.losses import Loss, loss_of
from billsync.core.observed.attached import Attached, attached_rows
from billsync.core.observed.index import Index
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.moment import moment_text
from billsync.model.routes import Attachments
from billsync.model.said import Part, Word, sentence
from billsync.model.state import Row


@dataclass(frozen=True, slots=True)
class DumpedAttached:
    """Attached entities with their versions, sorted, with the quantities that they will have; and the losses."""

    members: tuple[tuple[Address, int], ...] = ()
    losses: tuple[Loss, ...] = ()


def dumped_attached(found: Index, attachments: Attachments, links: Sequence[Row], address: Address) -> DumpedAttached:
    """Attachments of the last of a chain's running links, and the losses of all of them."""
    members = [(of, one.quantities.last) for of, one in _named(found, attachments, links[-1]) if one.quantities.last]
    losses = [
        *(loss for row in links[:-1] for loss in _of_earlier(found, attachments, row, address)),
        *_of_last(found, attachments, links[-1], address),
    ]
    return DumpedAttached(tuple(sorted(members, key=lambda member: member[0].order)), tuple(losses))


def _named(found: Index, attachments: Attachments, row: Row) -> Iterator[tuple[Address, Attached]]:
    """The attached entities whose keys are known."""
    for one in _rows(attachments, row):
        if one.of in found.names:
            yield found.names[one.of], one


def _rows(attachments: Attachments, row: Row) -> tuple[Attached, ...]:
    rows = attached_rows(row.fields, attachments)
    return () if rows is None or isinstance(rows, Malformed) else rows


def _of_earlier(found: Index, attachments: Attachments, row: Row, address: Address) -> Iterator[Loss]:
    """Losses of the running link, whose attachments end with it and aren't declared: the last link doesn't have it."""
    for of, one in _named(found, attachments, row):
        if one.quantities.now:
            yield loss_of(
                "attached-until",
                "{it} has {of} × {now} until {end}: left out",
                address,
                it=address,
                of=of.unversioned(),
                now=one.quantities.now,
                end=Word(str(row.fields.get("active_to"))),
            )


def _of_last(found: Index, attachments: Attachments, row: Row, address: Address) -> Iterator[Loss]:
    field = attachments.part.field
    for of, one in _named(found, attachments, row):
        if one.quantities.coming:
            text = "{it} has {quantities}: a file has the last"
            yield loss_of("attached-over-time", text, address, field, it=address, quantities=_over_time(of, one))
    for one in _rows(attachments, row):
        if one.of not in found.names and (one.quantities.now or one.quantities.last):
            text = "{it} has something attached to it that was deleted, so no file can declare it"
            yield loss_of("refers-to-gone", text, address, field, it=address)


def _over_time(of: Address, one: Attached) -> Part:
    now = f"× {one.quantities.now}" if one.quantities.now else "not yet"
    then = (
        f"{f'× {number}' if number else 'none'} from {moment_text(start)}" for start, number in one.quantities.coming
    )
    return sentence("{of} {quantities}", of=of.unversioned(), quantities=Word(", ".join((now, *then))))
