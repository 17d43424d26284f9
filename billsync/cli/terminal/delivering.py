"""Results into files: whole or not at all, through links, with the mode that the file has."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from billsync.app.ending import error, usage
from billsync.cli.terminal.signals import held_back
from billsync.cli.terminal.staging import staged_file


def check_output(output: str, *, yes: bool) -> None:
    """Check that a result may be written there, before any work is done for it. Raises Ended."""
    with reported(output):
        target = _target(output)
        found = _status(target)
        if not target.parent.is_dir():
            raise NotADirectoryError(f"{target.parent} is not a directory")
    if found is not None and not stat.S_ISREG(found.st_mode):
        hint = "For a pipe or a device, write to stdout and redirect it."
        raise error("no-file", output, hint)
    if found is not None and not yes:
        raise usage("file-exists", output, "Pass --yes to overwrite it.")


def write_file(output: str, text: str) -> None:
    """Write the text to the file that a path leads to, also through links. Raises Ended."""
    with reported(output):
        target = _target(output)
        found = _status(target)
        if found is None:
            _replace(target, text, found)
        elif not stat.S_ISREG(found.st_mode) or not os.access(target, os.W_OK):
            raise PermissionError("it is not a regular file that can be written to")
        elif found.st_nlink > 1 or not os.access(target.parent, os.W_OK):
            _overwrite(target, text.encode())  # a new file would part it from its other names
        else:
            _replace(target, text, found)


def _replace(target: Path, text: str, found: os.stat_result | None) -> None:
    """Replace a file as a whole; a failure on the way leaves no partial file."""
    with staged_file(target.parent) as part:
        part.write(text.encode())
        part.flush()
        _make_alike(part.fileno(), found)
        os.fsync(part.fileno())
        os.replace(part.name, target)


def _overwrite(target: Path, content: bytes) -> None:
    """Overwrite a file in its place, in a moment that no signal parts; on an error it is as it was.

    A copy of the old one is there meanwhile, where its folder takes one: a process that is killed in that moment leaves
    it.
    """
    old, kept = target.read_bytes(), target.with_name(f"{target.name}.billsync-old")
    with held_back():
        has_copy = _copied(old, kept, stat.S_IMODE(target.stat().st_mode))
        number = os.open(target, os.O_WRONLY)
        try:
            _fill(number, content)
        except BaseException:
            _fill(number, old)  # where that fails, too, the copy stays
            _remove(kept, has_copy)
            raise
        finally:
            os.close(number)
        _remove(kept, has_copy)


def _fill(number: int, content: bytes) -> None:
    """Make the content of an open file this one, and no other. Nothing waits in a buffer, to fail once more later."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.pwrite(number, rest, len(content) - len(rest)) :]
    os.ftruncate(number, len(content))
    os.fsync(number)


def _copied(content: bytes, kept: Path, mode: int) -> bool:
    """Write a copy of a file, unless one is there or can't be made; whether it was made."""
    try:
        number = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return False
    try:
        os.fchmod(number, mode)
        _fill(number, content)
    except OSError:
        kept.unlink()
        return False
    finally:
        os.close(number)
    return True


def _remove(kept: Path, has_copy: bool) -> None:
    if has_copy:
        kept.unlink()


def _make_alike(number: int, found: os.stat_result | None) -> None:
    """Give an open file the owner and the mode of the one that it replaces, or the mode of any new file."""
    if found is None:
        os.fchmod(number, 0o666 & ~current_mask())
        return
    with suppress(OSError):
        os.fchown(number, found.st_uid, found.st_gid)
    os.fchmod(number, stat.S_IMODE(found.st_mode))


def current_mask() -> int:
    """The bits that the modes of new files lack."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextmanager
def alone(output: str) -> Iterator[bool]:
    """Whether no other run of billsync is about to write to a file, as none is until the end of this block."""
    try:
        number = os.open(output, os.O_RDONLY)
    except OSError:  # whoever writes to it says why that can't be
        yield True
        return
    try:
        yield _locks(number)
    finally:
        os.close(number)


def _locks(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _target(output: str) -> Path:
    """Return the path without links; links in a circle raise OSError."""
    return Path(output).resolve(strict=False)


def _status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None


@contextmanager
def reported(output: str) -> Iterator[None]:
    """Report a file that can't be written. Raises Ended."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as problem:  # a NUL in the name; a circle of links
        reason = getattr(problem, "strerror", None) or str(problem)
        raise error("unwritable", f"{output}: {reason}") from problem
