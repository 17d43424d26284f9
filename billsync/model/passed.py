"""Declared entities that a comparison leaves out, on both sides, as they are certainly equal to what is live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class PassedLink:
    """A live link of a chain that was left out, with its parent's id: the names and the fields of its declaration, and
    what was made of its row."""

    id: str
    parent_id: str
    names: tuple[str, str]
    fields: Fields
    made: object


@dataclass(frozen=True, slots=True)
class Passed:
    """The numbers of what was left out, as far as the outcome of other entities depends on them.

    `declared` counts entities by kind, and `owned` the live ones of them that are ours. `holders` counts, by kind, the
    parents that have an entity of it. `pinned` counts the running links of chains by the version that they are on.
    `links` are those of which a run asked for more, None where nothing was left out.
    """

    declared: Mapping[str, int] = field(default_factory=dict)
    owned: Mapping[str, int] = field(default_factory=dict)
    holders: Mapping[str, int] = field(default_factory=dict)
    pinned: Mapping[Address, int] = field(default_factory=dict)
    links: Iterable[PassedLink] | None = field(default=None, compare=False)
