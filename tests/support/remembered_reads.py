"""A way to a server that remembers what reads are answered: the same question after the same changes isn't asked again.

Runs that are struck ask what the undisturbed run asked, up to the fault, and mostly after it. Every write is made, and
every read that changes something.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import httpx

Answer = tuple[int, list[tuple[str, str]], bytes]
Answers = dict[bytes, Answer]
"""Status, headers and body by a digest of the question, its moment, and all changes before it."""
READ = "GET"


@dataclass(slots=True)
class Reads:
    """What one server was asked; servers that began with the same rows, and give the same ids, may share their answers.

    `now` is the server's time. All that the server is asked goes through this; that a request has changed something is
    seen in the database.
    """

    database: Path
    now: Callable[[], datetime]
    answers: Answers
    _past: bytes = b""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _watching: sqlite3.Connection = field(init=False)
    _version: int = field(init=False)

    def __post_init__(self) -> None:
        self._watching = sqlite3.connect(self.database, check_same_thread=False)
        self._version = self._version_now()

    def answer(self, request: httpx.Request, ask: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        """What the server answers, or what it has answered."""
        with self._lock:
            question = self._question(request)
            if request.method == READ and question in self.answers:
                status, headers, content = self.answers[question]
                return httpx.Response(status, headers=headers, content=content)
            response = ask(request)
            content = response.read()
            if self._has_changed():
                self._past = question
            elif request.method == READ:
                self.answers[question] = (response.status_code, response.headers.multi_items(), content)
            return response

    def close(self) -> None:
        """Let go of the database, once nobody is being answered: a run that was killed may still be reading."""
        with self._lock:
            self._watching.close()

    def _question(self, request: httpx.Request) -> bytes:
        """A digest of the request, of its moment, and of all changes before it."""
        asked = (request.method, request.url.raw_path, request.headers.raw, request.read(), self.now())
        return sha256(self._past + repr(asked).encode()).digest()

    def _has_changed(self) -> bool:
        before, self._version = self._version, self._version_now()
        return before != self._version

    def _version_now(self) -> int:
        """A number that is another one after somebody else has written."""
        (number,) = self._watching.execute("PRAGMA data_version").fetchone()
        return int(number)


@dataclass(slots=True)
class RememberingTransport(httpx.BaseTransport):
    """A transport whose reads are remembered."""

    inner: httpx.BaseTransport
    reads: Reads

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's answer, or a remembered one."""
        return self.reads.answer(request, self.inner.handle_request)
