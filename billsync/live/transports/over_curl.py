"""GETs over libcurl, many at once in one thread.

Only a plain answer counts here: status 200 or 404, whole, within the limits, with nothing odd in its headers. Whoever
asks lets the full client ask again for anything else, so no rule about errors is written twice.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from billsync.live.fibers import current
from billsync.live.transports.curl_options import CurlWay, easy_handle
from billsync.live.transports.fetch import Fetch
from billsync.live.transports.plain_body import Failure
from billsync.model.limits import ANSWER_BYTES

LOOK_SECONDS = 1.0
"""The longest sleep between two looks at the connections, so that an interrupt is noticed."""

STALL_SECONDS = 5.0
"""The longest time between two looks after which limits of time still mean something."""

TOGETHER, TOGETHER_BYTES = 32, 50_000
"""GETs that end before the first of them is returned, and their bytes: what is done with one after the other of them
finds its code and data in the processor's caches."""

NOT_YET_SECONDS = 0.002
"""The wait while libcurl has no connection to watch yet, as a name is being resolved."""


class Lines:
    """Connections, at most `at_most` at a time, for use by one thread.

    Interrupts wait while libcurl works: what they raise in its callbacks would get lost, and what they part couldn't be
    used any more.

    Raises ImportError without pycurl, and for one that lacks an option or doesn't take a text.
    """

    def __init__(self, way: CurlWay, *, at_most: int) -> None:
        import pycurl

        self._curl: Any = pycurl
        self._way = way
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, at_most)
        self._left = at_most - 1
        try:
            self._free = [_Line(pycurl, way)]
        except (AttributeError, pycurl.error) as error:
            raise ImportError("pycurl or libcurl is too old") from error
        except UnicodeEncodeError as error:
            raise ImportError("pycurl takes no text beyond ASCII") from error
        self._busy: set[_Line] = set()
        self._looked = 0.0

    def fetch(self, urls: Iterable[str | None], at_once: int) -> Iterator[Fetch]:
        """The GETs of these URLs in their order, at most `at_once` under way; one without a URL isn't made.

        When a failure is returned, nothing else is under way: its reader may take a while.
        """
        waiting: deque[Fetch] = deque()
        following = iter(urls)
        try:
            while ended := self._together(waiting, following, at_once):
                yield from ended
        finally:
            if waiting:
                self._drop([fetch for fetch in waiting if not fetch.is_done])

    def _together(self, waiting: deque[Fetch], following: Iterator[str | None], at_once: int) -> Sequence[Fetch]:
        """Some GETs that have ended, up to the first failure; none after the last one."""
        ended, size = list[Fetch](), 0
        while len(ended) < TOGETHER and size < TOGETHER_BYTES:
            if waiting and waiting[0].is_done:
                ended.append(waiting.popleft())
                if ended[-1].failure is not None:
                    self._finish(waiting)
                    break
                size += len(ended[-1].content or b"")
                continue
            is_last = self._fill(waiting, following, at_once)
            if is_last and not waiting:
                break
            if not waiting or not waiting[0].is_done:
                self._go_on()
        return ended

    def _fill(self, waiting: deque[Fetch], following: Iterator[str | None], at_once: int) -> bool:
        """Begin as many GETs as may be under way, and return whether that were the last ones."""
        room = min(at_once - len(waiting), len(self._free) + self._left)
        if room <= 0:
            return False
        urls = list(islice(following, room))
        if urls:
            with self._way.held_back():
                waiting.extend(map(self._begin, urls))
        return len(urls) < room

    def close(self) -> None:
        """Close all connections."""
        with self._way.held_back():
            for line in (*self._busy, *self._free):
                line.easy.close()
            self._busy.clear()
            self._free.clear()
            self._multi.close()

    def _begin(self, url: str | None) -> Fetch:
        if url is None:
            return Fetch("", failure=Failure.UNUSUAL)
        if not self._busy:
            self._looked = time.monotonic()
        if self._free:
            line = self._free.pop()
        else:
            self._left -= 1
            line = _Line(self._curl, self._way)
        fetch = line.begin(url)
        self._busy.add(line)
        self._multi.add_handle(line.easy)
        return fetch

    def _finish(self, waiting: Iterable[Fetch]) -> None:
        for fetch in waiting:
            while not fetch.is_done:
                self._go_on()
            fetch.is_stale = True

    def _drop(self, unread: Iterable[Fetch]) -> None:
        dropped = set(map(id, unread))
        with self._way.held_back():
            for line in [line for line in self._busy if id(line.fetch) in dropped]:
                self._busy.discard(line)
                self._multi.remove_handle(line.easy)
                line.easy.close()
                self._left += 1

    def _go_on(self) -> None:
        """Move bytes until at least one GET has ended, or for a moment. An interrupt comes before or after a move."""
        with self._way.held_back():
            has_ended = self._moved()
        if not has_ended:
            wait_for_bytes(self._multi)

    def _moved(self) -> bool:
        """Move the bytes that are there, and return whether a GET has ended."""
        self._note_stall()
        while self._multi.perform()[0] == self._curl.E_CALL_MULTI_PERFORM:
            pass
        return self._ended()

    def _note_stall(self) -> None:
        """Remember which GETs had nobody to look after them for a while: their limits of time say nothing."""
        now = time.monotonic()
        if now - self._looked > STALL_SECONDS:
            for line in self._busy:
                line.was_stalled = True
        self._looked = now

    def _ended(self) -> bool:
        """Take the ends of GETs from libcurl, and return whether there were any."""
        any_ended = False
        queued = 1
        while queued:
            queued, good, failed = self._multi.info_read()
            for easy in good:
                self._end(easy, 0)
            for easy, code, _ in failed:
                self._end(easy, code)
            any_ended = any_ended or bool(good or failed)
        return any_ended

    def _end(self, easy: Any, code: int) -> None:
        self._multi.remove_handle(easy)
        line: _Line = easy.line
        line.end(code)
        self._busy.discard(line)
        self._free.append(line)


