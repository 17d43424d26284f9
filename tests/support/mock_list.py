"""An API v3 list behind a mock transport, for tests of paging and snapshots."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import httpx

from billsync.live.client import Client, Settings
from billsync.live.target import Target
from tests.support.clock import FakeClock

TARGET = Target("https://billing.example/api/v3")


def client(handler: Callable[[httpx.Request], httpx.Response], clock: FakeClock | None = None) -> Client:
    """A client whose server is the handler."""
    return Client(TARGET, clock or FakeClock(), Settings(transport=httpx.MockTransport(handler)))


def page_of(rows: Sequence[Mapping[str, object]], request: httpx.Request) -> httpx.Response:
    """The page that the request asks for, as the server gives it."""
    size = int(request.url.params["page[size]"])
    number = int(request.url.params["page[number]"])
    data = list(rows[(number - 1) * size : number * size])
    meta = {"page": {"size": size, "number": number, "total": len(rows)}}
    return httpx.Response(200, content=json.dumps({"data": data, "meta": meta}).encode())


def rows(count: int) -> list[dict[str, object]]:
    """So many rows with different ids."""
    return [{"id": f"{number:026d}", "key": f"k{number}"} for number in range(count)]
