"""Files from stdin are asked about at the process's own terminal, /dev/tty: here a real one, of a real process."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import SHOP

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

BEGINNING = """\
import os, sys
os.close(os.open(sys.argv.pop(1), os.O_RDWR))
from billsync.cli.main import main
main()
"""
"""Begins a program with a terminal: the first one that the leader of a session opens becomes the session's."""
QUESTION = b"Type yes to make these changes on local:.billsync/local.db [y/N]: "
END_OF_FILE = b"\x04"


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """The near end of a terminal, and the name of the other one. Skips where the system gives none."""
    try:
        ours, its = pty.openpty()
    except OSError as error:
        pytest.skip(f"the system gives no pseudo-terminal: {error}")
    try:
        yield ours, os.ttyname(its)
    finally:
        os.close(ours)
        os.close(its)


def shown_until_the_question(ours: int, process: subprocess.Popen[bytes]) -> bytes:
    """What stands on the terminal once it asks, or once the process has ended."""
    shown = b""
    while not shown.endswith(QUESTION) and process.poll() is None:
        if select.select([ours], [], [], 0.2)[0]:
            shown += os.read(ours, 4096)
    return shown


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "code"), [(b"yes\n", 0), (b"y\n", 1), (END_OF_FILE, 1)], ids=["yes", "y", "end"])
def test_files_from_stdin_are_asked_about_at_a_real_terminal(tmp_path: Path, typed: bytes, code: int) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)

    with terminal() as (ours, name), (tmp_path / "shop.yaml").open() as stdin:
        program = [sys.executable, "-c", BEGINNING, name, "sync", "-", "--server", "local:"]
        pipes = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(program, cwd=tmp_path, start_new_session=True, **pipes) as process:
            shown = shown_until_the_question(ours, process)
            os.write(ours, typed)
            out, _ = process.communicate(timeout=60)

    assert shown.endswith(QUESTION), out
    assert b"creating customer acme" in shown
    assert (process.returncode, b"\nSummary" in out) == (code, typed == b"yes\n")
