"""Losses: live facts that a dumped file doesn't carry, each with the place in the file where a comment reports it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.note import Note
from billsync.model.said import Part, Said

NAMED = 10
"""Largest number of losses of one sort that are named on their own; more are counted."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss: a sentence that names what is lost, and of what.

    `code` is its diagnostic code. `address` is what it is a loss of, or belongs to, and `kind` is the kind of that if
    it has no address of its own. `field` is the field that would hold the fact. `count` is how many entities have lost
    the same. `partly` is the sentence in a part of the dump that lacks members of the kind `members`.
    """

    code: str
    said: Said
    address: Address | None = None
    field: str = ""
    kind: str = ""
    count: int = 1
    members: str = ""
    partly: Said | None = None

    @property
    def text(self) -> str:
        """The sentence, without its full stop."""
        return self.said.text

    @property
    def of(self) -> str:
        """The kind of what is lost, empty for a loss of the whole dump."""
        return self.kind or (self.address.kind if self.address else "")


def loss_of(
    code: str, template: str, address: Address | None = None, field: str = "", *, kind: str = "", **values: Part
) -> Loss:
    """A loss whose sentence is made of a template and its values."""
    return Loss(code, Said(template, values), address, field, kind)


@dataclass(frozen=True, slots=True)
class LossRow:
    """Losses that are alike in everything: a row of the report. `key` is empty for what has none."""

    kind: str
    key: str
    field: str
    code: str
    why: str
    count: int

    @property
    def order(self) -> tuple[str, str, str, str, str]:
        """A total order of the rows of one report."""
        return self.kind, self.key, self.field, self.code, self.why


def loss_rows(losses: Iterable[Loss]) -> tuple[LossRow, ...]:
    """The rows of the report on a dump, sorted."""
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for loss in losses:
        key = "/".join(loss.address.names) if loss.address else ""
        counts[loss.of, key, loss.field, loss.code, loss.text] += loss.count
    return tuple(sorted((LossRow(*row, count) for row, count in counts.items()), key=lambda row: row.order))


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
