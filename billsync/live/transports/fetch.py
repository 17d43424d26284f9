"""One GET with its plain answer, or the reason why it has none."""

from __future__ import annotations

import re

from billsync.live.transports.plain_body import Failure, plain_body

TYPES = re.compile(rb"\r\ncontent-type:[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)", re.I)
RETRY = re.compile(rb"\r\nretry-after:[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)", re.I)
NOT_FOUND = 404


class Fetch:
    """One GET, which is under way until it has either its content, unpacked, or a failure.

    `is_stale`: it was under way together with one that failed, and before that failure was dealt with. `types` are the
    types of the content that its headers name.
    """

    __slots__ = ("content", "failure", "is_stale", "retry_after", "seconds", "status", "types", "url")

    def __init__(self, url: str, failure: Failure | None = None) -> None:
        self.url = url
        self.content: bytes | None = None
        self.failure = failure
        self.status: int | None = None
        self.seconds = 0.0
        self.retry_after: str | None = None
        self.types: list[str] = []
        self.is_stale = False

    @property
    def is_done(self) -> bool:
        """Whether it is no longer under way."""
        return self.content is not None or self.failure is not None

    def end(self, head: bytes, body: bytes) -> None:
        """Give it the whole of an answer, whose status it has: its content if that is plain, else a failure."""
        found = plain_body(head, body)
        if isinstance(found, Failure):
            self.failure = found
            return
        self.content = found
        if self.status == NOT_FOUND:
            self.types = [of.decode("latin-1") for of in TYPES.findall(head)]

    def look_for_wait(self, head: bytes) -> None:
        """Take the server's wish for a wait from the headers of a failure."""
        self.retry_after = next((found.decode("latin-1") for found in RETRY.findall(head)), None)
