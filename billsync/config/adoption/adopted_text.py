"""Edits of `adopted` in the text of a file; every other character stays as it is.

No YAML library that writes what it has read keeps a file's bytes, so that only the lines in question are written,
at places that the parser's events give. The caller loads the result, and compares what it declares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from billsync.config.text.spans import NoSpans, Span, documents
from billsync.model.frozen import dataclass

ADOPTED, HEADER = "adopted", "_info"
Keys = Mapping[str, Sequence[str]]
"""Keys and globs by collection, as they stand under `adopted`."""

_WIDTH = 100
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_-]+)*", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Words that some readers of YAML take for something else than text."""


class NotEditable(ValueError):
    """A text in which `adopted` stands in a form that only a person should change."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """A part of a text that gets another text."""

    start: int
    end: int
    text: str = ""


def has_section(text: str, name: str) -> bool:
    """Whether a document of a text has this field. Raises NotEditable."""
    return any(root.entry(name) for root in _roots(text))


def with_adopted(text: str, keys: Keys, *, is_json: bool) -> str:
    """The text with more keys under `adopted`. Raises NotEditable."""
    roots = _roots(text)
    holder = next((root for root in roots if root.entry(ADOPTED)), None)
    root = holder or next((root for root in roots if root.entry(HEADER)), None) or next(reversed(roots), None)
    if root is None:
        raise NotEditable("it has no map to add `adopted` to")
    writing = _Writing(text, is_json or _has_quoted_keys(root, text))
    entry = root.entry(ADOPTED)
    if entry is None:
        after = root.entry(HEADER) or _last(root)
        return _edited(text, [writing.member(root, ADOPTED, keys, after=after)])
    return _edited(text, _more(writing, _map(entry[1]), keys))


def without_adopted(text: str, keys: Keys) -> str:
    """The text without these keys under `adopted`, and without the lists and the maps that are empty then. Raises
    NotEditable."""
    edits: list[_Edit] = []
    for root in _roots(text):
        if entry := root.entry(ADOPTED):
            section = _map(entry[1])
            edits += _removed(text, root, entry, section, keys)
    return _edited(text, edits)


def _roots(text: str) -> list[Span]:
    try:
        return [root for root in documents(text) if root.entries is not None]
    except NoSpans as error:
        raise NotEditable(str(error)) from error


def _map(value: Span) -> Span:
    if value.entries is None or not value.is_plain:
        raise NotEditable("`adopted` is an alias there, or has an anchor")
    return value


def _list(value: Span, collection: str) -> Span:
    if value.items is None or not value.is_plain:
        raise NotEditable(f"`adopted.{collection}` is an alias there, or has an anchor")
    return value


def _more(writing: _Writing, section: Span, keys: Keys) -> Iterator[_Edit]:
    new = {}
    for collection, members in keys.items():
        if found := section.entry(collection):
            yield writing.items(_list(found[1], collection), members)
        else:
            new[collection] = members
    if new:
        yield writing.members(section, new, after=_last(section))


def _has_quoted_keys(root: Span, text: str) -> bool:
    """Whether a document looks like JSON, so that it is to stay so."""
    return root.is_flow and all(text[key.start] == '"' for key, _ in root.entries or ())


def _last(found: Span) -> tuple[Span, Span] | None:
    return next(reversed(found.entries or ()), None)


class _Writing:
    """New text for one file, in its style."""

    def __init__(self, text: str, is_json: bool) -> None:
        self._text = text
        self._is_json = is_json

    def member(self, root: Span, name: str, keys: Keys, *, after: tuple[Span, Span] | None) -> _Edit:
        """A new field with a map of lists, after another one."""
        if root.is_flow:
            inner = ", ".join(self._flow_members(keys))
            return self._into_flow(root, [f"{self._scalar(name)}: {{{inner}}}"], after)
        indent = self._indent(root.entries[0][0].start if root.entries else 0)
        lines = [f"{indent}{name}:", *self._block_members(keys, f"{indent}  ")]
        return self._lines(after[1].end if after else root.end, lines)

    def members(self, section: Span, keys: Keys, *, after: tuple[Span, Span] | None) -> _Edit:
        """New lists in a map."""
        if section.is_flow:
            return self._into_flow(section, self._flow_members(keys), after)
        assert after is not None  # a map in block style has a member
        return self._lines(after[1].end, self._block_members(keys, self._indent(after[0].start)))

    def items(self, found: Span, keys: Sequence[str]) -> _Edit:
        """New items of a list."""
        items = found.items or ()
        if found.is_flow:
            after = (items[-1], items[-1]) if items else None
            return self._into_flow(found, [self._scalar(key) for key in keys], after)
        dash = self._text.rfind("-", 0, items[-1].start)
        if self._text[dash + 1 : items[-1].start].strip(" \t"):
            raise NotEditable("an item stands on another line than its dash")
        return self._lines(items[-1].end, [f"{self._indent(dash)}- {self._scalar(key)}" for key in keys])

    def _into_flow(self, found: Span, members: Sequence[str], after: tuple[Span, Span] | None) -> _Edit:
        """New members of a list or map in brackets: on lines of their own where the one before them is."""
        if after is None:
            return _Edit(found.start + 1, found.start + 1, ", ".join(members))
        start = _line_start(self._text, after[0].start)
        before = self._text[start : after[0].start]
        between = f",{self._break_at(start)}{before}" if start > found.start and not before.strip(" \t") else ", "
        return _Edit(after[1].end, after[1].end, "".join(f"{between}{member}" for member in members))

    def _flow_members(self, keys: Keys) -> list[str]:
        return [f"{self._scalar(name)}: [{self._joined(members)}]" for name, members in keys.items()]

    def _block_members(self, keys: Keys, indent: str) -> Iterator[str]:
        for name, members in keys.items():
            line = f"{indent}{name}: [{self._joined(members)}]"
            yield from [line] if len(line) <= _WIDTH else self._tall(name, members, indent)

    def _tall(self, name: str, members: Sequence[str], indent: str) -> list[str]:
        return [f"{indent}{name}:", *(f"{indent}  - {self._scalar(key)}" for key in members)]

    def _joined(self, members: Sequence[str]) -> str:
        return ", ".join(map(self._scalar, members))

    def _scalar(self, text: str) -> str:
        is_plain = not self._is_json and _PLAIN.fullmatch(text) and text.lower() not in _WORDS
        return text if is_plain else json.dumps(text, ensure_ascii=not text.isprintable())

    def _indent(self, offset: int) -> str:
        """The spaces before what begins a line. Raises NotEditable where something else is there."""
        found = self._text[_line_start(self._text, offset) : offset]
        if found.strip(" "):
            raise NotEditable("it doesn't stand at the beginning of a line")
        return found

    def _lines(self, end: int, lines: Iterable[str]) -> _Edit:
        """Whole lines below the one on which a value ends."""
        place, is_open = _below(self._text, end)
        line_break = self._break_at(place)
        new = line_break.join(lines)
        return _Edit(place, place, f"{line_break}{new}" if is_open else f"{new}{line_break}")

    def _break_at(self, place: int) -> str:
        """The line break before a place, else the first one of the file."""
        near = list(_BREAK.finditer(self._text, max(place - 2, 0), place))
        found = near[-1] if near else _BREAK.search(self._text)
        return found.group() if found else "\n"


def _line_start(text: str, offset: int) -> int:
    breaks = (text.rfind(char, 0, offset) for char in "\n\r\x85\u2028\u2029")
    return max(breaks) + 1


def _below(text: str, end: int) -> tuple[int, bool]:
    """The start of the line below an offset, and whether the text ends before; after a line's end, that place."""
    if end and _BREAK.fullmatch(text, end - 1, end):
        return end, False
    found = _BREAK.search(text, end)
    return (found.end(), False) if found else (len(text), True)


