"""Sends usage events to a server under test."""

from typing import Any

import httpx


def send(server: httpx.Client, event_id: str, **more: Any) -> None:
    """One event of type `t`, now and of subject `acme` unless more is said."""
    event = {"specversion": "1.0", "id": event_id, "source": "test", "type": "t", "subject": "acme", **more}
    answer = server.post("/events", json=event)
    assert answer.status_code == 202, answer.text
