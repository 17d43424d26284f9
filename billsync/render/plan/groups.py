"""Groups of refusals and notes that say the same of several entities, shown once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from billsync.render.plan.outline import Item

ITSELF = "\0"


@dataclass(frozen=True, slots=True)
class Group:
    """A text, and the names of the entities that it is about, in order; `item` is the first of them, whose
    sentences say `it` where they name it and there are others.
    """

    item: Item
    names: tuple[str, ...]


def groups(items: Iterable[Item]) -> tuple[Group, ...]:
    """Items that come to the same together, where the first of them stands."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(repr(_without_name(item)), []).append(item)
    return tuple(_group(them) for them in found.values())


def _group(items: list[Item]) -> Group:
    first = items[0]
    if len(items) > 1:
        reason, hint = (_anonymous(text, first).replace(ITSELF, "it") for text in (first.reason, first.hint))
        first = replace(first, reason=reason, hint=hint)
    return Group(first, tuple(item.name for item in items))


def _without_name(item: Item) -> Item:
    """The item as all that come to the same have it: its own name in a sentence stands for any."""
    reason, hint = (_anonymous(text, item) for text in (item.reason, item.hint))
    return replace(item, name="", reason=reason, hint=hint, old=None, new=None)


def _anonymous(text: str, item: Item) -> str:
    return text.replace(f"{item.kind}/{item.name}", ITSELF).replace(f"{item.kind} {item.name}", ITSELF)
