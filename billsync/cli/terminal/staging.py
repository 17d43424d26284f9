"""Hidden files and folders in which results wait until they are whole.

Each is locked while its process lives; what a killed process has left is removed by a later one.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import NamedTemporaryFile, gettempdir, mkdtemp
from time import time
from typing import IO

from billsync.app.ending import error
from billsync.cli.terminal.signals import held_back

PREFIX = ".billsync-"
_NAME = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}")
_JUST_MADE = 60
"""Seconds in which a file without a lock may still get it."""


@contextmanager
def staged_file(folder: Path) -> Iterator[IO[bytes]]:
    """A hidden file for its user only, which is to be renamed; it is removed where something fails."""
    remove_abandoned(folder)
    with NamedTemporaryFile(dir=folder, prefix=PREFIX, delete=False) as part:
        try:
            _lock(part.fileno())
            yield part
        except BaseException:
            with suppress(OSError):
                os.unlink(part.name)
            raise


@contextmanager
def staged_folder(place: Path) -> Iterator[Path]:
    """A hidden folder, which its user removes."""
    remove_abandoned(place)
    stage = Path(mkdtemp(prefix=PREFIX, dir=place))
    number = os.open(stage, os.O_RDONLY)
    try:
        _lock(number)
        yield stage
    finally:
        os.close(number)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for files that only this command needs, among the temporary ones of its user. Raises Ended."""
    with ExitStack() as stack:
        try:
            with held_back():  # it tries a file, which a signal could leave
                place = Path(gettempdir())
            folder = stack.enter_context(staged_folder(place))
        except OSError as problem:
            raise error("unwritable", f"a temporary folder: {problem.strerror or problem}") from problem
        stack.callback(rmtree, folder, ignore_errors=True)
        yield folder


def remove_abandoned(folder: Path) -> None:
    """Remove what killed processes have left in a folder."""
    with suppress(OSError):
        for name in stages_in(folder):
            path = folder / name
            if is_abandoned(path) and time() - path.lstat().st_mtime > _JUST_MADE:
                if path.is_dir():
                    rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def stages_in(folder: Path) -> frozenset[str]:
    """The names of hidden files and folders of this user, such as a process makes here. Raises OSError."""
    with os.scandir(folder) as found:
        return frozenset(entry.name for entry in found if _NAME.fullmatch(entry.name) and _is_own(entry))


def is_abandoned(path: Path) -> bool:
    """Whether the process of a hidden file or folder is gone; False where nobody can tell."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(number)
    return True


def _is_own(entry: os.DirEntry[str]) -> bool:
    found = entry.stat(follow_symlinks=False)
    return found.st_uid == os.getuid() and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))


def _lock(number: int) -> None:
    """Lock an open file or folder until it is closed, where the file system can."""
    with suppress(OSError):
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
