"""GETs over bare sockets, without TLS or a proxy: for small answers, libcurl's own work is most of what they cost.

An answer that isn't plain in every way is left to the others, and these connections aren't used again: libcurl may
read what is odd here as the full client does.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from billsync.live.fibers import apart, current
from billsync.live.transports.chunks import CutOff, Odd, TooLong, body_of_chunks, check_size
from billsync.live.transports.curl_options import CurlWay
from billsync.live.transports.fetch import NOT_FOUND, Fetch
from billsync.live.transports.lines import LinesInOrder
from billsync.live.transports.plain_body import Failure, Framing, final_framing

OK = 200
HEAD_BYTES = 64 * 1024
AT_A_TIME = 64 * 1024
IDLE_SECONDS = 5.0


def are_enough(way: CurlWay, base: str) -> bool:
    """Whether bare sockets do all that libcurl would do for a server."""
    named = [line.partition(":") for line in way.headers]
    return (
        base.startswith("http://")
        and way.proxy is None
        and hasattr(select, "poll")
        and all(value.strip() and name.lower() != "host" for name, _, value in named)
    )


class SocketLines(LinesInOrder):
    """Connections to one server, at most `at_most` at a time. `are_odd`: they had an answer that isn't plain."""

    def __init__(self, way: CurlWay, base: str, *, at_most: int) -> None:
        super().__init__()
        parts = urlsplit(base)
        self._way = way
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._place = (parts.hostname or "", parts.port or 80)
        lines = (f"Host: {parts.netloc.removesuffix(':80')}", *way.headers, "", "")
        self._headers = (" HTTP/1.1\r\n" + "\r\n".join(lines)).encode("ascii")
        self._left = at_most
        self._free: list[_Line] = []
        self._busy: list[_Line] = []
        self.are_odd = False

    def close(self) -> None:
        for line in (*self._busy, *self._free):
            line.close()
        self._busy.clear()
        self._free.clear()

    def _has_line(self) -> bool:
        return bool(self._free) or self._left > 0

    def _begin(self, url: str | None) -> Fetch:
        if url is None:
            return Fetch("", failure=Failure.UNUSUAL)
        if not self._busy:
            self._looked = time.monotonic()
        if self._free:
            line = self._free.pop()
        else:
            self._left -= 1
            line = _Line(self._way, self._place)
        self._busy.append(line)
        line.begin(url, b"GET " + url.removeprefix(self._origin).encode("ascii") + self._headers)
        return line.fetch

    def _go_on(self) -> None:
        """Wait for the whole answer of the oldest GET; those of others come in meanwhile."""
        if self._was_stalled():
            for line in self._busy:
                line.was_stalled = True
        line = self._busy[0]
        line.end()
        self._looked = time.monotonic()
        self.are_odd = self.are_odd or line.is_odd
        self._busy.remove(line)
        self._free.append(line)

    def _drop(self, unread: Iterable[Fetch]) -> None:
        dropped = set(map(id, unread))
        for line in [line for line in self._busy if id(line.fetch) in dropped]:
            line.close()
            self._busy.remove(line)
            self._left += 1


class _Silent(Exception):
    """No byte came for too long."""


class _Overdue(Exception):
    """The whole took too long."""


