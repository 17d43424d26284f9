"""The OpenAPI document that an OpenMeter server serves of itself: what it takes, as far as it tells."""

from __future__ import annotations

from billsync.api.served import DOCUMENT, Served, served_by
from billsync.model.ports import Reader, RemoteError, TimedOut, Unreachable

NOT_OURS = 501
"""The status of a server error that says something about the route, and nothing about the moment."""


def read_served(remote: Reader) -> Served | None:
    """The operations and request fields that the server names; None if it serves no such document.

    Raises RemoteError where it can't be asked now: what it takes is unknown then, and never assumed.
    """
    try:
        answer = remote.get(DOCUMENT)
    except (Unreachable, TimedOut):
        raise
    except RemoteError:  # some other page at that address
        return None
    if answer.status >= 500 and answer.status != NOT_OURS:
        raise RemoteError(f"GET {DOCUMENT}: {answer.message}")
    return served_by(answer.body) if answer.ok else None
