"""A loopback server that answers with exactly the bytes it was given, and then hangs up."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
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
        with connection, suppress(ssl.SSLError):
            stream = secured.wrap_socket(connection, server_side=True) if secured else connection
            seen.append(_request(stream))
            stream.sendall(answers.pop(0) if len(answers) > 1 else answers[0])
            if secured:
                stream.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
