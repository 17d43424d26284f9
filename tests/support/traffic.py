"""Lets a recorder see the traffic of the transports while a test runs. It decides nothing about it."""

from collections.abc import Callable

import httpx
import pytest

from billsync.live.protocol.received import Received
from billsync.live.transports.embedded import Embedded
from billsync.live.transports.over_core import OverCore
from tests.support.recorder import Recorder

LOCAL_SERVER = "billsync"
Handler = Callable[[httpx.BaseTransport, httpx.Request], httpx.Response]


def watch(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request is noted; a response too, unless it comes from a stand-in for somebody else's server."""
    for transport in (httpx.WSGITransport, httpx.HTTPTransport, httpx.MockTransport):
        seen = watched(transport.handle_request, recorder, ours=transport is httpx.WSGITransport)
        monkeypatch.setattr(transport, "handle_request", seen)
    monkeypatch.setattr(Embedded, "send", watched_call(Embedded.send, recorder, ours=True))
    monkeypatch.setattr(OverCore, "send", watched_call(OverCore.send, recorder, ours=False))


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


def watched_call(send: Callable[..., Received], recorder: Recorder, *, ours: bool) -> Callable[..., Received]:
    """The same for ways of a client that use no transport of httpx."""

    def seen(way: object, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None) -> Received:
        received = send(way, method, url, query, content)
        sent = {} if content is None else {"content-type": "application/json"}
        request = httpx.Request(method, url, params=query or None, content=content, headers=sent)
        if ours or received.headers.get("server", "").lower().startswith(LOCAL_SERVER):
            headers = {name: value for name, value in received.headers.items() if name != "content-encoding"}
            recorder.note(request, httpx.Response(received.status, headers=headers, content=received.content))
        else:
            recorder.note_request(request)
        return received

    return seen