class _Line:
    """A connection, with the GET that it makes."""

    def __init__(self, way: CurlWay, place: tuple[str, int]) -> None:
        self._way = way
        self._place = place
        self._socket: socket.socket | None = None
        self._poll: Any = None
        self._began = self._heard = self._used = 0.0
        self._is_new = True
        self._request = self._head = self._read = b""
        self.fetch = Fetch("")
        self.was_stalled = False
        self.is_odd = False

    def begin(self, url: str, request: bytes) -> None:
        """Send a GET."""
        self.fetch = Fetch(url)
        self._request = request
        self._read = b""
        self.was_stalled = False
        self._began = self._heard = time.monotonic()
        self._send()

    def end(self) -> None:
        """Give the GET its content or its failure."""
        fetch, self._head = self.fetch, b""
        try:
            self._read_answer()
        except _Overdue:
            fetch.failure = Failure.UNUSUAL if self.was_stalled else Failure.OVERDUE
        except _Silent:
            fetch.failure = Failure.UNUSUAL if self.was_stalled else Failure.SILENT
        except TooLong:
            fetch.failure = Failure.TOO_LONG
        except Odd:
            self.is_odd = True
            fetch.failure = Failure.UNUSUAL
        except (OSError, CutOff):
            fetch.failure = Failure.UNUSUAL
        self._used = time.monotonic()
        fetch.seconds = self._used - self._began
        if fetch.failure is not None:
            fetch.look_for_wait(self._head)
            self.close()

    def _read_answer(self) -> None:
        """Raises Odd, CutOff, TooLong, OSError, _Silent, _Overdue."""
        fetch = self.fetch
        self._head = self._whole_head()
        framing = final_framing(self._head)
        if framing is None:
            raise Odd
        fetch.status = int(self._head[9:12])
        if fetch.status not in (OK, NOT_FOUND):
            fetch.failure = Failure.UNUSUAL
            return
        fetch.end(self._head, self._body(framing))
        if framing.ends or self._read:
            self.close()

    def close(self) -> None:
        """Give the connection back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self) -> None:
        """Send the request over the connection, or a new one; a failure shows when the answer is read."""
        try:
            if self._socket is not None and not self._is_idle():
                self.close()
            self._is_new = self._socket is None
            if self._socket is None:
                self._open()
            if self._socket is not None and self._socket.send(self._request) < len(self._request):
                self.close()
        except OSError:
            self.close()

    def _open(self) -> None:
        self._socket = apart(lambda: socket.create_connection(self._place, timeout=self._way.connecting))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def _is_idle(self) -> bool:
        """Whether the connection surely has no byte and no end to read, and was used not long ago."""
        return self._began - self._used < IDLE_SECONDS and not self._poll.poll(0)

    def _whole_head(self) -> bytes:
        """The head of the answer. A connection that was used before may end before it: then another one is made."""
        more = self._first()
        self._read = more
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            if not more or len(self._read) > HEAD_BYTES:
                raise Odd
            more = self._more()
            self._read += more
        head, self._read = self._read[: end + 4], self._read[end + 4 :]
        return head

    def _first(self) -> bytes:
        """The first bytes of the answer."""
        if not self._is_new:
            with suppress(OSError):
                if first := self._more():
                    return first
            self.close()
            self._send()
        return self._more()

    def _body(self, framing: Framing) -> bytes:
        """The body; what came after it stays in what was read."""
        if framing.is_chunked:
            body, self._read = body_of_chunks(self._read, self._more)
            return body
        length, parts, size = framing.length, [self._read], len(self._read)
        while length is None or size < length:
            check_size(size)
            more = self._more()
            if not more and length is not None:
                raise CutOff
            if not more:
                break
            parts.append(more)
            size += len(more)
        whole = b"".join(parts)
        check_size(len(whole) if length is None else length)
        self._read = b"" if length is None else whole[length:]
        return whole[:length]

    def _more(self) -> bytes:
        """Bytes that came; none at the end of the connection. Raises OSError, _Silent, _Overdue."""
        if self._socket is None:
            raise OSError
        now = time.monotonic()
        whole, silence = self._began + self._way.whole, self._heard + self._way.silence
        if not self._is_readable(self._socket, max(0.0, min(whole, silence) - now)):
            raise _Overdue if whole <= silence else _Silent
        found = self._socket.recv(AT_A_TIME)
        self._heard = time.monotonic()
        return found

    def _is_readable(self, connection: socket.socket, seconds: float) -> bool:
        """Whether bytes or the end of the connection come within a while."""
        if (fibers := current()) is None:
            return bool(self._poll.poll(seconds * 1000))
        if not self._poll.poll(0):
            fibers.wait(((connection.fileno(),), ()), seconds)
        return bool(self._poll.poll(0))
