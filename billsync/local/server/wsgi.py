"""A request and a response in the form of WSGI (PEP 3333)."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from billsync.model.frozen import dataclass

PART = 1 << 16
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _kept_quoted(error: UnicodeError) -> tuple[str, int]:
    """Bytes that aren't UTF-8 stay percent-encoded."""
    assert isinstance(error, UnicodeDecodeError)
    return quote(error.object[error.start : error.end], safe=""), error.end


codecs.register_error("billsync.quoted", _kept_quoted)


class BodyTooLarge(Exception):
    """The body is announced as larger than the limit."""


class BrokenBody(Exception):
    """The body ends before its announced length, or can't be read."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; all texts are decoded."""

    environ: Mapping[str, Any]

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return str(self.environ.get("REQUEST_METHOD", "GET")).upper()

    @property
    def path(self) -> str:
        """The path below the application."""
        return str(self.environ.get("PATH_INFO", "")).encode("latin-1").decode(errors="replace")

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The pairs of the query; those of one name follow each other, at the place of its first."""
        text = str(self.environ.get("QUERY_STRING", "")).encode("latin-1").decode()
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True, errors="billsync.quoted"):
            found.setdefault(name, []).append(value)
        return tuple((name, value) for name, values in found.items() for value in values)

    def header(self, name: str, default: str = "") -> str:
        """The value of a header."""
        key = name.upper().replace("-", "_")
        return str(self.environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", default))

    def has(self, name: str) -> bool:
        """Whether a header was sent."""
        return f"HTTP_{name.upper().replace('-', '_')}" in self.environ

    def body(self, limit: int) -> bytes:
        """The body of at most `limit` bytes; without an announced length there is none, unless the server ends it.

        Raises BodyTooLarge, BrokenBody.
        """
        length = self._length()
        if length is not None and length > limit:
            raise BodyTooLarge
        if "wsgi.input_terminated" in self.environ:
            return self._read(limit)
        content = self._read(length or 0)
        if len(content) < (length or 0):
            raise BrokenBody
        return content

    def _length(self) -> int | None:
        """The announced length of the body; 0 for an announcement that is none."""
        if "CONTENT_LENGTH" not in self.environ or "chunked" in self.header("Transfer-Encoding").lower():
            return None
        text = str(self.environ["CONTENT_LENGTH"]).strip()
        return int(text) if text.isascii() and text.isdigit() else 0

    def _read(self, length: int) -> bytes:
        """Bytes up to a length, or to the end of the body."""
        content = bytearray()
        try:
            while len(content) < length and (part := self.environ["wsgi.input"].read(min(PART, length - len(content)))):
                content += part
        except (OSError, ValueError) as error:
            raise BrokenBody from error
        return bytes(content)


@dataclass(frozen=True, slots=True)
class Response:
    """A response; without a text it has no body, and no type of one."""

    status: int
    text: str | None = None
    content_type: str = ""

    def start(
        self, request: Request, start_response: Callable[[str, list[tuple[str, str]]], Any], now: datetime
    ) -> Iterable[bytes]:
        """Begin the response to a request at a moment, and return its body; for HEAD there is none."""
        content = (self.text or "").encode()
        headers = [("Date", http_date(now))]
        if self.text is not None:
            headers.append(("Content-Type", self.content_type))
        if self.status != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(len(content))))
        start_response(f"{self.status} {HTTPStatus(self.status).phrase.upper()}", headers)
        return [] if request.method == "HEAD" or self.status == HTTPStatus.NO_CONTENT else [content]


def http_date(moment: datetime) -> str:
    """A moment in UTC as the header Date has it (RFC 9110)."""
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"
