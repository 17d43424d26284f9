"""Files as they were at a commit, read with git: fixed commands, no shell, and nothing that a repository can run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO

from billsync.app.ending import usage
from billsync.config.text.searching import SUFFIXES
from billsync.model.frozen import dataclass

OF_A_HOOK = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
"""Variables that git gives to hooks, where they would name another repository than the one of the files."""
SETTINGS = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
LINK, REPOSITORY = b"120000", b"160000"
"""Modes of what is in a tree and no file: a symbolic link, and a commit of another repository."""


class NotThere(Exception):
    """The files can't be read as they were at the commit; the text says why."""


@dataclass(frozen=True, slots=True)
class Git:
    """The git that the environment finds."""

    environment: Mapping[str, str]

    def run(self, folder: str, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One command of git in a folder, ended. Raises Ended where there is no git."""
        kept = {name: value for name, value in self.environment.items() if name not in OF_A_HOOK}
        command = ("git", "-C", folder, "--literal-pathspecs", *arguments)
        try:
            return subprocess.run(command, input=given, capture_output=True, env={**kept, **SETTINGS}, check=False)
        except OSError as error:
            raise usage("no-git", f"git: {error.strerror or error}", _INSTALL) from error


@dataclass(frozen=True, slots=True)
class History:
    """The commits of the repository that holds some files; `root` is its top folder."""

    git: Git
    root: str

    def base(self, ref: str) -> str:
        """The id of the last commit that both a commit and the present one have behind them. Raises Ended."""
        theirs, ours = self._commit(ref), self._commit("HEAD")
        found = self.git.run(self.root, "merge-base", ours, theirs)
        if found.returncode:
            shallow = self.git.run(self.root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
            raise usage("no-merge-base", f"{ref} and HEAD", _DEEPEN if shallow else _UNRELATED)
        return found.stdout.decode().strip()

    def _commit(self, ref: str) -> str:
        is_text = bool(ref) and "\0" not in ref
        name = ("--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        found = self.git.run(self.root, "rev-parse", *name) if is_text else None
        if found is None or found.returncode:
            raise usage("unknown-ref", repr(ref), _FETCH)
        return found.stdout.decode().strip()

    def inside(self, path: str) -> str:
        """The path from the top folder, with slashes; empty for that folder itself."""
        whole = os.path.abspath(path)
        folder, name = os.path.split(whole)
        real = os.path.join(os.path.realpath(folder), name) if os.path.islink(whole) else os.path.realpath(whole)
        found = os.path.relpath(real, os.path.realpath(self.root))
        return "" if found == os.curdir else found.replace(os.sep, "/")

    def write_files(self, commit: str, named: Sequence[str], more: Iterable[str], folder: str) -> None:
        """Write the files of a configuration, as they were at a commit, below a folder.

        `named` are paths of files and directories, which have to be there; `more` are files that may be. All are from
        the top folder. Raises NotThere.
        """
        others = frozenset(more)
        entries = self._tree(commit, (*named, *others))
        for path in named:
            if not any(_is_in(entry.path, path) for entry in entries):
                raise NotThere(f"{path or 'the top folder'} isn't there at that commit")
        wanted = tuple(entry for entry in entries if _is_read(entry.path, named, others))
        for entry in entries:
            if entry.mode in (LINK, REPOSITORY):
                what = "a symbolic link" if entry.mode == LINK else "another repository"
                raise NotThere(f"{entry.path} is {what} at that commit")
        for entry, content in zip(wanted, self._contents(wanted), strict=True):
            place = os.path.join(folder, *entry.path.split("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                file.write(content)

    def _tree(self, commit: str, paths: Iterable[str]) -> tuple[_Entry, ...]:
        limits = () if "" in (asked := tuple(paths)) else ("--", *asked)
        found = self.git.run(self.root, "ls-tree", "-r", "-z", "--full-tree", commit, *limits)
        if found.returncode:
            raise NotThere(_words(found))
        return tuple(_entry(line) for line in found.stdout.split(b"\0") if line)

    def _contents(self, entries: Sequence[_Entry]) -> Iterator[bytes]:
        asked = b"".join(entry.blob + b"\n" for entry in entries)
        found = self.git.run(self.root, "cat-file", "--batch", given=asked)
        answer = BytesIO(found.stdout)
        for entry in entries:
            size = answer.readline().rstrip().split(b" ")[-1]
            if found.returncode or not size.isdigit():
                raise NotThere(f"git can't read {entry.path} at that commit: {_words(found) or 'it is missing'}")
            yield answer.read(int(size))
            answer.read(1)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something in the tree of a commit: its mode, the id of its content, and its path from the top folder."""

    mode: bytes
    blob: bytes
    path: str


def history_of(paths: Sequence[str], environment: Mapping[str, str]) -> History:
    """The history of the one repository that holds all these files and directories. Raises Ended."""
    git = Git(environment)
    roots = {path: _root(git, path) for path in paths}
    first, root = next(iter(roots.items()))
    for path, other in roots.items():
        if other != root:
            raise usage("no-repository", f"{path} is in {other}, and {first} is in {root}", _ONE)
    return History(git, root)


def _root(git: Git, path: str) -> str:
    whole = os.path.abspath(path)
    folder = whole if os.path.isdir(whole) and not os.path.islink(whole) else os.path.dirname(whole)
    found = git.run(folder, "rev-parse", "--show-toplevel")
    if found.returncode:
        raise usage("no-repository", f"{path}: {_words(found)}")
    return os.fsdecode(found.stdout.rstrip(b"\n"))


def _entry(line: bytes) -> _Entry:
    facts, _, path = line.partition(b"\t")
    mode, _, blob = facts.split(b" ")
    return _Entry(mode, blob, os.fsdecode(path))


def _is_in(path: str, place: str) -> bool:
    """Whether a path is a place or below it; everything is below the empty one."""
    return not place or path == place or path.startswith(f"{place}/")


def _is_read(path: str, named: Sequence[str], more: frozenset[str]) -> bool:
    """Whether the files of a configuration may name or hold a path: others in its directories stay unread."""
    return path in more or path in named or path.endswith(SUFFIXES)


def _words(found: subprocess.CompletedProcess[bytes]) -> str:
    """The error that git wrote, on one line."""
    return " ".join(found.stderr.decode("utf-8", "replace").split()).removeprefix("fatal: ")


_INSTALL = "Install git, or put it on PATH; without --since, everything is compared."
_FETCH = (
    "Name it as `git rev-parse` does, such as `origin/main`. A pipeline's clone may not have it: fetch it, or clone "
    "with the whole history (`fetch-depth: 0` on GitHub, `GIT_DEPTH: 0` on GitLab)."
)
_DEEPEN = "The clone is shallow: `git fetch --unshallow`, or clone with the whole history."
_UNRELATED = "They have no history in common: name a commit of the branch that this one came from."
_ONE = "Name files of one repository."
