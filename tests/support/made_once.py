"""Things that take long to make, made once by one of several processes for all of them."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class MadeOnce:
    """A folder of pickled things by name; it is of one run of the tests, so that nothing in it is ever stale."""

    folder: Path

    def get(self, name: str, make: Callable[[], Made]) -> Made:
        """The thing of this name, made if nobody has made it; waits while another process makes it."""
        with self._locked(name, fcntl.LOCK_EX):
            return self._get(name, make)

    def begin(self, name: str, make: Callable[[], object]) -> None:
        """Make the thing of this name, unless another process has made it or is making it."""
        if (self.folder / name).exists():
            return
        try:
            with self._locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB):
                self._get(name, make)
        except BlockingIOError:
            return

    def _get(self, name: str, make: Callable[[], Made]) -> Made:
        path = self.folder / name
        if not path.exists():
            made = make()
            path.write_bytes(pickle.dumps(made))
            return made
        found: Made = pickle.loads(path.read_bytes())
        return found

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        with (self.folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, how)
            yield
