"""Results are whole, old or new, wherever a signal or SIGKILL strikes their way into files; the next one mends it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.cli.running import dump_folder, snapshotting
from billsync.cli.running.dump_folder import UNFINISHED, write_folder
from billsync.cli.terminal import delivering, signals, staging
from billsync.cli.terminal.delivering import write_file
from billsync.cli.terminal.signals import Interrupted, interrupt_on_signals
from billsync.cli.terminal.staging import PREFIX
from billsync.cli.terminal.surroundings import Run, system_surroundings
from tests.support.budgets import examples

pytestmark = pytest.mark.thorough

MODULES = frozenset(module.__file__ for module in (dump_folder, snapshotting, delivering, signals, staging))
OLD = {"a.yaml": "old a", "b.yaml": "old b", "c.yaml": "old c"}
NEW = {"a.yaml": "new a", "b.yaml": "new b", "d.yaml": "new d"}
Write = Callable[[Path], None]


def folder_of(files: Mapping[str, str]) -> Write:
    def write(place: Path) -> None:
        write_folder(str(place / "live"), files.items(), lambda digests: json.dumps({"files": {**digests}}), yes=False)

    return write


def file_of(text: str) -> Write:
    return lambda place: write_file(str(place / "live.yaml"), text)


def file_of_two_names(place: Path) -> None:
    file_of("old")(place)
    os.link(place / "live.yaml", place / "other.yaml")


def snapshot_of(text: str) -> Write:
    def write(place: Path) -> None:
        with snapshotting._private(str(place / "live")) as (_, whole):
            whole.write(text.encode())

    return write


FORMS = {
    "folder": (folder_of(OLD), folder_of(NEW), 300),
    "new folder": (lambda place: None, folder_of(NEW), 120),
    "file": (file_of("old"), file_of("new"), 70),
    "file of two names": (file_of_two_names, file_of("new"), 70),
    "snapshot": (snapshot_of("old"), snapshot_of("new"), 60),
}
"""By form, what was written before, what is written when it is struck, and the lines which that runs."""


def struck(write: Write, place: Path, line: int, number: int) -> None:
    """Write in a process of its own, which sends itself a signal before the line of this number."""
    if child := os.fork():
        os.waitpid(child, 0)
        return
    left = line

    def traced(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in MODULES:
            return None
        left -= event == "line"
        if left == 0:
            left -= 1
            os.kill(os.getpid(), number)
        return traced

    try:
        interrupt_on_signals(Run(system_surroundings(), wants_json=False))
        sys.settrace(traced)
        write(place)
    except Interrupted:
        pass
    finally:
        os._exit(0)


def shown(place: Path) -> dict[str, str]:
    """The files, but for the copy of one that is overwritten in its place."""
    files = (path for path in place.rglob("*") if path.is_file() and path.suffix != ".billsync-old")
    return {str(path.relative_to(place)): path.read_text() for path in files}


def aged(place: Path) -> None:
    """Let hidden files be some time old."""
    for path in place.rglob(f"{PREFIX}*"):
        os.utime(path, (0, 0))


@given(
    form=st.sampled_from(sorted(FORMS)), number=st.sampled_from([signal.SIGKILL, signal.SIGTERM]), share=st.floats(0, 1)
)
@settings(max_examples=examples(16), deadline=None)
def test_results_are_old_or_new_wherever_a_signal_strikes(form: str, number: int, share: float) -> None:
    before, write, lines = FORMS[form]
    whole, place = Path(mkdtemp()), Path(mkdtemp())
    before(whole)
    old = shown(whole)
    write(whole)
    new = shown(whole)
    before(place)

    struck(write, place, 1 + int(share * lines), number)
    found = {name: text for name, text in shown(place).items() if PREFIX not in name}
    aged(place)
    write(place)

    if number != signal.SIGKILL or f"live/{UNFINISHED}" not in found:  # killed between two files, and marked so
        assert found in (old, new)
    assert shown(place) == new
    rmtree(place)
    rmtree(whole)
