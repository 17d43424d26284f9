"""Lets a recorder see the traffic of the transports while a test runs. It decides nothing about it."""

from collections.abc import Callable

import httpx
import pytest

from billsync.live.wire import DeadlineTransport
from tests.support.recorder import Recorder

LOCAL_SERVER = "billsync"
Handler = Callable[[httpx.BaseTransport, httpx.Request], httpx.Response]


def watch(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request is noted; a response too, unless it comes from a stand-in for somebody else's server."""
    for transport in (httpx.WSGITransport, httpx.HTTPTransport, httpx.MockTransport, DeadlineTransport):
        seen = watched(transport.handle_request, recorder, ours=transport is httpx.WSGITransport)
        monkeypatch.setattr(transport, "handle_request", seen)


def watched(handler: Handler, recorder: Recorder, *, ours: bool) -> Handler:
    """A transport's method, with what went through it noted."""

    def handle_request(transport: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
        response = handler(transport, request)
        if ours or response.headers.get("server", "").lower().startswith(LOCAL_SERVER):
            response.read()
            recorder.note(request, response)
        else:
            recorder.note_request(request)
        return response

    return handle_request
