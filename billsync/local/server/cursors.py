"""Pages by cursor: opaque texts that name the place of a row. Which rows there are is the resource's business."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from billsync.local.server.listing import PAGE_MEMBER
from billsync.local.server.problems import Problem, bad_query
from billsync.local.server.resource import Query
from billsync.model.frozen import dataclass

MEMBERS = ("size", "after", "before")
INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
DEFAULT_SIZE = 20


@dataclass(frozen=True, slots=True)
class CursorPage:
    """The pages that a query asks for; a cursor that wasn't given is None."""

    size: int
    after: str | None
    before: str | None


def cursor_page(query: Query) -> CursorPage:
    """The page in the query. Raises Problem (400) for unknown members or invalid numbers."""
    given = members(query)
    size = given.get("size", str(DEFAULT_SIZE))
    if not INTEGER.fullmatch(size):
        raise bad_query("page.size", f"expected a valid int, got {size}", "format")
    return CursorPage(int(size), given.get("after") or None, given.get("before") or None)


def members(query: Query) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, text in query:
        if not (match := PAGE_MEMBER.match(name)):
            continue
        if match[1] not in MEMBERS:
            raise bad_query(f"page.{match[1]}", f"field [{match[1]}] is not present", "format")
        found[match[1]] = text
    return found


def cursor_of(place: tuple[str, ...]) -> str:
    """The opaque text for a place."""
    return base64.b64encode(",".join(place).encode()).decode()


def place_of(cursor: str, name: str, parts: int) -> tuple[str, ...]:
    """The position in a cursor. Raises Problem (400) for an invalid cursor."""
    try:
        place = tuple(base64.b64decode(cursor, validate=True).decode().split(","))
    except (binascii.Error, UnicodeDecodeError):
        raise no_cursor(name) from None
    if len(place) != parts:
        raise no_cursor(name)
    return place


def no_cursor(name: str) -> Problem:
    return bad_query(f"page.{name}", "decode cursor: this is no cursor")
