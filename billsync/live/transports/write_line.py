"""Writes over libcurl, each of which is sent at most once.

libcurl sends a request again, by itself, where a connection that it has used before ends without a byte of an answer.
But right before it sends, each time, it asks (CURLOPT_PREREQFUNCTION). Here the first time of a write is allowed, and
no other: so a write whose answer is lost is unclear, as it is over httpcore, and one that was never asked for was
certainly not sent.
"""

from __future__ import annotations

import select
from typing import Any

from billsync.live.protocol.exchange import Failed, Overdue, Silent, TooLong
from billsync.live.protocol.received import Received, joined_headers
from billsync.live.transports.curl_options import CurlWay, easy_handle
from billsync.live.transports.over_curl import wait_for_bytes
from billsync.live.transports.plain_body import Failure, final_answer
from billsync.model.limits import ANSWER_BYTES

NO_SOCKET = -1
NO_ANSWER = "the server closed the connection without an answer"
AS_JSON = ("Content-Type: application/json", "Expect:")
WITHOUT_TYPE = ("Content-Type:", "Expect:")
"""Headers without a value keep libcurl from sending its own."""


class Odd(Failed):
    """An answer that clients may read in different ways."""


class WriteLine:
    """One connection, for the writes of one thread.

    Raises ImportError without pycurl, and for one that lacks an option.
    """

    def __init__(self, way: CurlWay) -> None:
        import pycurl

        self._curl: Any = pycurl
        self._way = way
        self._head: list[bytes] = []
        self._parts: list[bytes] = []
        try:  # all names that an older pycurl lacks are looked up before anything is sent
            self._allowed: int = pycurl.PREREQFUNC_OK
            self._refused: int = pycurl.PREREQFUNC_ABORT
            self._wanted = pycurl.RESPONSE_CODE, pycurl.ACTIVESOCKET
            self._open()
        except (AttributeError, pycurl.error) as error:
            raise ImportError("pycurl or libcurl is too old") from error

    def send(self, method: str, url: str, content: bytes | None) -> Received | None:
        """The answer to a write; None where it certainly wasn't sent. Raises Failed where it may have been."""
        self._begin(method, url, content)
        try:
            self._multi.add_handle(self._easy)
            code = self._ended()
            status, self._socket = map(self._easy.getinfo, self._wanted)
            self._multi.remove_handle(self._easy)
        except BaseException:  # also an interrupt
            self.close()
            self._open()
            raise
        return self._answer(status, code) if self._sendings else None

    def close(self) -> None:
        """Close the connection."""
        self._easy.close()
        self._multi.close()

    def _open(self) -> None:
        """Make a handle, and its pool of one connection."""
        curl = self._curl
        self._multi, self._easy = curl.CurlMulti(), easy_handle(curl, self._way)
        self._multi.setopt(curl.M_MAXCONNECTS, 1)
        self._easy.setopt(curl.PREREQFUNCTION, self._may_send)
        self._easy.setopt(curl.HEADERFUNCTION, self._head.append)
        self._easy.setopt(curl.WRITEFUNCTION, self._take)
        self._socket = NO_SOCKET
        self._is_fresh = False
        self._form: tuple[str, bool] | None = None

    def _begin(self, method: str, url: str, content: bytes | None) -> None:
        curl, easy = self._curl, self._easy
        self._head.clear()
        self._parts.clear()
        self._size = self._sendings = 0
        has_body = content is not None or method != "DELETE"
        if has_body:
            easy.setopt(curl.POSTFIELDS, content or b"")
        if self._form != (method, content is None):
            self._form = method, content is None
            if not has_body:
                easy.setopt(curl.HTTPGET, 1)
            easy.setopt(curl.CUSTOMREQUEST, method)
            easy.setopt(curl.HTTPHEADER, [*self._way.headers, *(WITHOUT_TYPE if content is None else AS_JSON)])
        is_fresh = self._socket != NO_SOCKET and not _is_quiet(self._socket)
        if is_fresh != self._is_fresh:
            easy.setopt(curl.FRESH_CONNECT, is_fresh)
            self._is_fresh = is_fresh
        easy.setopt(curl.URL, url)

    def _may_send(self, *_: object) -> int:
        """Allow the first sending of a write."""
        self._sendings += 1
        return self._allowed if self._sendings == 1 else self._refused

    def _take(self, part: bytes) -> int:
        """Keep a part of the body; one past the limit is refused, which ends the request."""
        self._size += len(part)
        if self._size > ANSWER_BYTES:
            return 0
        self._parts.append(part)
        return len(part)

    def _ended(self) -> int:
        """Move bytes until the request has ended, and return libcurl's code."""
        while True:
            self._multi.perform()
            _, good, failed = self._multi.info_read()
            if good:
                return 0
            if failed:
                return int(failed[0][1])
            wait_for_bytes(self._multi)

    def _answer(self, status: int, code: int) -> Received:
        """The answer to what was sent. Raises Failed."""
        curl = self._curl
        if code == 0:
            return _received(status, b"".join(self._head), b"".join(self._parts))
        if code == curl.E_WRITE_ERROR and self._size > ANSWER_BYTES:
            raise TooLong
        if code == curl.E_OPERATION_TIMEDOUT:
            raise (
                Overdue
                if self._easy.getinfo(curl.TOTAL_TIME) >= self._way.whole
                else Silent("no byte came for too long")
            )
        began_again = code in (curl.E_ABORTED_BY_CALLBACK, curl.E_COULDNT_CONNECT)
        raise Failed(NO_ANSWER if began_again else self._easy.errstr())


def _received(status: int, head: bytes, body: bytes) -> Received:
    found = final_answer(head, body)
    if found is Failure.TOO_LONG:
        raise TooLong
    if isinstance(found, Failure):
        raise Odd("it isn't plain HTTP")
    return Received(status, joined_headers(found.headers), found.content)


def _is_quiet(socket: int) -> bool:
    """Whether a connection that waits has nothing to read: otherwise the server has closed it, or says what it wasn't
    asked."""
    if not hasattr(select, "poll"):  # on Windows
        return not select.select([socket], [], [], 0)[0]
    watch = select.poll()
    watch.register(socket, select.POLLIN)
    return not watch.poll(0)
