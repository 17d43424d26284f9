"""`forget`: entities that were taken out of the files, and that nobody manages from now on. They stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billsync.config.checks.suggest import did_you_mean_at
from billsync.config.sections.moved import Move
from billsync.config.sections.naming import KIND, parents_named
from billsync.config.text.finding import Findings, finding
from billsync.config.text.node import MapNode, text_of
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.frozen import dataclass
from billsync.model.kind import Registry
from billsync.model.state import Desired

KEY = "key"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """One forgotten entity, and where the entry stands."""

    address: Address
    node: MapNode

    def place(self, field: str) -> Position:
        """The position of a field of the entry."""
        node = self.node.get(field)
        return node.place if node else self.node.place


def forgotten_in(nodes: Iterable[MapNode], registry: Registry, findings: Findings) -> tuple[Forgotten, ...]:
    """The complete entries; the file's schema reports errors in others."""
    found = (_forgotten(node, registry, findings) for node in nodes)
    return tuple(entry for entry in found if entry is not None)


def _forgotten(node: MapNode, registry: Registry, findings: Findings) -> Forgotten | None:
    kind, key = text_of(node.get(KIND)), text_of(node.get(KEY))
    if kind is None or kind not in registry or key is None:
        return None
    parents = parents_named(registry[kind], node, f"a forgotten {registry[kind].title}", (KIND, KEY), findings)
    return None if parents is None else Forgotten(Address(kind, (*parents, key)), node)


def forgetting_problems(
    entries: Sequence[Forgotten], desired: Desired, moves: Iterable[Move], registry: Registry
) -> Iterator[Diagnostic]:
    """Return the problems of entries: what is forgotten is neither declared nor moved, and its parent is known."""
    declared = {entity.address: entity.position for entity in desired.entities}
    moved = {move.old: move for move in moves}
    for entry in entries:
        name = f'{registry[entry.address.kind].title} "{entry.address.key}"'
        if entry.address in declared:
            detail = f"{name} is to be left alone, but is declared at {declared[entry.address]}"
            yield finding("forgotten-but-declared", entry.place(KEY), detail, "Keep one of the two.")
        elif (move := moved.get(entry.address)) is not None:
            detail = (
                f'{name} is to be left alone, but `moved` says at {move.node.place} that it is "{move.new.key}" now'
            )
            yield finding("forgotten-but-declared", entry.place(KEY), detail, "Keep one of the two.")
        yield from _parent_problems(entry, desired, registry)


def _parent_problems(entry: Forgotten, desired: Desired, registry: Registry) -> Iterator[Diagnostic]:
    """A child is only looked at where its parent is known, so an entry for another parent's child has no effect."""
    parent = registry[entry.address.kind].parent
    if parent is None:
        return
    owner = Address(parent.kind, entry.address.parents)
    near = {entity.address.key: entity.position for entity in desired.entities if entity.address.kind == parent.kind}
    if owner.key not in near and owner not in desired.forgotten and not desired.external.match(owner.kind, owner.key):
        detail = f'{owner.kind} "{owner.key}" is neither in these files nor in `external`'
        hint = did_you_mean_at(owner.key, near) or _ways_out(owner, registry[owner.kind].collection)
        yield finding("unknown-reference", entry.place(parent.kind), detail, hint)


def _ways_out(owner: Address, collection: str) -> str:
    """The hint for an entry whose parent no file names."""
    return (
        f"If it was taken out of the files, too, forget it as well: `{{kind: {owner.kind}, key: {owner.key}}}`. If it "
        f"is declared elsewhere, name it: `external: {{{collection}: [{owner.key}]}}`."
    )
