"""Names of values and their types in messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from billsync.config.text.node import ListNode, MapNode, Node
from billsync.config.text.scalars import shorten
from billsync.model.value import Plain

TYPES: Mapping[str, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "null",
}


def found(value: Plain) -> str:
    """A value with its type: `the number 2024`, `the text "no"`, `a list`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"the number {shorten(format(value, 'f') if isinstance(value, Decimal) else str(value))}"
    if isinstance(value, str):
        return f'the text "{shorten(value)}"'
    return "a map" if isinstance(value, Mapping) else "a list"


def found_node(node: Node) -> str:
    """The words for a node's value, as in `found`."""
    if isinstance(node, MapNode):
        return "a map"
    return "a list" if isinstance(node, ListNode) else found(node.value)


def either(words: Iterable[str]) -> str:
    """`a, b or c`, each once, in their order."""
    parts = list(dict.fromkeys(words))
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
