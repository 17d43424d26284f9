"""Opens the embedded server over its file, which is created if missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from billsync.app.ending import error
from billsync.apply.private_files import make_private_file
from billsync.local.app import LocalServer, create_app
from billsync.local.server.editions import AUGUST, Edition
from billsync.local.store.layout import OtherFormat
from billsync.model.ports import Clock

IN_MEMORY = ":memory:"


def open_database(
    database: str,
    clock: Clock,
    *,
    test_clock: bool,
    faithful_faults: bool = False,
    own_names: Collection[str] | None = None,
    edition: Edition = AUGUST,
) -> LocalServer:
    """The embedded server as a WSGI callable; with `own_names`, it answers under those host names only.

    Raises Ended if the file can't be used.
    """
    try:
        if database != IN_MEMORY:
            make_private_file(Path(database))
        return create_app(
            database,
            clock=clock.now,
            test_clock=test_clock,
            faithful_faults=faithful_faults,
            own_names=own_names,
            edition=edition,
        )
    except OtherFormat as problem:
        hint = "Name another file, or remove this one to start over; the version that made it can still dump it."
        detail = f"{database}: {problem}."
        raise error("other-database", detail, hint) from problem
    except (OSError, sqlite3.Error) as problem:
        detail = f"{database}: {problem}"
        raise error("bad-database", detail) from problem
