"""Groups of refusals and notes with the same text for several entities, shown once."""

from __future__ import annotations

from collections.abc import Iterable
from re import sub

from billsync.model.frozen import dataclass, replace
from billsync.render.plan.outline import Item

ITSELF, LISTED = "\0", "\1"
FEW = 5
"""The number of names that a list in a group's hint holds."""


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
    names = tuple(item.name for item in items)
    if len(items) > 1:
        few = ", ".join((*names[:FEW], *("…" if len(names) > FEW else ())))
        texts = (_as_it(_anonymous(text, first)) for text in (first.reason, first.hint))
        reason, hint = (text.replace(LISTED, f": [{few}]") for text in texts)
        first = replace(first, reason=reason, hint=hint)
    return Group(first, names)


def _as_it(text: str) -> str:
    """The text, in which an entity, or a version of it, is `it`."""
    return sub(f"{ITSELF}@([0-9]+)", r"version \1 of it", text).replace(ITSELF, "it")


def _without_name(item: Item) -> Item:
    """The item with its own name replaced in its sentences, so that items of one group compare equal."""
    reason, hint = (_anonymous(text, item) for text in (item.reason, item.hint))
    return replace(item, name="", reason=reason, hint=hint, old=None, new=None, since="", address=None)


def _anonymous(text: str, item: Item) -> str:
    listed = text.replace(f": [{item.name}]", LISTED)
    return listed.replace(f"{item.kind}/{item.name}", ITSELF).replace(f"{item.kind} {item.name}", ITSELF)
