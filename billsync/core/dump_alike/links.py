"""Dumps of links of chains, each as of a link that is alike and was dumped by the full code.

Two links are alike if their bytes are the same but for ids that nothing else has, and times: these decide nothing
but by which of them are equal in one row, and that is the same, too. Times are in the file as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from billsync.core.dump_alike.moments import stays_as_it_is
from billsync.core.dump_alike.passing_texts import PassingTexts
from billsync.core.dump_alike.rows import Alike, Sampling
from billsync.core.dump_alike.sample import Sample
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, State
from billsync.model.value import Fields, Plain

ID = "id"
LASTING = (State.CURRENT, State.OVER)


class Link(NamedTuple):
    """A link whose dump is certain."""

    id: str
    parent: str
    alike: Alike


@dataclass(frozen=True, slots=True)
class _Sort:
    """A sort of links: the numbers of the texts of the row that are its id and its parent's, and of those that its
    fields have."""

    sample: Sample
    id: int
    parent: int
    places: tuple[tuple[str, int], ...]


class Links:
    """Links of one kind of chain, as bytes. `names` are the ids of what they may refer to; the API's field `parent`
    has the id of what they belong to."""

    def __init__(self, kind: Kind, parent: str, names: Iterable[str], sampling: Sampling) -> None:
        self._kind = kind
        self._parent = parent
        self._known = {name.encode(): name for name in names}
        self._sampling = sampling
        self._passing = PassingTexts()
        self._sorts: dict[Hashable, _Sort | None] = {}

    def link(self, content: bytes, whole: Callable[[], Fields | None]) -> Link | None:
        """The link's dump, or None where the full code has to see it.

        `whole` reads it with all numbers exact, or gives None where it isn't certain that all readers do.
        """
        frame, texts = self._passing.cut(content)
        first = dict(zip(texts[::-1], range(len(texts) - 1, -1, -1), strict=True))
        mark = (frame, tuple(map(first.get, texts)), tuple(map(self._known.get, texts)))
        sort = self._sorts.get(mark, _UNSEEN)
        if sort is _UNSEEN:
            sort = self._sorts[mark] = self._sort_of([text.decode() for text in texts], whole())
        if sort is None:
            return None
        own = {name: texts[place].decode() for name, place in sort.places}
        if not all(map(stays_as_it_is, own.values())):
            return None
        fields = sort.sample.fields
        alike = Alike({**fields, **own} if fields and own else fields, sort.sample)
        return Link(texts[sort.id].decode(), texts[sort.parent].decode(), alike)

    def _sort_of(self, texts: Sequence[str], row: Fields | None) -> _Sort | None:
        if row is None or self._kind.statuses.get(str(row.get(self._kind.status or ""))) not in LASTING:
            return None
        sample = self._sampling(row)
        own_id, parent_id = row.get(ID), row.get(self._parent)
        if sample is None or own_id not in texts or parent_id not in texts:
            return None
        fields, own = sample.fields or {}, {text for text in texts if text.encode() not in self._known}
        places = {name: texts.index(value) for name, value in fields.items() if value in own}
        rest = {text for name, value in fields.items() if name not in places for text in _texts_in(value)}
        if rest & own:
            return None
        return _Sort(sample, texts.index(own_id), texts.index(parent_id), tuple(places.items()))


_UNSEEN: Any = object()


def _texts_in(value: Plain) -> Iterator[str]:
    """All texts of a value, names too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from _texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_in(item)
