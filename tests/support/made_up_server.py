"""The made-up server of `benchmarks.reconcile`, asked without a socket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks.reconcile.answers import Api
from billsync.live.protocol.encoding import decode, encode
from billsync.model.ports import Answer, Decode, Get, Page
from billsync.model.value import Plain


@dataclass(frozen=True, slots=True)
class Asked:
    """Implements `ports.Remote` and `ports.StreamingReader`."""

    api: Api

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """Read."""
        return self._answer("GET", f"{path}?{urlencode(query)}", b"")

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """Make a call."""
        return self._answer(method, path, encode(body))

    def stream(
        self, gets: Iterable[Get], decoder: Decode[Any] | None = None, *, at_once: int
    ) -> Iterator[Page[Any] | Answer]:
        """Read each; plain successes through the decoder."""
        for get in gets:
            status, content = self.api.answer("GET", f"/api/v3{get.path}?{urlencode(get.query)}", b"")
            page = decoder(content) if decoder is not None and status == 200 else None
            yield self.get(get.path, get.query) if page is None else page

    def _answer(self, method: str, target: str, body: bytes) -> Answer:
        status, content = self.api.answer(method, f"/api/v3{target}", body)
        return Answer(status, decode(content) if content else None, "" if status < 400 else str(content))
