"""A loopback server that answers with exactly the bytes it was given, and then hangs up."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress


@contextmanager
def answering(answers: Sequence[bytes], *, secured: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A base URL, and the requests seen so far. Each connection gets the next answer; the last one repeats. With TLS,
    a client that doesn't trust the certificate gets none."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener, list(answers), seen, secured), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v3", seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@contextmanager
def keeping(answer: bytes) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
    """A base URL whose connections stay open, and the requests seen so far, each with its connection's number."""
    seen: list[tuple[int, bytes]] = []

    def talk(connection: socket.socket, number: int) -> None:
        while request := _request(connection):
            seen.append((number, request))
            connection.sendall(answer)

    with accepting(talk) as port:
        yield f"http://127.0.0.1:{port}/api/v3", seen


@contextmanager
def socks(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The address of a SOCKS 5 proxy that answers itself, and the servers that were asked for."""
    asked: list[bytes] = []

    def talk(connection: socket.socket, number: int) -> None:
        connection.recv(2 + 255)
        connection.sendall(b"\x05\x00")
        place = connection.recv(512)
        asked.append(place[5:-2] + b":%d" % int.from_bytes(place[-2:], "big"))
        connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        _request(connection)
        connection.sendall(answer)

    with accepting(talk) as port:
        yield f"socks5://127.0.0.1:{port}", asked


@contextmanager
def tunnel(answer: bytes, secured: ssl.SSLContext) -> Iterator[tuple[str, list[bytes]]]:
    """The address of an HTTP proxy at the end of whose tunnels it answers itself, with TLS; and the requests seen."""
    seen: list[bytes] = []

    def talk(connection: socket.socket, number: int) -> None:
        seen.append(_request(connection))
        connection.sendall(b"HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n")
        with secured.wrap_socket(connection, server_side=True) as stream:
            while request := _request(stream):
                seen.append(request)
                stream.sendall(answer)

    with accepting(talk) as port:
        yield f"http://127.0.0.1:{port}", seen


@contextmanager
def accepting(talk: Callable[[socket.socket, int], None]) -> Iterator[int]:
    """A port on which each connection is talked to by a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def talking(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            talk(connection, number)

    def accept() -> None:
        with suppress(OSError):
            while True:
                open_ones.append(listener.accept()[0])
                threading.Thread(target=talking, args=(open_ones[-1], len(open_ones)), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        for one in (listener, *open_ones):
            one.close()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _serve(listener: socket.socket, answers: list[bytes], seen: list[bytes], secured: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):  # a client may hang up at any time, also within the handshake
            stream = secured.wrap_socket(connection, server_side=True) if secured else connection
            seen.append(_request(stream))
            stream.sendall(answers.pop(0) if len(answers) > 1 else answers[0])
            if secured:
                stream.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
