"""The items of a recovery snapshot as lines of JSON.

Each line is an object with one member, whose name is the sort of the item.
"""

from __future__ import annotations

import json
import re
from typing import Any

from billsync.core.views.forms import LITERAL
from billsync.model.state import Row
from billsync.report.recovery.snapshot.item_forms import CREDIT, FORMS, LIST, ROW, SORTS
from billsync.report.recovery.snapshot.items import CreditOf, Item, Listed

_KIND = re.compile(rb'\{"row":\{"kind":"([^"\\]*)"')


def item_line(item: Item) -> bytes:
    """The line of an item."""
    if isinstance(item, Row) and (quick := _quick_row_line(item)):
        return quick
    sort = SORTS[type(item)]
    return line_of(sort, FORMS[sort][1].write(item))


def credit_in(line: bytes) -> CreditOf | None:
    """The credit in a line; None in a line of another sort."""
    if sort_of(line) != CREDIT:
        return None
    credit: CreditOf = FORMS[CREDIT][1].read(content_of(line, CREDIT))
    return credit


def row_in(line: bytes) -> Row:
    """The row of a line that was written here."""
    row: Row = FORMS[ROW][1].read(content_of(line, ROW))
    return row


def with_list(line: bytes, listed: bytes) -> bytes:
    """The line of a row with a list in its fields, from the list's line; as it is without rows."""
    found = content_of(listed, LIST) if listed else {}
    if not found.get("rows"):
        return line
    row = content_of(line, ROW)
    fields = row["fields"]
    (fields[LITERAL] if fields.keys() == {LITERAL} else fields)[found["name"]] = found["rows"]
    return line_of(ROW, row)


def kind_in(line: bytes) -> str:
    """The kind of a row's line."""
    kind = _KIND.match(line)
    return kind[1].decode() if kind else row_in(line).kind


def list_in(line: bytes) -> Listed:
    """The list in a line of one."""
    listed: Listed = FORMS[LIST][1].read(content_of(line, LIST))
    return listed


def line_of(sort: str, content: Any) -> bytes:
    """The line of something of a sort."""
    return json.dumps({sort: content}, separators=(",", ":")).encode() + b"\n"  # escapes keep halves of characters


def sort_of(line: bytes) -> str:
    """The sort of a line. Raises ValueError for a line of another form."""
    return line[2 : line.index(b'"', 2)].decode()


def _quick_row_line(row: Row) -> bytes | None:
    """The line of a row whose fields are plain JSON, as most are; None for exact numbers, and names like our tags."""
    facts = {"kind": row.kind, "id": row.id, "parent_id": row.parent_id, "fields": row.fields}
    try:
        line = line_of(ROW, facts)
    except TypeError:
        return None
    return None if b'"$' in line else line


def content_of(line: bytes, sort: str) -> dict[str, Any]:
    """The members of a line of this sort, numbers exact. Raises ValueError, KeyError, TypeError."""
    content = json.loads(line, parse_float=_no_float, parse_constant=_no_float)[sort]
    if not isinstance(content, dict):
        raise TypeError(f"{sort!r} is no object")
    return content


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float")
