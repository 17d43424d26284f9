"""Calls that are made again after a pause without a look, as they change nothing, or may be carried out twice."""

from __future__ import annotations

from billsync.model.ports import Answer, Busy, Remote
from billsync.model.value import Plain


def call_patiently(remote: Remote, method: str, path: str, body: Plain = None) -> Answer:
    """Make one call, after the pauses that the server asks for. Raises RemoteError."""
    asked = 0
    while True:
        try:
            return remote.call(method, path, body)
        except Busy as busy:
            asked += busy.was_asked
            busy.wait(asked)
