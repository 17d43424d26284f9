"""Places of the parts of a file in its text: offsets of maps, lists and scalars, from the parser's events.

For edits that leave every other character as it is; what the parts mean is for the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from billsync.config.text.yaml_text import fastest_parser
from billsync.model.frozen import dataclass
from billsync.model.limits import NESTING


@dataclass(frozen=True, slots=True)
class Span:
    """A value in a text, from its first character to the one after its last. `is_plain`: no anchor, tag or alias.

    `end` of a list or map in block style is that of its last value. `entries` are a map's keys and values, `items` a
    list's; `text` is a scalar's value.
    """

    start: int
    end: int
    is_plain: bool
    is_flow: bool = False
    text: str | None = None
    entries: tuple[tuple[Span, Span], ...] | None = None
    items: tuple[Span, ...] | None = None

    def entry(self, name: str) -> tuple[Span, Span] | None:
        """The key and the value under a name, of a map."""
        return next(((key, value) for key, value in self.entries or () if key.text == name), None)


class NoSpans(ValueError):
    """A text whose parts can't be located."""


def documents(text: str) -> tuple[Span, ...]:
    """The root values of a text's documents. Raises NoSpans where the text is no YAML, or nested too deep."""
    try:
        parser = fastest_parser()(text)
        events = iter(parser.get_event, None)
        return tuple(_value(event, events, 0) for event in events if _begins(event))
    except yaml.YAMLError as error:
        raise NoSpans(str(error)) from error


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _begins(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent | yaml.AliasEvent | yaml.CollectionStartEvent)


def _value(event: Any, events: Iterator[Any], depth: int) -> Span:
    start = event.start_mark.index
    is_plain = event.anchor is None and getattr(event, "tag", None) is None
    if not isinstance(event, yaml.CollectionStartEvent):
        text = event.value if isinstance(event, yaml.ScalarEvent) else None
        return Span(start, event.end_mark.index, is_plain, text=text)
    if depth > NESTING:
        raise NoSpans("nested too deep")
    members = []
    while not isinstance(inner := next(events), yaml.CollectionEndEvent):
        members.append(_value(inner, events, depth + 1))
    end = members[-1].end if members and not event.flow_style else _end(inner)
    if isinstance(event, yaml.MappingStartEvent):
        pairs = tuple(zip(members[::2], members[1::2], strict=True))
        return Span(start, end, is_plain, bool(event.flow_style), entries=pairs)
    return Span(start, end, is_plain, bool(event.flow_style), items=tuple(members))