class _Line:
    """A handle of libcurl, with the GET that it makes."""

    def __init__(self, curl: Any, way: CurlWay) -> None:
        self._curl = curl
        self._whole = way.whole
        self._head: list[bytes] = []
        self._parts: list[bytes] = []
        self._size = 0
        self.easy = easy_handle(curl, way)
        self.easy.line = self
        self.easy.setopt(curl.HEADERFUNCTION, self._head.append)
        self.easy.setopt(curl.WRITEFUNCTION, self._take)

    def begin(self, url: str) -> Fetch:
        """Prepare a GET."""
        self._head.clear()
        self._parts.clear()
        self._size = 0
        self.was_stalled = False
        self.easy.setopt(self._curl.URL, url)
        self.fetch = Fetch(url)
        return self.fetch

    def end(self, code: int) -> None:
        """Give the GET its content or its failure."""
        fetch, easy, curl = self.fetch, self.easy, self._curl
        fetch.status = easy.getinfo(curl.RESPONSE_CODE) or None
        fetch.seconds = easy.getinfo(curl.TOTAL_TIME)
        if code == 0:
            fetch.end(b"".join(self._head), b"".join(self._parts))
        elif code == curl.E_WRITE_ERROR and self._size > ANSWER_BYTES:
            fetch.failure = Failure.TOO_LONG
        elif code == curl.E_OPERATION_TIMEDOUT:
            fetch.failure = self._timeout(fetch.seconds)
        else:
            fetch.failure = Failure.UNUSUAL
        if fetch.failure is not None:
            fetch.look_for_wait(b"".join(self._head))
        self._parts.clear()

    def _take(self, part: bytes) -> int:
        """Keep a part of the body; one past the limit is refused, which ends the GET."""
        self._size += len(part)
        if self._size > ANSWER_BYTES:
            return 0
        self._parts.append(part)
        return len(part)

    def _timeout(self, seconds: float) -> Failure:
        if self.was_stalled:
            return Failure.UNUSUAL
        if seconds >= self._whole:
            return Failure.OVERDUE
        return Failure.SILENT if self.easy.getinfo(self._curl.PRETRANSFER_TIME) else Failure.UNUSUAL


def wait_for_bytes(multi: Any) -> None:
    """Sleep until there is something to read or to write, or for a moment."""
    wait = multi.timeout()
    seconds = LOOK_SECONDS if wait < 0 else min(LOOK_SECONDS, wait / 1000)
    if (fibers := current()) is not None:
        readable, writable, _ = multi.fdset()
        fibers.wait((readable, writable), seconds if readable or writable else min(seconds, NOT_YET_SECONDS))
    elif multi.select(seconds) < 0:
        time.sleep(NOT_YET_SECONDS)
