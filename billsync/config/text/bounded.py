"""Reading within limits, as a file, a pipe or a device may be endless."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

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


class Unreadable(Exception):
    """There is nothing that can be read; the message says why."""


def content_in(name: str, limit: int) -> bytes:
    """The content of a file. Raises Unreadable."""
    with _reasons():
        return read_file(name, limit)


def text_in(name: str, limit: int) -> str:
    """The text of a file in UTF-8. Raises Unreadable."""
    with _reasons():
        return read_file(name, limit).decode("utf-8")


def text_of_stdin(stdin: TextIO, limit: int) -> str:
    """The text of the standard input, which is UTF-8 in every locale. Raises Unreadable."""
    with _reasons():
        content = standard_input(stdin, limit)
        return content if isinstance(content, str) else content.decode("utf-8")


@contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8") from error
    except (OSError, ValueError, TooLong, NotAFile) as error:
        raise Unreadable(getattr(error, "strerror", None) or str(error)) from error


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


def standard_input(stdin: TextIO, limit: int) -> bytes | str:
    """The bytes of the standard input where it has them, else its text. Raises TooLong, OSError or ValueError."""
    stream: IO[bytes] | None = getattr(stdin, "buffer", None)
    if stream is not None:
        return within(stream, limit)
    text = stdin.read(limit + 1)
    if len(text) > limit:
        raise TooLong(limit)
    return text


def within(stream: IO[bytes], limit: int) -> bytes:
    """The rest of a stream. Raises TooLong, OSError."""
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLong(limit)
    return content
