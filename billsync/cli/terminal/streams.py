"""The standard streams of the process: UTF-8 whatever the locale, and there even where the caller closed them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

STANDARD = ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY))


def standard_streams() -> tuple[TextIO, TextIO, TextIO]:
    """stdin, stdout and stderr, each usable. A closed one reads as empty, and discards output."""
    for number, mode in STANDARD:
        _occupy(number, mode)
    sys.stdin, sys.stdout, sys.stderr = (_there(sys.stdin, "r"), _there(sys.stdout, "w"), _there(sys.stderr, "w"))
    _speak_utf8(sys.stdin, errors="strict")
    _speak_utf8(sys.stdout, errors="backslashreplace")
    _speak_utf8(sys.stderr, errors="backslashreplace")
    return sys.stdin, sys.stdout, sys.stderr


def write_to(stream: TextIO, text: str) -> None:
    """Write at once. Raises OSError when the stream doesn't take it, which is not written to again."""
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError) as error:  # ValueError: the stream is closed
        silence(stream)
        raise error if isinstance(error, OSError) else OSError(str(error)) from error


def silence(stream: TextIO) -> None:
    """Lead the stream into nothing, so that what it still holds can't fail once more when the process ends."""
    with suppress(OSError, ValueError):  # in memory it has no number
        number = stream.fileno()
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)


def finish_streams() -> None:
    """Flush click's own output (`--help`); if its reader is gone, the process still ends quietly."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            write_to(stream, "")


def _occupy(number: int, mode: int) -> None:
    """Fill a closed standard number: the next file, a database perhaps, would get it, and messages with it."""
    try:
        os.fstat(number)
    except OSError:
        nothing = os.open(os.devnull, mode)
        if nothing != number:
            os.dup2(nothing, number)
            os.close(nothing)


def _there(stream: TextIO | None, mode: str) -> TextIO:
    if stream is not None and not stream.closed:
        return stream
    return TextIOWrapper(open(os.devnull, f"{mode}b"), encoding="utf-8")


def _speak_utf8(stream: TextIO, *, errors: str) -> None:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors=errors)
    with suppress(OSError, ValueError):  # some parents leave pipes that don't wait for their reader
        os.set_blocking(stream.fileno(), True)
