"""Changes as trees: what belongs to an entity stands under it, in the order in which the first of it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.kinds.registry import KINDS
from billsync.model.address import Address, symbols_in
from billsync.model.change import Action
from billsync.model.frozen import dataclass
from billsync.render.plan.outline import Item

BRANCH, LAST, TRUNK, BLANK = "├─ ", "└─ ", "│  ", "   "
OFFERS = "addons"
"""The field in which a plan holds the add-ons that it offers."""


@dataclass(frozen=True, slots=True)
class Tree:
    """An entity with the changes of what belongs to it; `item` is None where it doesn't change itself."""

    root: Address | None
    item: Item | None
    branches: tuple[Item, ...] = ()


def trees(items: Sequence[Item]) -> Iterator[Tree]:
    """The changes as trees: first those that make and change something, then those that delete."""
    for are_deletes in (False, True):
        yield from _grown([item for item in items if (item.action is Action.DELETE) is are_deletes])


def _grown(items: Sequence[Item]) -> Iterator[Tree]:
    roots = _roots(items)
    groups: dict[Address | int, list[Item]] = {}
    for number, item in enumerate(items):
        groups.setdefault(roots.get(number, number), []).append(item)
    for root, members in groups.items():
        yield from _tree(root, members)


def _tree(root: Address | int, members: Sequence[Item]) -> Iterator[Tree]:
    if isinstance(root, int):
        yield from (Tree(None, member) for member in members)
        return
    own = next((member for member in members if _plain(member.address) == root), None)
    branches = tuple(member for member in members if member is not own)
    if own is None and len(branches) == 1:
        yield Tree(None, branches[0])
    else:
        yield Tree(root, own, branches)


def _roots(items: Iterable[Item]) -> Mapping[int, Address]:
    """By the place of an item, the entity under which it stands: its parent, the one plan that offers it, or itself."""
    items = tuple(items)
    offered = _offered(items)
    found = {}
    for number, item in enumerate(items):
        if (own := _plain(item.address)) is not None:
            found[number] = _parent(own) or offered.get(own) or own
    return found


def _parent(address: Address) -> Address | None:
    kind = KINDS.get(address.kind)
    return Address(kind.parent.kind, address.parents) if kind and kind.parent and address.parents else None


def _offered(items: Iterable[Item]) -> Mapping[Address, Address]:
    """By add-on, the plan that offers it, if just one that changes does."""
    found: dict[Address, list[Address]] = {}
    for item in items:
        if (plan := _plain(item.address)) is not None:
            for addon in symbols_in((item.new or {}).get(OFFERS)):
                found.setdefault(addon.unversioned(), []).append(plan)
    return {addon: plans[0] for addon, plans in found.items() if len(plans) == 1}


def _plain(address: Address | None) -> Address | None:
    return address.unversioned() if address else None


def branched(lines: Sequence[str], *, is_last: bool) -> Iterator[str]:
    """The lines of a branch: the first hangs on the tree, the others below it."""
    for number, line in enumerate(lines):
        hanging, below = (LAST, BLANK) if is_last else (BRANCH, TRUNK)
        yield (hanging if number == 0 else below) + line
