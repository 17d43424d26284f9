"""A loopback server whose connections stay open, and that lies to requests for `/lie`."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.sockets import accepting

GOOD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n" + b'{"id":"1"}'
HALF = GOOD[:-4]
CLOSED = "closed"
UNTIL_CLOSED = 3.0

Lie = Callable[[socket.socket, Callable[[], bytes]], None]
"""Does to a connection what it likes, once the head of a request has come; the rest of it comes by a call."""


def close(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Read the whole request, and close without an answer."""
    rest()


def close_early(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Close once the head was read."""


def reset(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Read the whole request, and reset the connection."""
    rest()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_early(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Reset the connection once the head was read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Give half of an answer."""
    rest()
    connection.sendall(HALF)


def interim(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Ask for patience, and close."""
    rest()
    connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")


def close_late(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Close without an answer after a while."""
    rest()
    time.sleep(0.3)


def be_silent(connection: socket.socket, rest: Callable[[], bytes]) -> None:
    """Say nothing until the client closes."""
    rest()
    connection.settimeout(UNTIL_CLOSED)
    connection.recv(1)


LIES = (close, close_early, reset, reset_early, half, interim, close_late)


@contextmanager
def lying(lie: Lie, good: bytes = GOOD, *, closes_idle: bool = False) -> Iterator[tuple[str, list[str]]]:
    """A base URL, and the methods and paths that were asked for. What isn't a lie is answered; afterwards the
    connection is closed if `closes_idle`, and that is seen, too."""
    seen: list[str] = []

    def talk(connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as stream:
            while line := stream.readline():
                seen.append(line.decode().rpartition(" ")[0].replace("/api/v3", ""))
                length = 0
                while (field := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = field.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                if seen[-1].endswith("/lie"):
                    lie(connection, lambda wanted=length: stream.read(wanted))  # type: ignore[misc]
                    return
                stream.read(length)
                connection.sendall(good if not seen[-1].startswith("GET") else good.replace(b"201", b"200"))
                if closes_idle:
                    connection.shutdown(socket.SHUT_RDWR)
                    seen.append(CLOSED)
                    return

    with accepting(talk) as port:
        yield f"http://127.0.0.1:{port}/api/v3", seen
