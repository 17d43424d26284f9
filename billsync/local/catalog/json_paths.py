"""Values at a JSONPath in the data of an event, as meters read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from billsync.local.store.documents import text_of

STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")


def value_at(path: str, data: Any) -> Any:
    """Return the value at a path such as `$.a.b[0]`; None without a value, or if the path isn't valid."""
    for step in steps_of(path):
        data = member(data, step)
    return data


def text_at(path: str, data: Any) -> str | None:
    """The scalar at a path, as text; None if the path is missing or leads to an object or a list."""
    value = value_at(path, data)
    if value is None or isinstance(value, dict | list):
        return None
    return value if isinstance(value, str) else text_of(value)


@lru_cache(1_000)
def steps_of(path: str) -> tuple[str | int, ...]:
    """Names and places, from the outside in."""
    return tuple(_steps(path))


def _steps(path: str) -> Iterator[str | int]:
    place = 1
    while place < len(path):
        match = STEP.match(path, place)
        if match is None:
            yield path[place:]
            return
        name, number, quoted, double_quoted = match.groups()
        yield int(number) if number is not None else next(filter(None, (name, quoted, double_quoted)), "")
        place = match.end()


def member(data: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return data[step] if isinstance(data, list) and step < len(data) else None
    return data.get(step) if isinstance(data, dict) else None
