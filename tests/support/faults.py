"""A transport that knows every call that passes, and strikes one of them with one fault. It decides nothing else."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

HTML = b"<html><body>Bad gateway</body></html>"


class Killed(BaseException):
    """The process is gone: nothing catches it, and nothing is sent after it."""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One call of a run: what was asked, and how many times the same had been asked before.

    Reads run in threads, so a number alone would not name the same call in two runs.
    """

    method: str
    path: str
    earlier: int = 0

    @property
    def writes(self) -> bool:
        """Whether the call may change something."""
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" (again, {self.earlier})" if self.earlier else "")


Deliver = Callable[[httpx.Request], httpx.Response]
Strike = Callable[[httpx.Request, Deliver], httpx.Response]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a call goes wrong.

    `lasting`: every call after it goes wrong in the same way. `late`: the server acts on it after the next call.
    """

    name: str
    strike: Strike
    lasting: bool = False
    late: bool = False


def _refused(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def _broken_before(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    raise httpx.WriteError("broken pipe", request=request)


def _broken_after(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    deliver(request).read()
    raise httpx.ReadError("connection reset by peer", request=request)


def _timeout_before(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    raise httpx.ReadTimeout("timed out", request=request)


def _timeout_after(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    deliver(request).read()
    raise httpx.ReadTimeout("timed out", request=request)


class _Half(httpx.SyncByteStream):
    """The first half of a body, and then the connection is gone."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content[: len(self._content) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _half_an_answer(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    response = deliver(request)
    return httpx.Response(response.status_code, headers=_headers(response), stream=_Half(response.read()))


def _cut_answer(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    """Half of the body as if it were all of it, as a proxy may send."""
    response = deliver(request)
    content = response.read()
    return httpx.Response(response.status_code, headers=_headers(response), content=content[: len(content) // 2])


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.lower() != "content-length"}


def _failure(status: int, *, content: bytes, content_type: str) -> httpx.Response:
    return httpx.Response(status, headers={"Content-Type": content_type}, content=content)


def _server_error() -> httpx.Response:
    body = b'{"type":"about:blank","title":"Internal Server Error","status":500,"instance":"urn:request:1"}'
    return _failure(500, content=body, content_type="application/problem+json")


def _bad_gateway() -> httpx.Response:
    return _failure(502, content=HTML, content_type="text/html")


def _error_before(answer: Callable[[], httpx.Response]) -> Strike:
    return lambda request, deliver: answer()


def _error_after(answer: Callable[[], httpx.Response]) -> Strike:
    def strike(request: httpx.Request, deliver: Deliver) -> httpx.Response:
        deliver(request).read()
        return answer()

    return strike


def _twice_second(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    deliver(request).read()
    return deliver(request)


def _twice_first(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    first = deliver(request)
    first.read()
    deliver(request).read()
    return first


def _killed_before(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    raise Killed


def _killed_after(request: httpx.Request, deliver: Deliver) -> httpx.Response:
    deliver(request).read()
    raise Killed


FAULTS = (
    Fault("no connection", _refused),
    Fault("broken before", _broken_before),
    Fault("broken after", _broken_after),
    Fault("half an answer", _half_an_answer),
    Fault("cut answer", _cut_answer),
    Fault("timeout before", _timeout_before),
    Fault("timeout after", _timeout_after),
    Fault("timeout, and the server acts after the next call", _timeout_before, late=True),
    Fault("500 before", _error_before(_server_error)),
    Fault("500 after", _error_after(_server_error)),
    Fault("502 before", _error_before(_bad_gateway)),
    Fault("502 after", _error_after(_bad_gateway)),
    Fault("twice, second answer", _twice_second),
    Fault("twice, first answer", _twice_first),
    Fault("killed before", _killed_before),
    Fault("killed after", _killed_after),
    Fault("no connection from here on", _refused, lasting=True),
    Fault("broken before from here on", _broken_before, lasting=True),
    Fault("502 from here on", _error_before(_bad_gateway), lasting=True),
    Fault("answers lost from here on", _broken_after, lasting=True),
)
"""Every fault. A killed process sends nothing more: see `FaultyTransport`."""


@dataclass(slots=True)
class FaultyTransport(httpx.BaseTransport):
    """Passes calls on, notes each as a Point, and strikes the one at `point` with `fault`.

    `calls` and `requests` are all of them so far, in one order.
    """

    inner: httpx.BaseTransport
    fault: Fault | None = None
    point: Point | None = None
    calls: list[Point] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    struck: bool = False
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _dead: bool = False
    _late: httpx.Request | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's answer, or what the fault makes of it."""
        if self._dead:
            raise Killed
        if not self._hits(self._noted(request)):
            return self._and_the_late_one(self.inner.handle_request(request))
        assert self.fault is not None
        self._late = request if self.fault.late else None
        try:
            return self.fault.strike(request, self.inner.handle_request)
        except Killed:
            self._dead = True
            raise

    def _and_the_late_one(self, response: httpx.Response) -> httpx.Response:
        with self._lock:
            late, self._late = self._late, None
        if late is not None:
            response.read()
            self.inner.handle_request(late).read()
        return response

    def _noted(self, request: httpx.Request) -> Point:
        place = (request.method, request.url.raw_path.decode())
        with self._lock:
            point = Point(*place, earlier=self._seen[place])
            self._seen[place] += 1
            self.calls.append(point)
            self.requests.append(request)
        return point

    def _hits(self, point: Point) -> bool:
        if self.fault is None:
            return False
        hit = point == self.point or (self.struck and self.fault.lasting)
        self.struck = self.struck or hit
        return hit

    @property
    def writes(self) -> tuple[Point, ...]:
        """The calls so far that may have changed something."""
        return tuple(call for call in self.calls if call.writes)
