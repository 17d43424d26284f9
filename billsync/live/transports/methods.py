"""A transport that sends only some methods: whatever is read through it can't write, whatever the code above does."""

from __future__ import annotations

import httpx

from billsync.live.protocol.exchange import MethodRefused


class OnlyMethods(httpx.BaseTransport):
    """Another transport, behind a check of the method of each request."""

    def __init__(self, inner: httpx.BaseTransport, methods: frozenset[str]) -> None:
        self._inner = inner
        self._methods = methods

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request. Raises MethodRefused before anything is sent."""
        if request.method not in self._methods:
            raise MethodRefused(f"{request.method} {request.url.path}: this connection only reads")
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the transport behind."""
        self._inner.close()
