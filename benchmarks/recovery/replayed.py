"""Answers noted requests with the noted answers, in their order, over one connection: `replayed EXCHANGES`.

It prints its port once it listens, and ends with the last answer.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from benchmarks.recovery.exchanges import Exchange, exchanges


def answered(wire: socket.socket, one: Exchange) -> None:
    """Wait for one request, and answer it."""
    read = b""
    while (end := read.find(b"\r\n\r\n")) < 0 or len(read) < end + 4 + len(one.body):
        part = wire.recv(1 << 20)
        assert part, "the client has closed the connection"
        read += part
    wire.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (one.status, len(one.answer), one.answer))


def main() -> None:
    """Answer all requests of one client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        wire, _ = listener.accept()
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with wire:
            for one in exchanges(Path(sys.argv[1])):
                answered(wire, one)


if __name__ == "__main__":
    main()
