"""The values of files that were read before, kept in the state directory. Deleting them is always safe.

A repository may hold a directory of that name, made by anybody. So each kept file is sealed with a key of this user's
machine, and one without the right seal is ignored: nobody who can't run billsync here already can put values in the
place of those in a file.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b, sha256
from hmac import compare_digest
from pathlib import Path

from billsync import __version__
from billsync.apply.private_files import create_private, make_private_directory
from billsync.model.frozen import dataclass

FORMAT = f"billsync parsed 1 {__version__}\n".encode()
SMALLEST = 200_000
"""Bytes of a file from which on its values are kept: a smaller one is read in a moment."""

MOST_FILES = 200
MOST_BYTES = 500_000_000
"""Largest size of all kept files together: a hundred thousand customers are 40 MB."""

OWN_NAME = re.compile(r"[0-9a-f]{32}\.(?:parsed|[0-9]+\.new)")
"""The names of files that are kept here, or were being written when a run ended. Files of any other name stay: the
directory may be a link that a repository brought."""

_KEY_BYTES = 32
_SEAL_BYTES = 32


@dataclass(frozen=True, slots=True)
class ParsedFiles:
    """Implements `ParsedMemory` with one file for each file that was read; the key in a file seals them."""

    folder: Path
    key_file: Path

    def recall(self, content: bytes) -> bytes | None:
        """The JSON that was kept for a file of this content; None where there is none, or not as it was kept."""
        if len(content) < SMALLEST:
            return None
        digest = sha256(content).digest()
        with suppress(OSError, ValueError):
            with self._path(digest).open("rb") as stream:
                kept = stream.read(MOST_BYTES)
            seal, values = kept[:_SEAL_BYTES], kept[_SEAL_BYTES:]
            if compare_digest(seal, self._seal(digest, values)):
                return values
        return None

    def keep(self, content: bytes, values: bytes) -> None:
        """Remember the values of a file as JSON, if the directories can be written; old ones make room."""
        if len(content) < SMALLEST:
            return
        digest = sha256(content).digest()
        path = self._path(digest)
        new = path.with_suffix(f".{os.getpid()}.new")
        with suppress(OSError, ValueError):
            make_private_directory(self.folder)
            new.unlink(missing_ok=True)
            with create_private(new) as stream:
                stream.buffer.write(self._seal(digest, values))
                stream.buffer.write(values)
            new.replace(path)
            self._make_room()

    def _seal(self, digest: bytes, values: bytes) -> bytes:
        """Raises OSError and ValueError for the key."""
        seal = blake2b(FORMAT, key=_key_in(self.key_file), digest_size=_SEAL_BYTES)
        seal.update(digest)
        seal.update(values)
        return seal.digest()

    def _path(self, digest: bytes) -> Path:
        return self.folder / f"{digest.hex()[:32]}.parsed"

    def _make_room(self) -> None:
        ours = [entry for entry in os.scandir(self.folder) if OWN_NAME.fullmatch(entry.name)]
        kept = [(entry.stat(follow_symlinks=False), entry.path) for entry in ours]
        size = 0
        for place, (known, path) in enumerate(sorted(kept, key=lambda one: -one[0].st_mtime)):
            size += known.st_size
            if place >= MOST_FILES or size > MOST_BYTES:
                Path(path).unlink(missing_ok=True)


def parsed_files(folder: Path, environment: Mapping[str, str]) -> ParsedFiles | None:
    """The memory in a folder, sealed with this user's key; None where the user has no directory to keep a key in."""
    home = environment.get("HOME")
    state = environment.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else "")
    return ParsedFiles(folder, Path(state) / "billsync" / "key") if os.path.isabs(state) else None


def _make_key(path: Path) -> None:
    """Make a key, whole or not at all; one that another run makes meanwhile stays. Raises OSError."""
    make_private_directory(path.parent)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with create_private(new) as stream:
        stream.write(secrets.token_hex(_KEY_BYTES))
    try:
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink()


def _key_in(path: Path) -> bytes:
    """The key in a file that is this user's alone, and is made where there is none. Raises OSError, ValueError."""
    if not path.exists():
        _make_key(path)
    with path.open("rb") as stream:
        known, key = os.fstat(stream.fileno()), bytes.fromhex(stream.read(_KEY_BYTES * 2).decode())
    is_own = known.st_uid == getattr(os, "getuid", int)() and not stat.S_IMODE(known.st_mode) & 0o077
    if not is_own or len(key) != _KEY_BYTES:
        raise ValueError("not a key of this user's alone")
    return key
