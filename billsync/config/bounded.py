"""Reading within limits, as a file, a pipe or a device may be endless."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO

KINDS_OF_FILE: Mapping[int, str] = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_OPEN_ALREADY = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
"""The directory of a shell's `<(command)`: such a pipe is already open, with a writer."""


class TooLong(Exception):
    """There is more than the limit; the text says so to a person."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"it is longer than {limit:,} bytes, the most that is read")


class NotAFile(Exception):
    """The path names something other than a file; the message says what it is."""


def read_file(name: str, limit: int) -> bytes:
    """The content of a regular file, or of a pipe that a shell has opened. May raise

    TooLong, NotAFile, OSError or ValueError.
    """
    kind = stat.S_IFMT(os.stat(name).st_mode)
    if kind in KINDS_OF_FILE and not (kind == stat.S_IFIFO and name.startswith(_OPEN_ALREADY)):
        raise NotAFile(f"it is {KINDS_OF_FILE[kind]}, and not a file")
    return read_any(name, limit)


def read_any(name: str, limit: int) -> bytes:
    """The content of whatever a path names. Raises TooLong, OSError or ValueError."""
    with Path(name).open("rb") as stream:
        if os.fstat(stream.fileno()).st_size > limit:
            raise TooLong(limit)
        return within(stream, limit)


def within(stream: IO[bytes], limit: int) -> bytes:
    """The rest of a stream. Raises TooLong, OSError."""
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLong(limit)
    return content
