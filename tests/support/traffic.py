"""Lets a recorder see the traffic of the transports while a test runs. It decides nothing about it."""

from collections.abc import Callable

import httpx
import pytest

from billsync.live.embedded import Embedded
from billsync.live.received import Received
from billsync.live.wire import DeadlineTransport
from tests.support.recorder import Recorder

LOCAL_SERVER = "billsync"
Handler = Callable[[httpx.BaseTransport, httpx.Request], httpx.Response]


def watch(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request is noted; a response too, unless it comes from a stand-in for somebody else's server."""
    for transport in (httpx.WSGITransport, httpx.HTTPTransport, httpx.MockTransport, DeadlineTransport):
        seen = watched(transport.handle_request, recorder, ours=transport is httpx.WSGITransport)
        monkeypatch.setattr(transport, "handle_request", seen)
    monkeypatch.setattr(Embedded, "send", watched_call(Embedded.send, recorder))


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


def watched_call(send: Callable[..., Received], recorder: Recorder) -> Callable[..., Received]:
    """The same for calls of the embedded server in this process."""

    def seen(
        embedded: Embedded, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None
    ) -> Received:
        received = send(embedded, method, url, query, content)
        headers = {} if content is None else {"content-type": "application/json"}
        request = httpx.Request(method, url, params=query or None, content=content, headers=headers)
        recorder.note(request, httpx.Response(received.status, headers=received.headers, content=received.content))
        return received

    return seen
