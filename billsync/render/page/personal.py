"""A page without personal data: e-mail addresses, and values of customers' personal fields wherever a text has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from billsync.kinds.registry import KINDS
from billsync.model.frozen import replace
from billsync.model.value import Plain, leaves
from billsync.render.page.changes import LEFT_OUT
from billsync.render.page.page import Page, Span
from billsync.render.plan.outline import Item, Outline

EMAIL = re.compile(r"[\w.!#$%&'*+=?^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
"""An e-mail address, as it is or as a part of an entity's address, in which `@` is `%40`."""
WORD = re.compile(r"\w+")
AROUND = re.compile(r"^\W+|\W+$")
"""Marks around a value that a sentence which quotes it may lack, such as a point at its end."""

SHORTEST = 4
"""Shorter values, such as a country code, are no personal data by themselves, and stand in other words."""

UNSAID = frozenset({"labels", "metadata"})
"""Personal fields whose values no sentence quotes: they are words of other meanings, too."""


def personal_fields() -> Mapping[str, frozenset[str]]:
    """The personal fields by kind."""
    return {name: kind.personal for name, kind in KINDS.items() if kind.personal}


def without_personal_data(page: Page, outline: Outline) -> Page:
    """The page with e-mail addresses and the outline's personal values replaced in every text.

    Each address is numbered, so that two customers whose keys are addresses stay apart.
    """
    values = frozenset(_values(outline))
    longest = max((len(WORD.findall(value)) for value in values), default=0)
    numbers: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        number = numbers.setdefault(found[0].replace("%40", "@"), len(numbers) + 1)
        return f"(e-mail {number})"

    @cache
    def hidden(text: str) -> str:
        if "@" in text or "%40" in text:  # most texts have neither, and the search takes longer than all the rest
            text = EMAIL.sub(numbered, text)
        return without_values(text, values, longest) if longest else text

    found: Page = _mapped(page, hidden)
    return replace(found, marker=page.marker)


def without_values(text: str, values: frozenset[str], longest: int) -> str:
    """The text without the values that stand in it as whole words; `longest` is how many words one has at most.

    Runs of words are looked up, from the longest on: there may be as many values as customers.
    """
    words = list(WORD.finditer(text))
    found, place, number = "", 0, 0
    while number < len(words):
        ends = range(min(number + longest, len(words)), number, -1)
        start = words[number].start()
        end = next((words[last - 1].end() for last in ends if text[start : words[last - 1].end()] in values), None)
        number += 1
        if end is not None:
            found, place = f"{found}{text[place:start]}{LEFT_OUT}", end
            while number < len(words) and words[number].start() < end:
                number += 1
    return found + text[place:]


def _values(outline: Outline) -> Iterator[str]:
    """Texts in personal fields of both views of every item, but not those that are keys as well."""
    personal = {name: fields - UNSAID for name, fields in personal_fields().items()}
    keys = {part for item in outline.items for part in (item.name, *item.name.split("/"))}
    for item in outline.items:
        for view in (item.old, item.new, *_changed(item)) if item.kind in personal else ():
            for name in personal[item.kind]:
                texts = (leaf for leaf in leaves((view or {}).get(name)) if isinstance(leaf, str))
                trimmed = (AROUND.sub("", text) for text in texts)
                yield from (text for text in trimmed if len(text) >= SHORTEST and text not in keys)


def _changed(item: Item) -> Iterator[Mapping[str, Plain]]:
    for field in item.fields:
        if field.path:
            yield from ({str(field.path[0]): side} for side in (field.old, field.new))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed."""
    if isinstance(value, Enum | Decimal) or value is None:
        return value
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_mapped(item, change) for item in value)
    if isinstance(value, Span):
        return Span(change(value.text), value.style)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _mapped(getattr(value, f.name), change) for f in fields(value)})
    return value
