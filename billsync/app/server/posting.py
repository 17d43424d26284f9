"""Sends what a server keeps once, however often it is sent."""

from __future__ import annotations

from billsync.app.server.connection import Connection
from billsync.model.ports import RemoteError, Unclear
from billsync.model.value import Plain

ATTEMPTS = 3
PAUSE = 1.0


def post(connection: Connection, path: str, body: Plain, *, there: int | None = None) -> bool:
    """Send something; after an unclear outcome again. False where the server says, with the status `there`, that it
    has it already. Raises RemoteError."""
    for attempt in range(ATTEMPTS):
        try:
            answer = connection.remote.call("POST", path, body)
        except Unclear:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            if answer.ok or answer.status == there:
                return answer.ok
            if not answer.unclear or attempt + 1 == ATTEMPTS:
                raise RemoteError(f"POST {path}: {answer.message or answer.status}")
        connection.clock.sleep(PAUSE * 2**attempt)
    raise AssertionError("unreachable")  # the last attempt returns or raises
