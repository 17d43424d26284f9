"""An answer of a server with its whole body, which is understood once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from billsync.live.protocol.encoding import NotJson, decode
from billsync.model.value import Plain

EMPTY = (202, 204, 205)
"""Successes that need no body."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body that was understood; `value` is None for an empty one where that is allowed."""

    value: Plain


@dataclass(frozen=True)
class Received:
    """An answer; `content` is its body, unpacked. The names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is a success."""
        return 200 <= self.status < 300

    @cached_property
    def parsed(self) -> Parsed | None:
        """The body's JSON, or None when the answer is not one of the API's."""
        if not self.content:
            return Parsed(None) if self.status in EMPTY or self.status >= 500 else None
        try:
            return Parsed(decode(self.content))
        except NotJson:
            return None

    @property
    def kind(self) -> str:
        """The kind of the answer, in one word."""
        content_type = self.headers.get("content-type", "").split(";")[0].strip()
        if not self.content:
            return "nothing"
        if "html" in content_type.lower() or self.content.lstrip()[:1] == b"<":
            return "HTML"
        return "JSON" if "json" in content_type.lower() else content_type or "an unknown type"

    @property
    def retry_after(self) -> str | None:
        """The server's wish for a wait, as it stands in the header."""
        return self.headers.get("retry-after")

    @property
    def place(self) -> str:
        """The location of a redirect without its query, which may hold a secret."""
        try:
            parts = urlsplit(self.headers.get("location", ""))
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "which it doesn't name"
        authority = f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""
        return authority + parts.path or "which it doesn't name"


def joined_headers(raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The headers by their names in small letters; values of the same name are joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), _text(raw_value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
