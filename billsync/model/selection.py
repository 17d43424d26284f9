"""The part of the files that a run is about: chosen by kind and key, or by the files' own `_info.select`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase

from billsync.model.address import Address, chain_of, whole_of
from billsync.model.frozen import dataclass
from billsync.model.globs import literal
from billsync.model.since import Since
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of the files. An empty field leaves everything in.

    `patterns` are globs of kinds and of names, as in `plan/*`. `kinds` are compared and written, and no others. Only
    live entities that carry all of `labels` may be deleted; what a run creates gets them. `chosen` are the entities
    that have changed since a commit, and what depends on them; None for all. `needed` are declared entities that are
    not chosen and that the chosen ones need. `entities` are patterns of the files themselves, as in a part of a dump.
    """

    patterns: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    needed: frozenset[Address] = frozenset()
    chosen: frozenset[Address] | None = None
    since: Since | None = None
    entities: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The patterns as they are written: `plan/pro`, `grant/acme/*`; since a commit, those of each chosen entity."""
        if self.chosen is None:
            return tuple("/".join(pattern) for pattern in self.patterns or self.entities)
        chosen = sorted(filter(self.chooses, self.chosen), key=lambda address: (address.kind, address.order))
        return tuple("/".join((address.kind, *map(literal, address.names))) for address in chosen)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.patterns and not self.entities and not self.kinds and self.chosen is None

    def chooses(self, address: Address) -> bool:
        """Whether the selection itself names an entity, or a part of it."""
        whole = entity_of(address)
        return (
            self._has_kind(whole.kind)
            and (self.chosen is None or whole in self.chosen)
            and _is_within(self.patterns, whole)
            and _is_within(self.entities, whole)
        )

    def includes(self, address: Address) -> bool:
        """Whether a run is about an entity: it is chosen, or needed by one that is."""
        return self.chooses(address) or entity_of(address) in self.needed

    def carried_by(self, labels: Fields) -> bool:
        """Whether a live entity with these labels carries all those of the selection, so that it may be deleted."""
        return all(labels.get(name) == value for name, value in self.labels.items())

    def _has_kind(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds


def _is_within(patterns: tuple[tuple[str, str], ...], address: Address) -> bool:
    """Whether one of these patterns matches, or there are none."""
    return not patterns or any(matches(pattern, address) for pattern in patterns)


def pattern_of(text: str) -> tuple[str, str] | None:
    """The globs of a kind and a name in `KIND/KEY`; None for another form."""
    kind, slash, names = text.partition("/")
    return (kind, names) if kind and slash and names else None


def matches(pattern: tuple[str, str], address: Address) -> bool:
    """Whether a pattern matches an entity: `*` stands for any text, slashes between parents and children included."""
    kind, names = pattern
    return fnmatchcase(address.kind, kind) and fnmatchcase("/".join(address.names), names)


def entity_of(address: Address) -> Address:
    """The entity that an address, or a part of one, belongs to, without its version."""
    part = whole_of(address)
    return chain_of(part[0] if part else address).unversioned()
