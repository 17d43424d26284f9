"""Members of a long list whose lines differ in their values only: once one is known, the others are found at once.

Where the lines of two members begin alike, each with a value or none, they have the same layout.
"""

from __future__ import annotations

import re
from collections.abc import Hashable

from billsync.config.quick.marks import CONTROLS, DATE, FIRST, KEY, NUMBER, QUOTED, TIME

ALIKE_FROM = 100_000
"""Characters of a text from which on it is worth the while."""

_MOST_FORMS = 16
_MOST_STRANGERS = 50
"""Members of other forms than those that are remembered, after which no more are looked for."""
_LONGEST = 10_000

BEGIN = f"(?![nNtTfFiI][uUaArRnN][lLnNuUfF]){FIRST}"
"""The begin of a text that begins like none of the words that some reader takes for a value that is no text."""
_TEXT = rf"{BEGIN}[^{CONTROLS}:#]{{0,4000}}+"
"""A text without colons."""

_DOUBLE, _SINGLE = QUOTED.removeprefix("(?:").removesuffix(")").split("|")
_VALUES = (_DOUBLE, _SINGLE, "(?:null|true|false)", NUMBER, f"{DATE}(?:{TIME})?", _TEXT)
"""Values of simple lines; each fits only where nothing but spaces follows it in its line."""
LINE = re.compile(rf"( *+(?:- ++)?(?:{KEY}:)?) *+(.*)")


class Alike:
    """The members of the first list of maps in a text, which all begin with the same sign."""

    def __init__(self, text: str, head: str) -> None:
        self.line = (head, ": ")
        self._text = text
        self._head = head
        self._sign = f"\n{head}"
        self._strangers = 0

    @classmethod
    def of(cls, text: str) -> Alike | None:
        """The members of a text; None where it has no list that is indented like its first one."""
        found = re.search(r"\n( *- )", text)
        return cls(text, found[1]) if found else None

    def end(self, begin: int) -> int:
        """The end of the lines that stand in front of the next member."""
        end = self._text.find(self._sign, begin)
        return len(self._text) if end < 0 else end

    def after(self, begin: int, layout: Hashable) -> int:
        """The place after all members that have known forms, but for the last of them.

        `layout` is the one after the first line of a member that begins here: it must be that of the known ones.
        """
        patterns = _FORMS.get(layout, {}).values()
        end = begin
        is_among = self._text.startswith(self._head, begin)
        while is_among:
            ends = (found.end() for pattern in patterns if (found := pattern.match(self._text, end)))
            further = next(ends, end)
            is_among = further > end
            end = further
        last = self._text.rfind(self._sign, begin, end - 1) if end > begin else -1
        return begin if last < 0 else last + 1

    def learn(self, begin: int, end: int, layout: Hashable) -> bool:
        """Remember the form of a member whose lines are simple; False once there are too many forms."""
        text = self._text[begin:end]
        if layout is None or not text.startswith(self._head) or len(text) > _LONGEST or "#" in text:
            return True
        if layout not in _FORMS and len(_FORMS) >= _MOST_FORMS:
            _FORMS.clear()
        form = _form(text)
        known = _FORMS.setdefault(layout, {})
        if form is None or form in known:
            return True
        if len(known) < _MOST_FORMS:
            known[form] = re.compile(f"(?:{form}(?={re.escape(self._head)}))+")  # another member follows each
            return True
        self._strangers += 1
        return self._strangers < _MOST_STRANGERS


_FORMS: dict[Hashable, dict[str, re.Pattern[str]]] = {}
"""By the layout in the first line of members, their forms, with what finds some of one form that follow each other."""


def _form(text: str) -> str | None:
    """The pattern of a member like this one: the same keys in the same columns, and values of the same sorts."""
    lines = [_line_form(line) for line in text.split("\n")]
    return None if None in lines else "".join(map(str, lines))


def _line_form(line: str) -> str | None:
    found = LINE.fullmatch(line)
    if found is None:
        return None
    begin, value = found.groups()
    if not value:
        return f"{re.escape(begin)} *+\n"
    sort = next((sort for sort in _VALUES if re.fullmatch(sort + r" *+\n", f"{value}\n")), None)
    space = " ++" if begin.endswith(":") else ""
    return f"{re.escape(begin)}{space}{sort} *+\n" if sort and begin.strip() else None
