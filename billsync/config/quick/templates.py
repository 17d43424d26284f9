"""Members of a long list in many files: those that differ from a known one in values alone are read by its template.

A template is made of a member whose texts, numbers and dates are replaced by marks. The quick reader says where these
stand among its values, and refuses what readers of YAML may take differently. In another member that has the same bytes
around its values, each of which all readers take for one of that sort, just these are others: the layout is the same,
as in `alike`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from billsync.config.quick.alike import BEGIN, LINE
from billsync.config.quick.marks import CONTROLS, DATE, NUMBERED, TIME
from billsync.config.quick.values import Doubtful, certain_text, decoded, json_writer, quick_values
from billsync.model.frozen import dataclass
from billsync.model.value import Plain

MOST = 64
"""Templates that are kept at most: each takes a few milliseconds to make."""
LONGEST = 10_000

_MARKS = ("Hole", "98765")
"""Beginnings of marks, which no member may hold."""


@dataclass(frozen=True, slots=True)
class _Style:
    """A way to write values: what finds one, and its mark in YAML and in JSON by a number, there with its place."""

    pattern: re.Pattern[str]
    yaml: str
    json: str
    place: str = '"%s"'


_STYLES = (
    _Style(re.compile(rf'"([^{CONTROLS}"\\]{{0,4000}}+)"'), '"Hole{}"', '"Hole{}"'),
    _Style(re.compile(rf"'([^{CONTROLS}'\"\\]{{0,4000}}+)'"), "'Hole{}'", '"Hole{}"'),
    _Style(re.compile(rf'((?:{BEGIN}|{NUMBERED})[^{CONTROLS}:#"\\]{{0,4000}}+)(?<! )'), "Hole{}", '"Hole{}"'),
    _Style(re.compile(r"((?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]{1,18}+)?)"), "98765{:04}", "98765{:04}", "%s"),
    _Style(re.compile(f"({DATE}(?:{TIME})?)"), "{:04}-01-01", '"{:04}-01-01"'),
)
"""Texts have no quotes and backslashes, so that they stand in JSON as they are, as numbers do."""


@dataclass(frozen=True, slots=True)
class Template:
    """One form of members: what finds the texts in one, and its JSON, with a place for each of these."""

    match: Callable[[str], re.Match[str] | None]
    json: str


class Templates:
    """The templates for members of a list of this name at the top of files."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._list = re.compile(rf"^{re.escape(name)}:\n( *- )", re.MULTILINE)
        self._known: dict[tuple[str, int], list[Template]] = {}
        self._count = self._found = self._missed = 0
        self._last: bytes | None = None

    def values(self, content: bytes) -> Plain:
        """The values of a file of which all members have known forms; None for any other. Each one that was read in
        another way is to be told to `note`."""
        if self._last is not None:
            self._learn(self._last)
        if not self._count or self._missed > self._found + 1:
            return None
        with suppress(ValueError, Doubtful):
            if (found := self._parts(content)) is not None and (members := self._json(found)) is not None:
                first = quick_values(found.before.encode()) if found.before else {}
                if type(first) is dict and self._name not in first:
                    self._found += 1
                    return {**first, self._name: decoded(f"[{','.join(members)}]")}
        self._missed += 1
        return None

    def note(self, content: bytes) -> None:
        """Remember a file that was read in another way: once there is a further one, its members are learned."""
        self._last = content if self._count < MOST else None

    def _parts(self, content: bytes) -> _Parts | None:
        text = certain_text(content)
        begin = self._list.search(text)
        if begin is None or not text.endswith("\n"):
            return None
        sign = f"\n{begin[1]}"
        return _Parts(text[: begin.start()], begin[1], text[begin.end() : -1].split(sign))

    def _json(self, parts: _Parts) -> list[str] | None:
        """The members as JSON; None where one of them has no known form."""
        known, sign, made = self._known, parts.sign, list[str]()
        for member in parts.members:
            for template in known.get((sign, member.count("\n")), ()):
                if (found := template.match(member)) is not None:
                    made.append(template.json % found.groups())
                    break
            else:
                return None
        return made

    def _learn(self, content: bytes) -> None:
        self._last = None
        with suppress(ValueError, Doubtful):
            if (parts := self._parts(content)) is not None:
                for member in parts.members:
                    self._learn_member(parts.sign, member)

    def _learn_member(self, sign: str, member: str) -> None:
        known = self._known.setdefault((sign, member.count("\n")), [])
        if self._count < MOST and not any(template.match(member) for template in known):
            self._count += 1
            if (template := self._made(sign, member)) is not None:
                known.append(template)

    def _made(self, sign: str, member: str) -> Template | None:
        """The template of a member; None where it isn't certain what its texts are."""
        if len(member) > LONGEST or any(mark in member for mark in _MARKS):
            return None
        pattern, lines, marks = list[str](), list[str](), list[tuple[str, str]]()
        for line in member.split("\n"):
            begin, style = _styled(line)
            pattern.append(re.escape(begin) + (style.pattern.pattern if style else ""))
            lines.append(begin + (style.yaml.format(len(marks)) if style else ""))
            if style is not None:
                marks.append((style.json.format(len(marks)), style.place))
        marked = "\n".join(lines)
        with suppress(Doubtful):
            values = quick_values(f"{self._name}:\n{sign}{marked}\n".encode())
            if type(values) is dict and values.keys() == {self._name} and len(values[self._name]) == 1:
                json = _with_places(json_writer()(values[self._name][0]).decode(), marks)
                return Template(re.compile("\n".join(pattern)).fullmatch, json) if json is not None else None
        return None


@dataclass(frozen=True, slots=True)
class _Parts:
    """A text in parts: what stands before the list, the sign of its members, and these without it."""

    before: str
    sign: str
    members: Sequence[str]


def _styled(line: str) -> tuple[str, _Style | None]:
    """The part of a line before the value at its end, and how that is written; a whole line where that isn't known."""
    found = LINE.fullmatch(line)
    if found is not None and found[2]:
        begin = line[: found.start(2)]
        for style in _STYLES if begin.endswith(" ") or not begin else ():
            if style.pattern.fullmatch(found[2]):
                return begin, style
    return line, None


def _with_places(written: str, marks: Iterable[tuple[str, str]]) -> str | None:
    """The JSON with places for its marks; None if one isn't there once, in their order."""
    found = ""
    for mark, place in marks:
        before, is_there, written = written.partition(mark)
        if not is_there or mark in written:
            return None
        found += before.replace("%", "%%") + place
    return found + written.replace("%", "%%")
