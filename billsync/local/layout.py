"""The tables of a local server's database, made once. It knows no resource."""

from __future__ import annotations

import sqlite3

VERSION = 1
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


def lay_out(connection: sqlite3.Connection) -> None:
    """Makes the tables unless they are there; of several processes that start at once, one does."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone() == (0,):
        for statement in STATEMENTS:
            connection.execute(statement)
        connection.execute("ANALYZE")
        connection.execute("DELETE FROM sqlite_stat1")
        connection.executemany("INSERT INTO sqlite_stat1 VALUES ('entity', ?, ?)", EXPECTED.items())
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
    connection.execute("ANALYZE sqlite_schema")
