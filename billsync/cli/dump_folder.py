"""A dump as the files of a folder: whole, or as the folder was; files of other origin are never removed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from billsync.app.ending import Ended, error, usage
from billsync.cli.delivering import current_mask, reported
from billsync.model.dump_report import DUMP_REPORT
from billsync.model.frozen import dataclass

UNFINISHED = "unfinished-dump.yaml"
"""The file that makes a folder unreadable as files of billsync while those of a dump are replaced."""
NOT_YET = "# A dump into this folder was interrupted: its files are of two dumps. Dump again.\n_unfinished: true\n"
_LISTED = 5
"""Largest number of files that a message names."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder as it is: the files of the dump that was written into it before, and the names of all else.

    `changed` are files of that dump that were changed since.
    """

    is_there: bool
    ours: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


def check_folder(output: str, *, yes: bool) -> None:
    """Check that a dump may be written into a folder, before any work is done for it. Raises Ended."""
    with reported(output):
        _checked(output, yes=yes)


def write_folder(
    output: str, files: Iterable[tuple[str, str]], reporting: Callable[[Mapping[str, str]], str], *, yes: bool
) -> None:
    """Write files by name into a folder, each as soon as it is made, with a report on their digests. Raises Ended.

    A new folder appears with everything in it. In one that is there, the files of the last dump are replaced or
    removed once all new ones are written.
    """
    with reported(output):
        target, folder = Path(output), _checked(output, yes=yes)
        with _staged(target if folder.is_there else target.absolute().parent) as stage:
            names = _write_all(stage / "new", files, reporting)
            if not folder.is_there:
                os.rename(stage / "new", target)
                return
            _check_places(output, folder, names)
            _replace_all(target, stage, names, folder.ours - names)


def _check_places(output: str, folder: _Folder, names: frozenset[str]) -> None:
    """Check that nothing is lost but files which may be overwritten. Raises Ended."""
    if stale := sorted(folder.changed - names):
        raise _in_use(output, stale, "They were changed, and are no part of this dump: move them elsewhere.")
    if others := sorted(name for name in names & folder.others if not (Path(output) / name).is_file()):
        raise _in_use(output, others, "These are no files, and stand where the dump's would: move them elsewhere.")


def _checked(output: str, *, yes: bool) -> _Folder:
    folder = _looked_at(output)
    found = sorted(folder.others | folder.changed)
    if found and not yes:
        raise _in_use(output, found, "Pass --yes to leave these there and overwrite those of the dump's own names.")
    return folder


def _in_use(output: str, names: list[str], hint: str) -> Ended:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return usage("folder-in-use", f"{output}: {', '.join(names[:_LISTED])}{more}", hint)


def _looked_at(output: str) -> _Folder:
    """The folder as it is. Raises Ended for anything else, and for a folder with a link in it."""
    target = Path(output)
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        if not target.absolute().parent.is_dir():
            raise NotADirectoryError(f"{target.absolute().parent} is not a directory") from None
        return _Folder(is_there=False)
    if not stat.S_ISDIR(mode):
        raise error("no-folder", f"{output} is a {'link' if stat.S_ISLNK(mode) else 'file'}", "Name a folder.")
    with os.scandir(target) as found:
        entries = {entry.name: entry for entry in found}
    if links := sorted(name for name, entry in entries.items() if entry.is_symlink()):
        raise error("no-folder", f"{output} holds a link, {links[0]}", "Remove it, or name another folder.")
    files = {name for name, entry in entries.items() if entry.is_file(follow_symlinks=False)}
    written = _written_before(target) if DUMP_REPORT in files else {}
    known = {name for name in written if name in files}
    same = {name for name in known if _digest(target / name) == written[name]}
    ours = same | ({DUMP_REPORT} if written else set()) | ({UNFINISHED} if _is_unfinished(target) else set())
    return _Folder(True, frozenset(ours), frozenset(known - same), frozenset(entries.keys() - known - ours))


def _written_before(target: Path) -> Mapping[str, str]:
    """The files that the last dump wrote, with their digests; none if its report isn't there any more."""
    try:
        report = json.loads((target / DUMP_REPORT).read_text("utf-8"))
        return {str(name): str(digest) for name, digest in report["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_unfinished(target: Path) -> bool:
    with suppress(OSError, ValueError):
        return (target / UNFINISHED).read_text("utf-8") == NOT_YET
    return False


def _digest(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            found.update(part)
    return f"sha256:{found.hexdigest()}"


@contextmanager
def _staged(place: Path) -> Iterator[Path]:
    """A hidden folder for files on their way, which is gone afterwards."""
    stage = Path(mkdtemp(prefix=".billsync-", dir=place))
    try:
        yield stage
    finally:
        rmtree(stage, ignore_errors=True)


def _write_all(
    folder: Path, files: Iterable[tuple[str, str]], reporting: Callable[[Mapping[str, str]], str]
) -> frozenset[str]:
    """Write the files and the report into a new folder, and return their names."""
    folder.mkdir()
    digests: dict[str, str] = {}
    for name, text in files:
        digests[name] = f"sha256:{_write(folder / name, text)}"
    _write(folder / DUMP_REPORT, reporting(digests))
    folder.chmod(0o777 & ~current_mask())
    return frozenset((*digests, DUMP_REPORT))


def _write(path: Path, text: str) -> str:
    """Write one new file, and return its digest."""
    content = text.encode("utf-8")
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return sha256(content).hexdigest()


def _replace_all(target: Path, stage: Path, names: Iterable[str], stale: Iterable[str]) -> None:
    """Move the new files to their places and the old ones away; on an error, everything back.

    If the process is killed in between, the folder can't be read as files of billsync until a dump is whole.
    """
    old = stage / "old"
    old.mkdir()
    moves: list[tuple[Path, Path]] = []

    def move(source: Path, place: Path) -> None:
        os.rename(source, place)
        moves.append((source, place))

    (target / UNFINISHED).write_text(NOT_YET, encoding="utf-8")
    try:
        for name in sorted({*names, *stale} - {UNFINISHED}):
            if (target / name).exists():
                move(target / name, old / name)
            if name in names:
                _make_alike(stage / "new" / name, old / name)
                move(stage / "new" / name, target / name)
    except BaseException:
        for source, place in reversed(moves):
            os.rename(place, source)
        (target / UNFINISHED).unlink()
        raise
    (target / UNFINISHED).unlink()


def _make_alike(new: Path, old: Path) -> None:
    """Give a file the mode of the one that it replaces."""
    with suppress(FileNotFoundError):
        new.chmod(stat.S_IMODE(old.stat().st_mode))
