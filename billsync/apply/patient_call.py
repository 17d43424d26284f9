"""Calls outside steps that are made again after the pauses that the server asks for (429)."""

from __future__ import annotations

from collections.abc import Callable

from billsync.model.ports import Answer, Busy, Remote
from billsync.model.value import Plain


def call_patiently(remote: Remote, method: str, path: str, body: Plain = None) -> Answer:
    """Make one call that changes nothing, or that may be carried out twice. Raises RemoteError."""
    answer = call_unless_there(remote, method, path, body, is_there=lambda: False)
    assert answer is not None
    return answer


def call_unless_there(
    remote: Remote, method: str, path: str, body: Plain, *, is_there: Callable[[], bool]
) -> Answer | None:
    """Make one call, whose effect isn't there yet; None if it is there after a pause. Raises RemoteError."""
    asked = 0
    while True:
        try:
            return remote.call(method, path, body)
        except Busy as busy:
            asked += busy.was_asked
            busy.wait(asked)
            if is_there():
                return None
