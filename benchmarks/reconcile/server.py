"""The made-up server over HTTP/1.1 on a loopback port, in a process of its own: its time isn't the client's.

`python -m benchmarks.reconcile.server filled 1000` prints its port once it listens.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from benchmarks.reconcile.answers import Api
from benchmarks.reconcile.store import Shelf, empty, filled

STATUS_LINES = {int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Wire(asyncio.Protocol):
    """One connection. It answers requests in their order, each `delay` seconds after it came."""

    def __init__(self, api: Api, delay: float) -> None:
        self._api, self._delay = api, delay
        self._read = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer all requests that are complete."""
        self._read += data
        for method, target, body in self._requests():
            if self._delay and target != "/stats":
                asyncio.get_running_loop().call_later(self._delay, self._answer, method, target, body)
            else:
                self._answer(method, target, body)

    def _requests(self) -> Iterator[tuple[str, str, bytes]]:
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            line, _, headers = self._read[:end].partition(b"\r\n")
            size = _length(headers)
            if len(self._read) < end + 4 + size:
                return
            body = self._read[end + 4 : end + 4 + size]
            self._read = self._read[end + 4 + size :]
            method, target, _ = line.decode("ascii").split(" ")
            yield method, target, body

    def _answer(self, method: str, target: str, body: bytes) -> None:
        status, content = self._api.answer(method, target, body)
        head = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
        self._transport.write(STATUS_LINES[status] + head + content)


def _length(headers: bytes) -> int:
    lowered = headers.lower()
    begin = lowered.find(b"content-length:")
    return int(lowered[begin + 15 :].partition(b"\r\n")[0]) if begin >= 0 else 0


SHELVES = {
    "empty": lambda customers: empty(),
    "filled": lambda customers: filled(customers),
    "half": lambda customers: filled(customers, subscribers_every=2),
}
"""What there is on the server; `half`: every second customer has nothing."""


async def serve(shelves: Mapping[str, Shelf], delay: float) -> None:
    """Listen until the process is ended."""
    api = Api(shelves)
    server = await asyncio.get_running_loop().create_server(lambda: Wire(api, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve what the arguments name."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("state", choices=SHELVES)
    options.add_argument("customers", type=int)
    options.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    given = options.parse_args()
    asyncio.run(serve(SHELVES[given.state](given.customers), given.delay))


if __name__ == "__main__":
    main()
