"""Fields that note which of them are looked at: an answer by them depends on nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billsync.model.value import Fields, Plain


class Watched(Mapping[str, Plain]):
    """Fields that note which of them are looked at."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.names: set[str] = set()
        self.looks_at_all = False

    def __getitem__(self, name: str) -> Plain:
        self.names.add(name)
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        self.looks_at_all = True
        return iter(self._fields)

    def __len__(self) -> int:
        self.looks_at_all = True
        return len(self._fields)
