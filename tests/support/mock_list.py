"""An API v3 list behind a mock transport, for tests of paging and snapshots."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx

from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.model.ports import Decode, Page
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


@dataclass(frozen=True, slots=True)
class Lean:
    """A row of which little is kept."""

    id: str


def lean(content: bytes) -> Page[Lean] | None:
    """A page without its rows' other fields; None for anything odd."""
    try:
        page = json.loads(content)
        total = page["meta"]["page"]["total"]
        return Page([Lean(row["id"]) for row in page["data"]], total) if type(total) is int else None
    except (ValueError, KeyError, TypeError):
        return None


def lean_now_and_then() -> Decode[Lean]:
    """A decoder that has doubts about every other page."""
    pages = [0]

    def decode(content: bytes) -> Page[Lean] | None:
        pages[0] += 1
        return lean(content) if pages[0] % 2 else None

    return decode


def id_of(row: Mapping[str, object] | Lean) -> str:
    """The id of a row of either form."""
    return row.id if isinstance(row, Lean) else str(row["id"])