def _removed(text: str, root: Span, entry: tuple[Span, Span], section: Span, keys: Keys) -> list[_Edit]:
    """The edits that take keys out of one document."""
    entries = section.entries or ()
    going: list[int] = []
    edits: list[_Edit] = []
    for number, (name, value) in enumerate(entries):
        items = _list(value, name.text or "").items or ()
        leaving = frozenset(keys.get(name.text or "", ()))
        gone = [place for place, item in enumerate(items) if item.text in leaving]
        if gone and len(gone) == len(items):
            going.append(number)
        elif gone:
            edits += _cut(text, [(item.start, item.end) for item in items], gone, is_flow=value.is_flow)
    if not going:
        return edits
    if len(going) == len(entries):
        places = [(key.start, value.end) for key, value in root.entries or ()]
        number = [key for key, _ in root.entries or ()].index(entry[0])
        return _cut(text, places, [number], is_flow=root.is_flow)
    return edits + _cut(text, [(k.start, v.end) for k, v in entries], going, is_flow=section.is_flow)


def _cut(text: str, places: Sequence[tuple[int, int]], gone: Collection[int], *, is_flow: bool) -> list[_Edit]:
    """The edits that take some members of a list or map out."""
    if not is_flow:
        return [_Edit(_line_start(text, start), _below(text, end)[0]) for start, end in _chosen(places, gone)]
    kept = sorted({*range(len(places))}.difference(gone))
    if not kept:
        return [_Edit(places[0][0], places[-1][1])]
    edits = []
    for number in gone:
        start, end = places[number]
        if number < kept[-1]:
            edits.append(_Edit(start, _next(text, (start, end), places[number + 1][0])))
        else:
            edits.append(_Edit(_separator(text, places[number - 1][1], start), end))
    return edits


def _next(text: str, going: tuple[int, int], following: int) -> int:
    """The end of what separates a member that goes from the next one: a comment behind the comma stays, with a space
    before it. Raises NotEditable where one stands before the comma."""
    start, end = going
    if "#" not in text[end:following]:
        return following
    comma = re.compile(r"\s*,[ \t]*" if text[start - 1].isspace() else r"\s*,").match(text, end)
    if comma is None:
        raise NotEditable("a comment stands between the keys")
    return comma.end()


def _separator(text: str, end: int, start: int) -> int:
    """The beginning of what separates two members. Raises NotEditable where a comment stands in it."""
    if "#" in text[end:start]:
        raise NotEditable("a comment stands between the keys")
    return end


def _chosen(places: Sequence[tuple[int, int]], gone: Collection[int]) -> Iterator[tuple[int, int]]:
    return (place for number, place in enumerate(places) if number in gone)


def _edited(text: str, edits: Iterable[_Edit]) -> str:
    """The text after these edits; of two at one place, the first one stands first."""
    parts, place = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[place : edit.start], edit.text]
        place = edit.end
    return "".join((*parts, text[place:]))
