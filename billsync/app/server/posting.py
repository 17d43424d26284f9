"""Sends what a server keeps once, however often it is sent."""

from __future__ import annotations

from billsync.app.server.connection import Connection
from billsync.apply.patient_call import call_patiently
from billsync.model.ports import RemoteError, Unclear
from billsync.model.value import Plain

ATTEMPTS = 3
PAUSE = 1.0


def post(connection: Connection, path: str, body: Plain, *, there: int | None = None) -> bool:
    """Send something; after an unclear outcome again. False where the server says, with the status `there`, that it
    has it already. Raises RemoteError."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return post_once(connection, path, body, there=there)
        except Unclear:
            connection.clock.sleep(PAUSE * 2**attempt)
    return post_once(connection, path, body, there=there)


def post_once(connection: Connection, path: str, body: Plain, *, there: int | None = None) -> bool:
    """Send something a single time, as `post` does. Raises Unclear where the server may have taken it; RemoteError."""
    answer = call_patiently(connection.remote, "POST", path, body)
    if answer.ok or answer.status == there:
        return answer.ok
    problem = f"POST {path}: {answer.message or answer.status}"
    raise Unclear(problem) if answer.unclear else RemoteError(problem)
