"""`billsync dump --snapshot`: a recovery snapshot in a file, whole or not at all."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import pytest

from billsync.app.recovery.store import events, read
from billsync.cli.running import snapshotting
from billsync.cli.terminal.signals import Interrupted
from tests.support.addon_shop import server
from tests.support.command import Ran, Shell
from tests.support.events import send

pytestmark = pytest.mark.thorough

FILE = "live.snapshot"


def snapshot(shell: Shell, *more: str, on: str = "local:") -> Ran:
    return shell.run("dump", "--server", on, "--snapshot", FILE, *more)


def files() -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.is_file() and "snapshot" in path.name.lower())


def test_a_snapshot_is_for_its_user_only_and_has_what_is_live(shell: Shell) -> None:
    shell.run("sync", "shop.yaml", "--server", "local:", "--yes")
    with server(shell) as client:
        send(client, "one", subject="acme-prod", type="request")

    ran = snapshot(shell, "--events")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "Taken from local:.billsync/local.db, 2026-09-01T00:00:00Z to 2026-09-01T00:00:00Z; nothing moved meanwhile.",
        "In it: 11 rows: meter 1, feature 1, tax code 2, plan 1, customer 1, grant 1, subscription 1, "
        "billing profiles 1, apps 1, usage event 1.",
    ]
    assert stat.S_IMODE(Path(FILE).stat().st_mode) == 0o600
    found = read(Path(FILE))
    assert [str(amount) for credit in found.credit.values() for amount in credit.left.values()] == ["500"]
    assert [event.row["event"]["id"] for event in events(Path(FILE))] == ["one"]
    assert files() == [FILE]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("-o", "dump.yaml"), "--output is about files, and --snapshot writes none"),
        (("--select", "plan/pro"), "--select is about files, and --snapshot writes none"),
        (("--losses", "losses.json"), "--losses is about files, and --snapshot writes none"),
    ],
)
def test_options_about_files_are_refused(shell: Shell, more: tuple[str, ...], said: str) -> None:
    ran = snapshot(shell, *more)

    assert ran.code == 64
    assert said in ran.err
    assert files() == []


def test_events_alone_are_refused(shell: Shell) -> None:
    ran = shell.run("dump", "--server", "local:", "--events")

    assert ran.code == 64
    assert "--events goes with --snapshot FILE" in ran.err


def test_an_older_snapshot_stays_unless_it_may_go(shell: Shell) -> None:
    Path(FILE).write_text("an older one")
    Path(FILE).chmod(0o644)

    assert snapshot(shell).code == 64
    assert Path(FILE).read_text() == "an older one"
    assert snapshot(shell, "--yes").code == 0
    assert stat.S_IMODE(Path(FILE).stat().st_mode) == 0o600


def test_a_server_that_is_gone_leaves_no_file(shell: Shell) -> None:
    Path(FILE).write_text("an older one")

    ran = snapshot(shell, "--yes", "--dialect", "openmeter", on="http://127.0.0.1:9/api/v3")

    assert ran.code == 1
    assert (files(), Path(FILE).read_text()) == ([FILE], "an older one")


def test_an_interrupted_snapshot_leaves_no_part_of_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the file is written: the older one stays, nothing is left of the new one, and it is said."""
    Path(FILE).write_text("an older one")
    write = snapshotting.write
    begun = []

    def until_stopped(file: IO[bytes], lines: Iterator[bytes]) -> None:
        def stopped() -> Iterator[bytes]:
            yield from islice(lines, 3)
            begun.extend(Path().glob(".billsync-*"))
            raise Interrupted("SIGINT")

        write(file, stopped())

    monkeypatch.setattr(snapshotting, "write", until_stopped)

    ran = snapshot(shell, "--yes")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error[interrupted]: the command was interrupted\n  SIGINT\n"
    assert len(begun) == 1
    assert list(Path().glob(".billsync-*")) == []
    assert (files(), Path(FILE).read_text()) == ([FILE], "an older one")


def test_a_folder_that_is_not_there_is_named(shell: Shell) -> None:
    ran = shell.run("dump", "--server", "local:", "--snapshot", "none/live.snapshot")

    assert ran.code == 1
    assert "error[unwritable]" in ran.err
