"""A digest of all that a local server holds, the same for two servers that differ only in the ids they gave.

Each id is replaced by its place among all ids, so that which row refers to which, and which was made first, stay in
the digest. Everything else, amounts and times above all, is in it as it is.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

ID = re.compile(r"(\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b)")
MARK = "\x1f"
"""Stands around the place of an id: JSON has no such character, so that no text of a row can look like it."""

Row = tuple[Any, ...]
Tables = Mapping[str, tuple[Sequence[str], Sequence[Row]]]
"""The columns and the rows of each table."""
Digest = Callable[[Tables, datetime], str]


def tables_of(database: Path) -> Tables:
    """All rows of all tables of a SQLite file, as its last transaction left them."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {name: _table(connection, name) for (name,) in sorted(found.fetchall())}


def _table(connection: sqlite3.Connection, name: str) -> tuple[Sequence[str], Sequence[Row]]:
    cursor = connection.execute(f'SELECT * FROM "{name}"')
    return tuple(column for column, *_ in cursor.description), cursor.fetchall()


def state_digest(tables: Tables, now: datetime) -> str:
    """The digest of a state at a moment; two moments of the same hour count as one."""
    lines = [_pieces(name, columns, row) for name, (columns, rows) in tables.items() for row in rows]
    ids = sorted({piece for pieces in lines for piece in pieces[1::2]})
    places = {found: f"{MARK}{number}{MARK}" for number, found in enumerate(ids)}
    text = "\n".join("".join(places.get(piece, piece) for piece in pieces) for pieces in lines)
    return sha256(f"{now:%Y-%m-%dT%H}\n{text}".encode()).hexdigest()


@cache
def _pieces(table: str, columns: Sequence[str], row: Row) -> Sequence[str]:
    """A row as text, cut so that each second piece is an id. Most rows are those of a fresh server, and stay."""
    return ID.split(json.dumps([table, columns, row]))
