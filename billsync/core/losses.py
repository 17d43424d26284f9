"""Losses: live facts that a dumped file doesn't carry, each with the place in the file where a comment reports it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.note import Note

NAMED = 10
"""Largest number of losses of one sort that are named on their own; more are counted."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss, as a sentence without its full stop that names what is lost, and of what.

    `code` is its diagnostic code. `address` and `field` give the comment's place: above the field, else above the
    entity, else at the top of the file.
    """

    code: str
    text: str
    address: Address | None = None
    field: str = ""


def told(losses: Iterable[Loss]) -> tuple[Note, ...]:
    """A note for each of the first losses of a code, and one note with the number of the others; sorted."""
    sorts: dict[str, set[str]] = defaultdict(set)
    for loss in losses:
        sorts[loss.code].add(loss.text)
    return tuple(Note(code, text) for code, texts in sorted(sorts.items()) for text in _told(code, sorted(texts)))


def _told(code: str, texts: list[str]) -> Iterator[str]:
    yield from texts[:NAMED]
    if len(texts) > NAMED:
        yield f"{len(texts) - NAMED} more losses `{code}`: each is a comment in the file"


def by_place(losses: Iterable[Loss]) -> Mapping[tuple[Address | None, str], tuple[str, ...]]:
    """The losses' sentences by the entity and field above which they are written, sorted."""
    found: dict[tuple[Address | None, str], set[str]] = defaultdict(set)
    for loss in losses:
        found[loss.address, loss.field].add(loss.text)
    return {place: tuple(sorted(texts)) for place, texts in found.items()}
