"""YAML text -> nodes, from the parser's events (its composer crashes the process on deep nesting)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeAlias

import yaml

from billsync.config.text.builder import REMOVE, Limits, NodeBuilder
from billsync.config.text.outside import ENV, FILE, Outside
from billsync.model.diagnostic import Position


class PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """The parser for where the C library isn't there."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def fastest_parser() -> Callable[[str], Any]:
    """The parser in C where it is there, else the one in Python."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return PureParser
    return CParser


def read_yaml(
    text: str, file: str, limits: Limits, parser: Callable[[str], Any] | None = None, outside: Outside | None = None
) -> NodeBuilder:
    """The nodes of every document in the text, and its errors; tagged values come from `outside`."""
    builder = NodeBuilder(limits, outside)
    try:
        source = (parser or fastest_parser())(text)
        while not builder.stopped and (event := source.get_event()) is not None:
            if feed := _FEEDS.get(type(event)):
                mark = event.start_mark
                feed(builder, event, Position(file, mark.line + 1, mark.column + 1))
    except yaml.MarkedYAMLError as error:
        _report_syntax(builder, error, text, file)
    return builder


_LIBRARY_DEPTH = "exceeded maximum nesting depth"
"""Message of libyaml at about 1,000 levels, since 0.2.6; it looks ahead of our own limit."""
_CANNOT_START = "cannot start any token"


def _report_syntax(builder: NodeBuilder, error: yaml.MarkedYAMLError, text: str, file: str) -> None:
    mark: Any = error.problem_mark or error.context_mark
    place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
    problem = error.problem or "it can't be parsed"
    if _LIBRARY_DEPTH in problem:
        builder.too_deep(place)
        return
    context = f" ({error.context})" if error.context else ""
    builder.report("not-yaml", place, problem + context, _syntax_hint(problem, _character_at(text, place)))
    builder.stopped = True


def _syntax_hint(problem: str, character: str) -> str:
    """The parser in C doesn't say which character it means."""
    if character == "\t" or "tab character" in problem:
        return "There is a tab here: indent with spaces."
    if _CANNOT_START in problem and character:
        return f"Quote the text that begins with `{character}`."
    return next((hint for part, hint in _HINTS.items() if part in problem), "")


_HINTS = {
    "mapping values are not allowed": "Quote a text that holds `: `; start all fields of a map in the same column.",
    "expected '-' indicator": "Start all items of a list in the same column, with `- `.",
    "expected <block end>": "Start all fields of a map, or items of a list, in the same column.",
    "could not find expected ':'": "Write `: ` after a field's name, and indent the lines that continue it.",
    "expected node content": "A value is missing here, or a `[`, `{` or quote is not closed.",
    "expected ',' or ": "Put `,` between the values, or close the `[` or `{`.",
    "expected key": "Start all fields of a map in the same column, and quote the whole value or none of it.",
    "unexpected end of stream": "A quote is not closed.",
    "expected whitespace or line break": "Put a space between a tag such as `!remove` and the bracket after it.",
    "unknown escape": "Use single quotes, where a backslash has no special meaning.",
    "<document start>": "Separate documents with a line `---`.",
}
"""Hints, by a part of the parser's message."""


def _character_at(text: str, place: Position) -> str:
    line = next(islice(text.splitlines(), place.line - 1, None), "")
    return line[place.column - 1 : place.column]


def _begin(builder: NodeBuilder, event: Any, place: Position) -> None:
    builder.begin_document()


def _scalar(builder: NodeBuilder, event: Any, place: Position) -> None:
    if event.tag in _OURS and builder.outside is not None:
        builder.tagged_scalar(event.tag, event.value, place, anchor=event.anchor)
        return
    _check_tag(builder, event, place)
    if event.style:
        builder.quoted_scalar(event.value, place, anchor=event.anchor)
    else:
        builder.plain_scalar(event.value, place, anchor=event.anchor)


def _open_list(builder: NodeBuilder, event: Any, place: Position) -> None:
    _check_tag(builder, event, place)
    builder.open(place, is_map=False, anchor=event.anchor)


def _open_map(builder: NodeBuilder, event: Any, place: Position) -> None:
    tag = event.tag if event.tag in _OURS and builder.outside is not None else None
    if tag is None:
        _check_tag(builder, event, place)
    builder.open(place, is_map=True, anchor=event.anchor, tag=tag)


def _close(builder: NodeBuilder, event: Any, place: Position) -> None:
    builder.close()


def _alias(builder: NodeBuilder, event: Any, place: Position) -> None:
    builder.alias(event.anchor, place)


def _check_tag(builder: NodeBuilder, event: Any, place: Position) -> None:
    if event.tag is None:
        return
    shown = event.tag.replace("tag:yaml.org,2002:", "!!")
    where = "a list" if event.tag in _OURS and builder.outside is not None else "the value"
    builder.report("tag", place, f"`{shown}` is in front of {where}", "Remove it; quote the value if it is a text.")


_OURS = frozenset({ENV, FILE, REMOVE})
_Feed: TypeAlias = Callable[[NodeBuilder, Any, Position], None]
_FEEDS: dict[type, _Feed] = {
    yaml.DocumentStartEvent: _begin,
    yaml.ScalarEvent: _scalar,
    yaml.SequenceStartEvent: _open_list,
    yaml.SequenceEndEvent: _close,
    yaml.MappingStartEvent: _open_map,
    yaml.MappingEndEvent: _close,
    yaml.AliasEvent: _alias,
}
