"""Dumps of links of chains, each as of a link that is alike and was dumped by the full code.

Two links are alike if their bytes are the same but for ids that nothing else has, and times: these decide nothing
but by which of them are equal in one row, and that is the same, too. Times are in the file as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

from billsync.core.dump_alike.moments import stays_as_it_is
from billsync.core.dump_alike.passing_texts import PassingTexts
from billsync.core.dump_alike.rows import Alike, Sampling
from billsync.core.dump_alike.sample import Sample
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, State
from billsync.model.value import Fields, Plain


@dataclass(frozen=True, slots=True)
class _Sort:
    """A sort of links; `places` are the fields that have a passing text of the row: its number in the row."""

    sample: Sample
    places: tuple[tuple[str, int], ...]


class Links:
    """Links of one kind of chain, as bytes. `names` are the ids of what they may refer to."""

    def __init__(self, kind: Kind, names: Mapping[str, object], sampling: Sampling) -> None:
        self._kind = kind
        self._known = frozenset(name.encode() for name in names)
        self._sampling = sampling
        self._passing = PassingTexts()
        self._sorts: dict[Hashable, _Sort | None] = {}

    def alike(self, content: bytes, whole: Callable[[], Fields]) -> Alike | None:
        """The link's dump, or None where the full code has to see it. `whole` reads it with all numbers exact."""
        cut = self._passing.cut(content)
        texts: dict[bytes, int] = {}
        known = self._known
        numbers = [text if text in known else texts.setdefault(text, len(texts)) for text in cut.texts]
        mark = (cut.rest, cut.are_times, *numbers)
        sort = self._sorts.get(mark, _UNSEEN)
        if sort is _UNSEEN:
            sort = self._sorts[mark] = self._sort_of([text.decode() for text in texts], whole())
        if sort is None:
            return None
        fields = sort.sample.fields
        if fields is None or not sort.places:
            return Alike(fields, sort.sample)
        found = list(texts)
        own = {name: found[place].decode() for name, place in sort.places}
        return Alike({**fields, **own}, sort.sample) if all(map(stays_as_it_is, own.values())) else None

    def _sort_of(self, texts: list[str], row: Fields) -> _Sort | None:
        if self._kind.statuses.get(str(row.get(self._kind.status or ""))) not in (State.CURRENT, State.OVER):
            return None
        sample = self._sampling(row)
        if sample is None:
            return None
        fields = sample.fields or {}
        places = {name: texts.index(value) for name, value in fields.items() if value in texts}
        rest = {text for name, value in fields.items() if name not in places for text in _texts_in(value)}
        return None if rest & {*texts} else _Sort(sample, tuple(places.items()))


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
