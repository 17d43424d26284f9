"""Exchanges with a server, in a file: written while they happen, and read one by one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

_SIZES = struct.Struct("<III")


class Exchange(NamedTuple):
    """A request, as its first line without the protocol and its body, and the status and the body of its answer."""

    line: bytes
    body: bytes
    status: bytes
    answer: bytes

    def write(self, file: IO[bytes]) -> None:
        """Append it to a file."""
        head = self.line + b"\n" + self.status
        file.write(_SIZES.pack(len(head), len(self.body), len(self.answer)) + head + self.body + self.answer)


def exchanges(path: Path) -> Iterator[Exchange]:
    """All exchanges in a file, in the order in which their answers were ready."""
    with path.open("rb") as file:
        while sizes := file.read(_SIZES.size):
            head, body, answer = map(file.read, _SIZES.unpack(sizes))
            line, _, status = head.partition(b"\n")
            yield Exchange(line, body, status, answer)
