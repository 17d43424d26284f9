"""Writes over libcurl to a server that has answered a read over it: whether that can be used, and for which."""

from __future__ import annotations

import threading
from functools import partial

from billsync.live.fibers import Own
from billsync.live.protocol.received import Received
from billsync.live.transports.quick import PLAIN_URL, QuickReads
from billsync.live.transports.write_line import Odd, WriteLine


class QuickWrites:
    """Writes over libcurl. Threads may share it: each has a connection of its own, which ends with the thread, and so
    has each fiber.

    Raises ImportError where libcurl can't be used.
    """

    def __init__(self, reads: QuickReads) -> None:
        self._reads = reads
        self._line = Own(partial(WriteLine, reads.way))
        self._line()
        self._is_given_up = False

    def send(self, method: str, url: str, content: bytes | None) -> Received | None:
        """The answer; None where the full client is to make the call, as nothing was sent. Raises Failed.

        A server whose answers are odd gets no other call over libcurl, which would leave each of them unclear.
        """
        if gets_signals() or self._is_given_up or not self._reads.are_plain or PLAIN_URL.fullmatch(url) is None:
            return None
        try:
            return self._line().send(method, url, content)
        except Odd:
            self._is_given_up = True
            raise

    def close(self) -> None:
        """Close the connection of this thread."""
        self._line().close()


def gets_signals() -> bool:
    """Whether this thread is interrupted by signals: what is raised while libcurl calls back is lost."""
    return threading.current_thread() is threading.main_thread()
