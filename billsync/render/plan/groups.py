"""Groups of refusals and notes with the same text for several entities, shown once."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.model.frozen import dataclass, replace
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
    """Groups of items with the same text, each at the place of its first item."""
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
    """The item with its own name replaced in its sentences, so that items of one group compare equal."""
    reason, hint = (_anonymous(text, item) for text in (item.reason, item.hint))
    return replace(item, name="", reason=reason, hint=hint, old=None, new=None, since="", address=None)


def _anonymous(text: str, item: Item) -> str:
    return text.replace(f"{item.kind}/{item.name}", ITSELF).replace(f"{item.kind} {item.name}", ITSELF)
