"""Lists and maps in brackets, on one line, that all readers of YAML take for the same."""

from __future__ import annotations

import re
from collections.abc import Iterable

from billsync.config.quick.marks import CONTROLS, DATE, FIRST, KEY, NUMBER, QUOTED, WORDS

_DEEPEST = 20
_END = r"(?= *+[,\]}])"
_VALUE = (
    f"(?:(?:null|true|false){_END}"
    rf"|(?!{WORDS}{_END}){FIRST}[^{CONTROLS}:#?\"\\,\[\]{{}}]{{0,1000}}+{_END}"
    f"|{QUOTED}{_END}"
    f"|{NUMBER}{_END}"
    f"|{DATE}{_END})"
)
_TOKEN = re.compile(rf" *+(?:([\[\]{{}},])|{KEY}(: )|{_VALUE})")
_TOKENS = re.compile(rf"(?: *+(?:[\[\]{{}},]|{KEY}: |{_VALUE}))+ *+")

_VALUES = "value"
_AFTER = "after"


def are_sound(texts: Iterable[str]) -> bool:
    """Whether each text is one list or map in brackets, with nothing that readers may take differently."""
    return all(map(_is_sound, texts))


def _is_sound(text: str) -> bool:
    if not _TOKENS.fullmatch(text):
        return False
    open_: list[str] = []
    state = "value"
    for mark, colon in _TOKEN.findall(text):
        following = _STEPS.get((state, open_[-1] if open_ else "", mark or colon))
        if following is None:
            return False
        state = following
        if mark in ("[", "{"):
            open_.append(mark)
            if len(open_) > _DEEPEST:
                return False
        elif mark in ("]", "}"):
            open_.pop()
    return state == "after" and not open_


_STEPS = {
    ("value", "", "["): "first value",
    ("value", "", "{"): "first key",
    **{
        (state, inside, mark): following
        for state, inside in (("value", "["), ("first value", "["), ("value", "{"))
        for mark, following in (("[", "first value"), ("{", "first key"), ("", "after"))
    },
    ("first value", "[", "]"): "after",
    ("first key", "{", "}"): "after",
    ("first key", "{", ": "): "value",
    ("key", "{", ": "): "value",
    ("after", "[", ","): "value",
    ("after", "{", ","): "key",
    ("after", "[", "]"): "after",
    ("after", "{", "}"): "after",
}
"""By the state, the innermost open bracket and the token (`: ` is a key, an empty text a value): the next state."""
