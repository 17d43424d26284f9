"""The tables of an embedded server's database, created once."""

from __future__ import annotations

import sqlite3

FORMAT = 2
"""Of the tables and of the documents in them: a higher one when older documents can't be read any more."""

STATEMENTS = (
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE entity ("
    " seq INTEGER PRIMARY KEY, resource TEXT NOT NULL, id TEXT NOT NULL, key TEXT, parent TEXT,"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER,"
    " begins_at INTEGER, ends_at INTEGER, document TEXT NOT NULL)",
    "CREATE UNIQUE INDEX entity_id ON entity (resource, id)",
    "CREATE INDEX entity_key ON entity (resource, key)",
    "CREATE INDEX entity_live ON entity (resource, deleted_at)",
    "CREATE INDEX entity_live_id ON entity (resource, deleted_at, id)",
    "CREATE INDEX entity_live_key ON entity (resource, deleted_at, key, parent)",
    "CREATE INDEX entity_live_created ON entity (resource, deleted_at, created_at)",
    "CREATE INDEX entity_live_begins ON entity (resource, deleted_at, begins_at)",
    "CREATE INDEX entity_parent ON entity (resource, parent, id)",
    "CREATE TABLE term ("
    " resource TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY (resource, name, value, seq)) WITHOUT ROWID",
    "CREATE INDEX term_seq ON term (seq)",
)
# How selective the indexes are in a large database; without this SQLite takes a walk in order for a look-up by key.
EXPECTED = {
    "entity_id": "300000 30000 1",
    "entity_key": "300000 30000 2",
    "entity_live": "300000 30000 30000",
    "entity_live_id": "300000 30000 30000 1",
    "entity_live_key": "300000 30000 30000 2 1",
    "entity_live_created": "300000 30000 30000 2",
    "entity_live_begins": "300000 30000 30000 2",
    "entity_parent": "300000 30000 10 1",
}


class OtherFormat(Exception):
    """The file was made by another version of the server, or by something else. It is left as it is."""


def check_format(connection: sqlite3.Connection) -> None:
    """Raises OtherFormat unless the file is empty or of this format; writes nothing."""
    connection.execute("BEGIN")
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    has_tables = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
    connection.execute("COMMIT")
    if number not in (0, FORMAT):
        raise OtherFormat(f"its format is {number}, and this version has format {FORMAT}")
    if has_tables and number != FORMAT:
        raise OtherFormat("it is not a database of this server")


def lay_out(connection: sqlite3.Connection) -> None:
    """Makes the tables unless they are there; of several processes that start at once, one does."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone() == (0,):
        _make(connection)
    connection.execute("COMMIT")
    connection.execute("ANALYZE sqlite_schema")


def _make(connection: sqlite3.Connection) -> None:
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute("ANALYZE")
    connection.execute("DELETE FROM sqlite_stat1")
    connection.executemany("INSERT INTO sqlite_stat1 VALUES ('entity', ?, ?)", EXPECTED.items())
    connection.execute(f"PRAGMA user_version = {FORMAT}")
