"""The file of a recovery snapshot: packed lines with a seal, which shows that no byte is another one.

The file is members of gzip, so that `zcat` shows all of it: the lines, and their seal, a line with the SHA-256 of all
bytes before it. The digest is no signature: anybody can make one. So that a small file can't fill the memory, none is
read that unpacks to more than `SNAPSHOT_TIMES` its size, and none is written: lines that repeat so much are stored as
they are, in a member of their own.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO

from billsync.app.ending import error
from billsync.model.limits import SNAPSHOT_FREE_BYTES, SNAPSHOT_LINE_BYTES, SNAPSHOT_TIMES
from billsync.model.recovery import Recovery
from billsync.report.recovery.snapshot.items import EVERYTHING, Event, Members
from billsync.report.recovery.snapshot.lines import (
    CutShort,
    Edited,
    OtherFormat,
    UnknownSnapshot,
    events_in,
    recovery_in,
)

LEVEL, STORED = 6, 0
CHUNK = 1 << 20
ANOTHER = "Take another copy of it, or an older one."
MAGIC = b"\x1f\x8b"
_HEAD = MAGIC + b"\x08\x00\x00\x00\x00\x00\x00\xff"
_SEAL = re.compile(rb'\{"digest":"sha256:([0-9a-f]{64})"\}\n')


def write(file: IO[bytes], lines: Iterable[bytes]) -> None:
    """Pack the lines into an empty file, and seal it. Raises OSError."""
    summing = _Summing(file)
    several, unpacked = iter(lines), 0
    with _member(summing, LEVEL) as packed:
        for line in several:
            packed.write(line)
            unpacked += len(line)
            if unpacked > _most(summing.size) // 2:
                break
    if rest := next(several, b""):
        with _member(summing, STORED) as packed:
            for line in chain((rest,), several):
                packed.write(line)
    file.write(_seal(summing.digest))


def _member(file: _Summing, level: int) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=file, mtime=0)


def _most(packed: int) -> int:
    """The largest number of bytes to which so many are unpacked."""
    return max(SNAPSHOT_FREE_BYTES, packed * SNAPSHOT_TIMES)


def read(path: Path, members: Members = EVERYTHING) -> Recovery:
    """The recovery snapshot in a file, without its usage events; of rows of the kinds in `members`, only these members.

    Raises Ended for a file that isn't whole or isn't known.
    """
    with _opened(path) as file:
        return recovery_in(_lines(file), members)


def events(path: Path) -> Iterator[Event]:
    """The usage events in a file, one by one. Raises Ended."""
    with _opened(path) as file:
        yield from events_in(_lines(file))


def digest_of(path: Path) -> str:
    """The digest in the seal of a file, which names its content. Raises Ended."""
    with _opened(path) as file:
        file.seek(-len(_seal("0" * 64)), os.SEEK_END)
        return _digest_in(file.read()) or ""


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, at the place after its seal was checked."""
    try:
        if path.exists() and not path.is_file():
            raise error("no-snapshot", f"{path}: it is no regular file.", "Write it into a file first.")
        with path.open("rb") as file:
            _check(file)
            yield file
    except OSError as problem:
        raise error("no-snapshot", f"{path}: {problem.strerror or problem}") from problem
    except OtherFormat as problem:
        raise error("snapshot-format", f"{path}: {problem}.", "Read it with the billsync that made it.") from problem
    except CutShort as problem:
        raise error("snapshot-cut-short", f"{path}: {problem}.", ANOTHER) from problem
    except Edited as problem:
        raise error("snapshot-edited", f"{path}: {problem}.", ANOTHER) from problem
    except (UnknownSnapshot, EOFError, zlib.error) as problem:
        raise error("bad-snapshot", f"{path}: {problem}.", "`billsync dump --snapshot FILE` makes one.") from problem


class _Summing:
    """A file that is written to, with the digest and the number of all its bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._sum.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()


def _check(file: IO[bytes]) -> None:
    """Check the seal, and go back to the file's beginning. Raises UnknownSnapshot."""
    begin = file.read(len(MAGIC))
    length = file.seek(0, os.SEEK_END)
    if begin != MAGIC:
        raise UnknownSnapshot("it isn't packed with gzip" if length else "it is empty")
    before = length - len(_seal("0" * 64))
    file.seek(max(before, 0))
    if before < len(_HEAD) or (found := _digest_in(file.read())) is None:
        raise CutShort("its end is missing or damaged, so it isn't whole")
    if found != _sum(file, before):
        raise Edited("its bytes don't have the digest that stands at its end")
    file.seek(0)


def _sum(file: IO[bytes], length: int) -> str:
    total = hashlib.sha256()
    file.seek(0)
    while length > 0 and (chunk := file.read(min(length, CHUNK))):
        total.update(chunk)
        length -= len(chunk)
    return total.hexdigest()


def _seal(digest: str) -> bytes:
    """The last member of the file: a line that isn't compressed, so that it has one form only (RFC 1951, 1952)."""
    line = f'{{"digest":"sha256:{digest}"}}\n'.encode()
    stored = struct.pack("<BHH", 1, len(line), len(line) ^ 0xFFFF) + line
    return _HEAD + stored + struct.pack("<II", zlib.crc32(line), len(line))


def _digest_in(seal: bytes) -> str | None:
    match = _SEAL.search(seal)
    digest = match[1].decode() if match else ""
    return digest if digest and seal == _seal(digest) else None


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """All lines but the seal. Raises UnknownSnapshot, OSError, EOFError, zlib.error."""
    left = _most(os.fstat(file.fileno()).st_size)
    with gzip.GzipFile(fileobj=file, mode="rb") as packed:
        before = packed.readline(SNAPSHOT_LINE_BYTES)
        while line := packed.readline(SNAPSHOT_LINE_BYTES):
            if not before.endswith(b"\n"):
                raise UnknownSnapshot("a line is too long")
            left -= len(before)
            if left < 0:
                raise UnknownSnapshot(f"it unpacks to more than {SNAPSHOT_TIMES} times its size, as none does")
            yield before
            before = line
