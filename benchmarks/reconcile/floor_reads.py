"""GETs by bare sockets, in one thread, several at a time: the floor of every client."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator, Sequence

AT_ONCE = 8


def bodies_of(port: int, targets: Sequence[str]) -> list[bytes]:
    """The bodies of the answers, in any order."""
    bodies: list[bytes] = []
    left = iter(targets)
    with selectors.DefaultSelector() as poll:
        wires = [Wire(port, poll, left, bodies) for _ in range(min(AT_ONCE, len(targets)))]
        running = sum(wire.ask() for wire in wires)
        while running:
            for key, _ in poll.select():
                running -= not key.data.received()
        for wire in wires:
            wire.socket.close()
    return bodies


class Wire:
    """One connection, which asks for the next target whenever it has an answer."""

    def __init__(self, port: int, poll: selectors.BaseSelector, left: Iterator[str], bodies: list[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(self.socket, selectors.EVENT_READ, self)
        self._left, self._bodies = left, bodies
        self._parts: list[bytes] = []
        self._missing = 0

    def ask(self) -> bool:
        """Ask for the next target. False if there is none."""
        for target in self._left:
            self.socket.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % target.encode())
            return True
        return False

    def received(self) -> bool:
        """Take what has come. False once there is nothing left to ask for."""
        part = self.socket.recv(1 << 20)
        assert part, "the server has closed the connection"
        if not self._parts:
            head, found, part = part.partition(b"\r\n\r\n")
            assert found
            self._missing = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        self._parts.append(part)
        self._missing -= len(part)
        if self._missing:
            return True
        self._bodies.append(b"".join(self._parts))
        self._parts = []
        return self.ask()
