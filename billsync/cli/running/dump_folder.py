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

from billsync.app.ending import Ended, error, usage
from billsync.cli.terminal.delivering import current_mask, reported
from billsync.cli.terminal.signals import held_back
from billsync.cli.terminal.staging import is_abandoned, staged_folder, stages_in
from billsync.model.dump_report import DUMP_REPORT
from billsync.model.frozen import dataclass

UNFINISHED = "unfinished-dump.yaml"
"""The file that makes a folder unreadable as files of billsync while those of a dump are replaced."""
NOT_YET = "A dump into this folder was interrupted, so that its files are of two dumps: dump again."
NEW, OLD = "new", "old"
"""The folders of a stage: of files that come, and of those that they replace."""
_IN_A_STAGE = frozenset({NEW, OLD, UNFINISHED})
_LISTED = 5
"""Largest number of files that a message names."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder as it is: the files of the dump that was written into it before, and the names of all else.

    `changed` are files of that dump that were changed since, `left` are folders that interrupted dumps have left.
    """

    is_there: bool
    ours: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


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
            names = _write_all(stage / NEW, files, reporting)
            if not folder.is_there:
                os.rename(stage / NEW, target)
                return
            _check_places(output, folder, names)
            _replace_all(target, stage, names, folder.ours - names)
            for name in folder.left:
                rmtree(target / name, ignore_errors=True)


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
    left, unfinished = _left_over(output), _unfinished(target) if UNFINISHED in files else {}
    last = _written_before(target) if DUMP_REPORT in files else {}
    written = {name: {*last.get(name, ()), *unfinished.get(name, ())} for name in {*last, *unfinished} & files}
    same = {name for name, digests in written.items() if _digest(target / name) in digests}
    ours = same | {name for name, found in ((DUMP_REPORT, last), (UNFINISHED, unfinished)) if found}
    others = entries.keys() - written.keys() - ours - left
    return _Folder(True, frozenset(ours), frozenset(written.keys() - ours), frozenset(others), left)


def _left_over(output: str) -> frozenset[str]:
    """The folders in which files of interrupted dumps wait. Raises Ended while another dump is running."""
    found = [Path(output) / name for name in sorted(stages_in(Path(output)))]
    stages = [path for path in found if path.is_dir() and {one.name for one in path.iterdir()} <= _IN_A_STAGE]
    if alive := [path.name for path in stages if not is_abandoned(path)]:
        raise _in_use(output, alive, "Another dump into this folder is running: wait for its end.")
    return frozenset(path.name for path in stages)


_Digests = Mapping[str, frozenset[str]]
"""By the name of a file, the digests of what dumps wrote into it."""


def _written_before(target: Path) -> _Digests:
    """The files that the last dump wrote; none if its report isn't there any more."""
    return _listed(target / DUMP_REPORT)


def _unfinished(target: Path) -> _Digests:
    """The files that an interrupted dump wrote or would have replaced."""
    return _listed(target / UNFINISHED)


def _listed(path: Path) -> _Digests:
    """The files that a list of ours names; none for any other file."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return {str(name): frozenset(str(given).split()) for name, given in found["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _digest(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            found.update(part)
    return f"sha256:{found.hexdigest()}"


@contextmanager
def _staged(place: Path) -> Iterator[Path]:
    """A hidden folder for files on their way, which is gone afterwards."""
    with staged_folder(place) as stage:
        try:
            yield stage
        finally:
            if not (place / UNFINISHED).exists():  # what waits there belongs into the folder
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

    No signal parts the moves. If the process is killed in between, the folder can't be read as files of billsync until
    a dump is whole.
    """
    (stage / OLD).mkdir()
    _write_unfinished(target, stage, names, stale)
    with held_back():
        os.replace(stage / UNFINISHED, target / UNFINISHED)
        _move_all(target, stage, names, stale)
        (target / UNFINISHED).unlink()


def _move_all(target: Path, stage: Path, names: Iterable[str], stale: Iterable[str]) -> None:
    moves: list[tuple[Path, Path]] = []

    def move(source: Path, place: Path) -> None:
        os.rename(source, place)
        moves.append((source, place))

    try:
        for name in sorted({*names, *stale} - {UNFINISHED}):
            if (target / name).exists():
                move(target / name, stage / OLD / name)
            if name in names:
                _make_alike(stage / NEW / name, stage / OLD / name)
                move(stage / NEW / name, target / name)
    except BaseException:
        for source, place in reversed(moves):
            os.rename(place, source)
        (target / UNFINISHED).unlink()
        raise


def _write_unfinished(target: Path, stage: Path, names: Iterable[str], stale: Iterable[str]) -> None:
    """Write the list of the files that are moved now, with the digests of the old ones and of the new ones."""
    paths = [path / name for name in {*names, *stale} for path in (target, stage / NEW)]
    files: dict[str, list[str]] = {path.name: [] for path in paths if path.name != UNFINISHED}
    for path in paths:
        if path.name in files and path.exists():
            files[path.name].append(_digest(path))
    listed = {"_unfinished": NOT_YET, "files": {name: " ".join(files[name]) for name in files}}
    _write(stage / UNFINISHED, json.dumps(listed, indent=2))


def _make_alike(new: Path, old: Path) -> None:
    """Give a file the mode of the one that it replaces."""
    with suppress(FileNotFoundError):
        new.chmod(stat.S_IMODE(old.stat().st_mode))
