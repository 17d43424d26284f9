"""The least that the same work takes: `floors EXCHANGES PORT SNAPSHOT WAY`, with its CPU and its memory as JSON.

One bare socket makes the same requests, one by one, and every answer is decoded to plain values with exact numbers and
dropped. A snapshot that is read (WAY is `reads`) is unpacked, decoded and kept, as the simplest program would; of one
that is written (`writes`), the same lines are packed. Any other WAY leaves it alone.
"""

from __future__ import annotations

import gzip
import json
import resource
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.recovery.exchanges import Exchange, exchanges

decode = msgspec.json.Decoder(float_hook=Decimal).decode
LEVEL = 6
seconds: dict[str, float] = {}


@contextmanager
def clocked(step: str) -> Iterator[None]:
    """Note the CPU of a block under a step."""
    began = time.process_time()
    yield
    seconds[step] = seconds.get(step, 0.0) + time.process_time() - began


def asked(wire: socket.socket, one: Exchange) -> bytes:
    """The body of the answer to a request."""
    wire.sendall(b"%s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (one.line, len(one.body), one.body))
    read = wire.recv(1 << 20)
    while (end := read.find(b"\r\n\r\n")) < 0:
        read += wire.recv(1 << 20)
    parts, missing = [read[end + 4 :]], int(read[:end].rpartition(b": ")[2]) - (len(read) - end - 4)
    while missing:
        parts.append(wire.recv(1 << 20))
        missing -= len(parts[-1])
    return b"".join(parts)


def packed(path: Path) -> None:
    """Pack the lines of a snapshot, each alone, as they are made one by one."""
    with gzip.open(path) as lines, gzip.GzipFile(fileobj=BytesIO(), mode="wb", compresslevel=LEVEL) as file:
        for line in lines:
            with clocked("pack"):
                file.write(line)


def unpacked(path: Path) -> list[Any]:
    """The lines of a snapshot as plain values."""
    with clocked("unpack"), gzip.open(path) as lines:
        return [decode(line) for line in lines]


def main() -> None:
    """Do the work, and print what it took."""
    log, port, snapshot, way = sys.argv[1:]
    kept = unpacked(Path(snapshot)) if way == "reads" else []
    requests = size = 0
    with socket.create_connection(("127.0.0.1", int(port))) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one in exchanges(Path(log)):
            with clocked("ask"):
                answer = asked(wire, one)
            requests, size = requests + 1, size + len(answer)
            if answer.startswith((b"{", b"[")):
                with clocked("decode"):
                    decode(answer)
    if way == "writes":
        packed(Path(snapshot))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "requests": requests, "bytes": size, "peak": peak, "lines": len(kept)}))


if __name__ == "__main__":
    main()
