"""`moved`: keys that were renamed in the files. The live entity under the old key is the one under the new key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.config.checks.suggest import did_you_mean_at
from billsync.config.sections.naming import KIND, parents_named
from billsync.config.text.finding import Findings, finding
from billsync.config.text.node import MapNode, text_of
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, Registry
from billsync.model.state import Desired, Moved

FROM, TO = "from", "to"


@dataclass(frozen=True, slots=True)
class Move:
    """One renamed key, and where it stands."""

    old: Address
    new: Address
    node: MapNode


def movable(registry: Registry) -> tuple[str, ...]:
    """The kinds of which a key may be moved: those that would cost money once more under a new one. Entities of the
    others are referred to by their keys, and the API changes none of these."""
    return tuple(sorted(kind.name for kind in registry.values() if kind.traits))


def moves_of(nodes: Iterable[MapNode], registry: Registry, findings: Findings) -> tuple[Move, ...]:
    """The complete entries; the file's schema reports errors in others."""
    found = (_move(node, registry, findings) for node in nodes)
    return tuple(move for move in found if move is not None)


def _move(node: MapNode, registry: Registry, findings: Findings) -> Move | None:
    kind, old, new = (text_of(node.get(name)) for name in (KIND, FROM, TO))
    if kind is None or kind not in registry or old is None or new is None:
        return None
    if kind not in movable(registry):
        findings.add("moved-fixed-key", _place(node, KIND), *_not_renamed(registry[kind], old, new))
        return None
    parents = parents_named(registry[kind], node, f"a moved {kind}", (KIND, FROM, TO), findings)
    if parents is None:
        return None
    return Move(Address(kind, (*parents, old)), Address(kind, (*parents, new)), node)


def _not_renamed(kind: Kind, old: str, new: str) -> tuple[str, str]:
    """The detail and the way out for a key that no server changes."""
    return (
        f'the API never changes the key of a {kind.title}, and others are bound to "{old}" by it',
        f'Declare it as "{old}" again, whose `name` can change. If "{new}" is to be another {kind.title}, remove this '
        f'entry; to keep "{old}" too, list it under `forget`.',
    )


def resolved(moves: Sequence[Move]) -> Moved:
    """By the key that an entity has now, those that it had before, the latest first."""
    back = {move.new: move.old for move in moves}
    olds = {move.old for move in moves}
    return {new: tuple(_earlier(new, back)) for new in sorted(back, key=lambda a: a.order) if new not in olds}


def _earlier(new: Address, back: Mapping[Address, Address]) -> Iterator[Address]:
    seen = {new}
    while (old := back.get(new)) is not None and old not in seen:
        yield old
        seen.add(old)
        new = old


def move_problems(moves: Sequence[Move], desired: Desired) -> Iterator[Diagnostic]:
    """Return the problems of entries: each old key must not be declared, and its new key must be."""
    declared = {entity.address: entity.position for entity in desired.entities}
    by_old: dict[Address, Move] = {}
    by_new: dict[Address, Move] = {}
    for move in moves:
        if move.old == move.new:
            yield _problem("moved-nowhere", move, FROM, f'"{move.old.key}" is moved onto itself', "Remove the entry.")
        elif earlier := by_old.get(move.old):
            yield _twice(move, FROM, f'"{move.old.key}" is already moved to "{earlier.new.key}"', earlier)
        elif earlier := by_new.get(move.new):
            yield _twice(move, TO, f'"{earlier.old.key}" is already moved to "{move.new.key}"', earlier)
        by_old.setdefault(move.old, move)
        by_new.setdefault(move.new, move)
    for move in by_old.values():
        yield from _ends(move, by_old, declared, desired)


def _ends(
    move: Move, by_old: Mapping[Address, Move], declared: Mapping[Address, Position], desired: Desired
) -> Iterator[Diagnostic]:
    if move.old in declared and move.old != move.new:
        detail = f'{move.old.kind} "{move.old.key}" is moved away, but still declared at {declared[move.old]}'
        yield _problem("moved-but-declared", move, FROM, detail, "Keep one of the two.")
    if owner := _moved_parent(move, by_old):
        detail = f'{owner.old.kind} "{owner.old.key}" is itself moved, and is called "{owner.new.key}" now'
        yield _problem("moved-to-nothing", move, owner.old.kind, detail, f"Write `{owner.old.kind}: {owner.new.key}`.")
    elif move.old != move.new and _goes_round(move, by_old):
        yield _problem("moved-in-a-circle", move, FROM, f'"{move.old.key}" leads back to itself', "Remove one entry.")
    elif move.new not in declared and move.new not in by_old and not _is_external(move.new, desired):
        detail = f'{move.new.kind} "{move.new.key}" is neither in these files nor in `external`'
        beside = (move.new.kind, move.new.parents)
        near = {a.key: place for a, place in declared.items() if (a.kind, a.parents) == beside}
        yield _problem("moved-to-nothing", move, TO, detail, did_you_mean_at(move.new.key, near))


def _is_external(address: Address, desired: Desired) -> bool:
    return not address.parents and desired.external.match(address.kind, address.key)


def _moved_parent(move: Move, by_old: Mapping[Address, Move]) -> Move | None:
    return next((other for other in by_old.values() if move.old.parents and other.old.names == move.old.parents), None)


def _goes_round(move: Move, by_old: Mapping[Address, Move]) -> bool:
    seen: set[Address] = set()
    at: Address | None = move.old
    while at is not None and at not in seen:
        seen.add(at)
        at = by_old[at].new if at in by_old else None
    return at == move.old


def _twice(move: Move, field: str, detail: str, earlier: Move) -> Diagnostic:
    place = earlier.node.place
    return _problem("moved-twice", move, field, f"{detail} at {place.file}:{place.line}", "Keep one of them.")


def _problem(code: str, move: Move, field: str, detail: str, hint: str) -> Diagnostic:
    return finding(code, _place(move.node, field), detail, hint)


def _place(entry: MapNode, field: str) -> Position:
    node = entry.get(field)
    return node.place if node else entry.place
