"""Writes over a bare socket, without TLS or a proxy: each is sent once, as nothing here sends again."""

from __future__ import annotations

import select
import time
from urllib.parse import urlsplit

from billsync.live.fibers import current
from billsync.live.protocol.exchange import Failed, Overdue, Silent, TooLong
from billsync.live.protocol.received import Received
from billsync.live.transports import chunks
from billsync.live.transports.chunks import CutOff
from billsync.live.transports.curl_options import CurlWay
from billsync.live.transports.over_sockets import HEAD_BYTES, OverdueLine, SilentLine, SocketLine
from billsync.live.transports.plain_body import INTERIM, final_framing
from billsync.live.transports.write_line import NO_ANSWER, Odd, received

WITHOUT_BODY = (204, 304)


class SocketWriteLine(SocketLine):
    """One connection, for the writes of one thread."""

    def __init__(self, way: CurlWay, base: str) -> None:
        parts = urlsplit(base)
        super().__init__(way, (parts.hostname or "", parts.port or 80), current())
        self._origin = f"{parts.scheme}://{parts.netloc}"
        lines = (f"Host: {parts.netloc.removesuffix(':80')}", *way.headers)
        self._headers = " HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n"

    def send(self, method: str, url: str, content: bytes | None) -> Received | None:
        """The answer to a write; None where it certainly wasn't sent. Raises Failed where it may have been."""
        self._read = b""
        self._began = self._heard = time.monotonic()
        if not url.startswith(f"{self._origin}/") or not self._is_open():
            return None
        try:
            return self._exchanged(self._request_of(method, url, content))
        except BaseException as error:
            self.close()
            raise _as_failed(error) from error
        finally:
            self._used = time.monotonic()

    def _is_open(self) -> bool:
        """Whether there is a connection on which the server has said nothing unasked; a new one is made if need be."""
        try:
            if self._socket is not None and not self._is_idle():
                self.close()
            if self._socket is None:
                self._open()
        except OSError:
            self.close()
        return self._socket is not None

    def _request_of(self, method: str, url: str, content: bytes | None) -> bytes:
        body = b"" if content is None else content
        kind = "" if content is None else "Content-Type: application/json\r\n"
        length = "" if content is None and method == "DELETE" else f"Content-Length: {len(body)}\r\n"
        head = f"{method} {url.removeprefix(self._origin)}{self._headers}{kind}{length}\r\n"
        return head.encode("ascii") + body

    def _exchanged(self, request: bytes) -> Received:
        """Send, and return the answer. Raises what the line raises."""
        is_whole = self._is_sent(request)
        head = self._final_head()
        framing = final_framing(head)
        if framing is None:
            raise chunks.Odd
        status = int(head[9:12])
        is_empty = status in WITHOUT_BODY
        body = b"" if is_empty else self._body(framing)
        has_end = is_empty or framing.is_chunked or framing.length is not None
        if framing.ends or self._read or not has_end or not is_whole:
            self.close()
        return received(status, head, body)

    def _is_sent(self, request: bytes) -> bool:
        """Send a request. False where the server takes no more of it: its answer may be there."""
        assert self._socket is not None
        left = memoryview(request)
        while left:
            try:
                sent = self._socket.send(left)
            except BlockingIOError:
                sent = 0
            except OSError:
                return False
            left = left[sent:]
            if sent:
                self._heard = time.monotonic()
            elif not self._may_send():
                return False
        return True

    def _may_send(self) -> bool:
        """Wait until more can be sent; False where the server answers already. Raises as `_more` does."""
        assert self._socket is not None
        self._poll.modify(self._socket, select.POLLIN | select.POLLOUT)
        try:
            if not self._comes(self._socket, self._left(), writable=True):
                raise OverdueLine if self._is_overdue() else SilentLine
            return any(event & select.POLLOUT for _, event in self._poll.poll(0))
        finally:
            self._poll.modify(self._socket, select.POLLIN)

    def _final_head(self) -> bytes:
        """The head of the answer itself, without those of waits before it."""
        head = self._next_head()
        while INTERIM.fullmatch(head):
            head = self._next_head()
        return head

    def _next_head(self) -> bytes:
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            if len(self._read) > HEAD_BYTES:
                raise chunks.Odd
            more = self._more()
            if not more:
                raise chunks.Odd if self._read else CutOff
            self._read += more
        head, self._read = self._read[: end + 4], self._read[end + 4 :]
        return head


def _as_failed(error: BaseException) -> BaseException:
    """The error in the words of an exchange; an interrupt stays one."""
    match error:
        case Failed():
            return error
        case OverdueLine():
            return Overdue()
        case SilentLine():
            return Silent("no byte came for too long")
        case chunks.TooLong():
            return TooLong()
        case chunks.Odd():
            return Odd("it isn't plain HTTP")
        case CutOff() | OSError():
            return Failed(NO_ANSWER)
    return error
