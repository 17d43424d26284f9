"""`use:` and the defaults: cards from the library, `_info.defaults`, and what a card takes from its feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from billsync.config.checks.suggest import did_you_mean_at
from billsync.config.checks.words import found_node
from billsync.config.text.finding import Findings
from billsync.config.text.node import Entry, ListNode, MapNode, Node, ScalarNode, text_of
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass

CARD = "rate_card"
_PARTS: Mapping[str, str] = {"phases": "phase", "rate_cards": CARD}
"""Lists inside of entities whose members have defaults of their own, with the name of those."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """The values that entities are completed from.

    `names` gives a feature's name by its key, None for one whose name these files don't say. `unfinished` gathers the
    places of cards that lack what their library card would have given.
    """

    library: Mapping[str, Entry]
    defaults: Mapping[str, MapNode]
    names: Callable[[str], ScalarNode | None]
    findings: Findings
    unfinished: set[Position] = field(default_factory=set)

    def entity(self, kind: str, node: MapNode) -> MapNode:
        """The entity with its defaults, and its phases and cards with theirs."""
        return self._parts(self._defaulted(kind, node))

    def _defaulted(self, name: str, node: MapNode) -> MapNode:
        defaults = self.defaults.get(name)
        return node.over(defaults) if defaults else node

    def _parts(self, node: MapNode) -> MapNode:
        for name, part in _PARTS.items():
            members = node.get(name)
            if isinstance(members, ListNode):
                items = tuple(self._part(part, item) for item in members.items)
                node = node.with_node(name, ListNode(items, members.place))
        return node

    def _part(self, part: str, node: Node) -> Node:
        if not isinstance(node, MapNode):
            return node
        if part == CARD:
            return self._card(node)
        return self._parts(self._defaulted(part, node))

    def _card(self, node: MapNode) -> MapNode:
        used = text_of(node.get("use"))
        card = self._defaulted(CARD, self._used(node) if "use" in node.entries else node)
        feature = card.get("feature")
        key = text_of(feature)
        if feature and key:
            return self._named_by_feature(card, key, feature.place)
        if used and used in self.library and "key" not in card.entries:
            return card.with_text("key", used, node.entries["use"].place)
        return card

    def _used(self, node: MapNode) -> MapNode:
        use = node.entries["use"].node
        own = node.without("use")
        card = self._library_card(use)
        if card is None:
            self.unfinished.add(node.place)
            return own
        return own.over(card.without("use"))

    def _library_card(self, use: Node) -> MapNode | None:
        """The library card that `use` names; None for an unknown card, which is reported."""
        if not isinstance(use, ScalarNode) or not isinstance(use.value, str):
            detail = f"use: expected the name of a card in `rate_cards`, found {found_node(use)}"
            self.findings.add("wrong-type", use.place, detail)
            return None
        entry = self.library.get(use.value)
        if entry is None:
            hint = did_you_mean_at(use.value, {name: known.place for name, known in self.library.items()})
            self.findings.add("unknown-library-card", use.place, f'"{use.value}" is not in `rate_cards`', hint)
            return None
        return entry.node if isinstance(entry.node, MapNode) else None

    def _named_by_feature(self, card: MapNode, key: str, place: Position) -> MapNode:
        if "key" not in card.entries:
            card = card.with_text("key", key, place)
        name = self.names(key)
        if "name" not in card.entries and name is not None:
            card = card.with_text("name", name.text, place, name.source)
        return card


def check_library(library: Mapping[str, Entry], findings: Findings) -> None:
    """A library card can't use another (design.md §3)."""
    for name, entry in library.items():
        if isinstance(entry.node, MapNode) and "use" in entry.node.entries:
            place = entry.node.entries["use"].place
            hint = "Write the fields here; cards in plans and add-ons may use this one."
            findings.add("use-in-library", place, f'"{name}" says `use:` itself', hint)
