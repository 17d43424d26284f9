"""Files that only their user reads: journals, and the embedded server's database."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO


def create_private(path: Path) -> TextIO:
    """A new text file for its user only. Raises FileExistsError where there is one, OSError."""
    return os.fdopen(_created(path), "w", encoding="utf-8")


def create_private_bytes(path: Path) -> BinaryIO:
    """A new file of bytes for its user only. Raises FileExistsError where there is one, OSError."""
    return os.fdopen(_created(path), "wb")


def _created(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)


def make_private_file(path: Path) -> None:
    """Create an empty file, readable by its user only, and its directory if missing. Raises OSError."""
    make_private_directory(path.parent)
    with suppress(FileExistsError):
        create_private(path).close()


def make_private_directory(path: Path) -> None:
    """Make a directory, and those above it, for its user only; one that is there stays as it is. Raises OSError."""
    for folder in (one for one in reversed((path, *path.parents)) if not one.is_dir()):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
