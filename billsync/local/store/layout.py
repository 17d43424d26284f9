"""The tables of an embedded server's database, created once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from billsync.local.store import readings

FORMAT = 3
"""Of the tables and of the documents in them: a higher one when an older version can't use the file any more."""
WITHOUT_READINGS = 2
"""The format before it, which lacks tables and indexes; they are added when a file is opened."""

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
SUBSCRIBED = "resource = 'subscription' AND deleted_at IS NULL"
EVENTS = "resource = 'event' AND deleted_at IS NULL"
CUSTOMERS = "resource = 'customer' AND deleted_at IS NULL"
SINCE_READINGS = (
    *readings.STATEMENTS,
    # Each of them serves the lists and look-ups of one resource, which name it in their SQL.
    "CREATE INDEX entity_live_ends ON entity (resource, ends_at) WHERE deleted_at IS NULL AND ends_at IS NOT NULL",
    f"CREATE INDEX subscription_plan ON entity (document -> 'plan' ->> 'id', begins_at, ends_at, id)"
    f" WHERE {SUBSCRIBED}",
    f"CREATE INDEX subscription_plan_key ON entity (document -> 'plan' ->> 'key', begins_at, ends_at, parent, id)"
    f" WHERE {SUBSCRIBED}",
    f"CREATE INDEX customer_name ON entity (document ->> 'name') WHERE {CUSTOMERS}",
    f"CREATE INDEX customer_email ON entity (document ->> 'primary_email') WHERE {CUSTOMERS}",
    f"CREATE INDEX event_subject ON entity (document ->> 'subject', begins_at, id) WHERE {EVENTS}",
    f"CREATE INDEX event_type ON entity (document ->> 'type', begins_at, id) WHERE {EVENTS}",
    "CREATE INDEX grant_unopened ON entity (begins_at) WHERE resource = 'grant' AND deleted_at IS NULL"
    " AND document ->> 'funding_method' = 'invoice' AND NOT document ->> 'opened'",
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
EXPECTED_OF_NEW = {
    "entity_live_ends": "30000 3000 2",
    "subscription_plan": "30000 300 2 1 1",
    "subscription_plan_key": "30000 300 2 1 1 1",
    "customer_name": "30000 2",
    "customer_email": "30000 2",
    "event_subject": "300000 300 1 1",
    "event_type": "300000 30000 1 1",
    "grant_unopened": "5 1",
}


class OtherFormat(Exception):
    """The file was made by another version of the server, or by something else. It is left as it is."""


def check_format(connection: sqlite3.Connection) -> None:
    """Raises OtherFormat unless the file is empty or of this format; writes nothing."""
    connection.execute("BEGIN")
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    has_tables = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
    connection.execute("COMMIT")
    if number not in (0, WITHOUT_READINGS, FORMAT):
        raise OtherFormat(f"its format is {number}, and this version has format {FORMAT}")
    if has_tables and number == 0:
        raise OtherFormat("it is not a database of this server")


def lay_out(connection: sqlite3.Connection) -> None:
    """Makes the tables unless they are there, and those that the format before this one lacks.

    Of several processes that start at once, one does.
    """
    connection.execute("BEGIN IMMEDIATE")
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    if number == 0:
        _make(connection)
    if number != FORMAT:
        _add_what_is_new(connection)
    connection.execute("COMMIT")
    connection.execute("ANALYZE sqlite_schema")


def _make(connection: sqlite3.Connection) -> None:
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute("ANALYZE")
    connection.execute("DELETE FROM sqlite_stat1")
    _expect(connection, EXPECTED)


def _add_what_is_new(connection: sqlite3.Connection) -> None:
    for statement in SINCE_READINGS:
        connection.execute(statement)
    _expect(connection, EXPECTED_OF_NEW)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _expect(connection: sqlite3.Connection, expected: Mapping[str, str]) -> None:
    connection.executemany("INSERT INTO sqlite_stat1 VALUES ('entity', ?, ?)", expected.items())
