"""One GET over libcurl, with its plain answer, or the reason why it has none."""

from __future__ import annotations

from enum import Enum


class Failure(Enum):
    """The reason why a GET has no plain answer."""

    UNUSUAL = "anything that isn't named here"
    SILENT = "no byte came for too long"
    OVERDUE = "the whole took too long"
    TOO_LONG = "the body is longer than the limit"


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
