"""Lines of YAML that all readers take for the same, and their layout: which of them belongs to which list and map."""

from __future__ import annotations

import re

from billsync.config.quick.alike import ALIKE_FROM, Alike
from billsync.config.quick.flow import are_sound
from billsync.config.quick.marks import CONTROLS, DATE, FIRST, KEY, NUMBER, NUMBERED, QUOTED, TIME, WORDS
from billsync.model.frozen import dataclass

_PIECE = 100_000
_DEEPEST = 40
"""Levels of nesting in lines; the limit for the whole file leaves room for as many in brackets."""
_END = r"(?= *+(?:$|(?<= )#))"
_REST = rf"[^{CONTROLS}:#]{{0,4000}}+(?::(?=[A-Za-z0-9/_])[^{CONTROLS}:#]{{0,1000}}+){{0,8}}"
_VALUE = (
    f"(?:(?:null|true|false){_END}"
    f"|(?!{WORDS}{_END}){FIRST}{_REST}"
    f"|{QUOTED}"
    f"|{NUMBER}{_END}"
    f"|{DATE}(?:{TIME})?{_END}"
    f"|{NUMBERED}{_REST}"
    rf"|[\[{{][^{CONTROLS}#\\]{{1,4000}}+)"
)
_LINE = re.compile(
    r"^( *+(?:- ++)?)"  # where it begins, with the sign of a list's member
    rf"(?:{KEY}(: (?= *+[^ #\n])|:{_END}) *+(?:{_VALUE})?"  # a key: `: ` where a value follows, else `:`
    rf"|(?<=- ){_VALUE}|(?<!- ))"  # a value alone, or nothing
    rf" *+(?:(?<![^ \n])#[^{CONTROLS}]*+)?$",  # and a comment
    re.MULTILINE,
)
_BRACKETS = re.compile(rf"^ *+(?:- ++)?(?:{KEY}: ++)?([\[{{][^\n#]*+)", re.MULTILINE)


def are_certain(text: str) -> bool:
    """Whether every reader of YAML takes a text for the same lists and maps of the same values.

    Its characters beyond ASCII are ones that may stand in any text.
    """
    has_brackets = "[" in text or "{" in text
    alike = None if has_brackets or len(text) < ALIKE_FROM else Alike.of(text)
    state: _State = _State(_Layout(), {})
    begin = 0
    while begin <= len(text):
        if alike is not None:
            begin = alike.after(begin, state[alike.line].layout)
        end = alike.end(begin) if alike is not None else _end(text, begin)
        lines = _LINE.findall(text, begin, end)
        if len(lines) != text.count("\n", begin, end) + 1:
            return False
        entered = state
        for line in lines:
            state = state[line]
        if state.layout is None or (has_brackets and not are_sound(_BRACKETS.findall(text, begin, end))):
            return False
        if alike is not None and entered[alike.line].layout == state[alike.line].layout:  # another may follow
            alike = alike if alike.learn(begin, end, entered[alike.line].layout) else None
        begin = end + 1
    return True


def _end(text: str, begin: int) -> int:
    """The end of some whole lines: a list of all lines at once would be large."""
    end = text.find("\n", begin + _PIECE)
    return len(text) if end < 0 else end


@dataclass(frozen=True, slots=True)
class _Layout:
    """The lists and maps that are open, outermost first, each with its column; whether a key waits for its value."""

    open: tuple[tuple[str, int], ...] = ()
    waits: bool = False


class _State(dict[tuple[str, str], "_State"]):
    """A layout, with the next one by the line that follows: its beginning, and `:` or `: ` after a key.

    Without a layout, a line was not where it belongs. There are few different lines, so that each step is a look-up.
    """

    def __init__(self, layout: _Layout | None, states: dict[_Layout | None, _State]) -> None:
        super().__init__()
        self.layout = layout
        self._states = states

    def __missing__(self, line: tuple[str, str]) -> _State:
        layout = _next(self.layout, *line) if self.layout is not None else None
        following = self._states.get(layout)
        if following is None:
            following = self._states[layout] = _State(layout, self._states)
        self[line] = following
        return following


def _next(layout: _Layout, head: str, colon: str) -> _Layout | None:
    """The layout after a line; None where the line doesn't fit."""
    begin = len(head) - len(head.lstrip(" "))
    is_member = "-" in head
    if not is_member and not colon:
        return layout  # an empty line, or a comment
    if is_member and not colon and not head.endswith("- "):
        return None
    opened = _opened(layout, "list" if is_member else "map", begin)
    if opened is None:
        return None
    if is_member and colon:
        opened = (*opened, ("map", len(head)))
    return _Layout(opened, colon == ":") if len(opened) <= _DEEPEST else None


def _opened(layout: _Layout, kind: str, column: int) -> tuple[tuple[str, int], ...] | None:
    """The lists and maps that are open where a member of a list, or a key of a map, begins in a column."""
    if not layout.open:
        return (("map", 0),) if (kind, column) == ("map", 0) else None
    last = layout.open[-1][1]
    if layout.waits and (column > last or (column == last and kind == "list")):
        return (*layout.open, (kind, column))
    left = layout.open
    while left and (left[-1][1] > column or left[-1] == ("list", column) != (kind, column)):
        left = left[:-1]
    return left if left and left[-1] == (kind, column) else None
