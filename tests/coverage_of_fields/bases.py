"""The entities from which fields are mutated: one rich one for each kind and form, in `bases/*.yaml`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from billsync.kinds.registry import KINDS
from billsync.model.kind import Kind

FOLDER = Path(__file__).parent / "bases"
HEADER = {"_info": {"owner": "coverage"}}
COLLECTIONS = frozenset(kind.collection for kind in KINDS.values())
REFERRING = frozenset({"subscriptions", "grants"})
"""What refers to a customer, and so can't be there before it."""


@dataclass(frozen=True, slots=True)
class Base:
    """One entity to mutate, with what stands beside it in the file; `first` are texts to try before others."""

    name: str
    kind: Kind
    entity: Mapping[str, Any]
    beside: Mapping[str, Any]
    first: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Every text beside the entity, each once: the keys that a reference could name are among them."""
        return tuple(dict.fromkeys(_texts(self.beside)))

    def with_entity(self, entity: Mapping[str, Any], name: str = "") -> Base:
        """The same file with another entity in it."""
        return Base(name or self.name, self.kind, entity, self.beside, self.first)

    @property
    def stands_alone(self) -> bool:
        """Whether what stands beside the entity makes a file without it."""
        return any(name in self.beside for name in COLLECTIONS) and not REFERRING & self.beside.keys()

    def text(self) -> str:
        """The whole file, as JSON."""
        members = [*self.beside.get(self.kind.collection, []), dict(self.entity)]
        return json.dumps({**HEADER, **self.beside, self.kind.collection: members})

    def text_beside(self) -> str:
        """The file without the entity, as JSON."""
        return json.dumps({**HEADER, **self.beside})


def names() -> tuple[str, ...]:
    """The names of all bases."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def read(name: str) -> Base:
    """The base of this name."""
    return _read(FOLDER / f"{name}.yaml")


def bases() -> tuple[Base, ...]:
    """All bases, by name."""
    return tuple(read(name) for name in names())


def _read(path: Path) -> Base:
    content = yaml.safe_load(path.read_text())
    first = tuple(content.get("try", ()))
    return Base(path.stem, KINDS[content["kind"]], content["entity"], content.get("beside", {}), first)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, str):
        yield value
