"""What servers said of themselves, kept for a day: used while it is as it was written, and never trusted otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from billsync.api.generations import GENERATIONS
from billsync.api.served import Served
from billsync.cli.options.server import DIALECTS
from billsync.cli.servers.served_memory import ServedFiles
from tests.support.clock import FakeClock

SERVED = Served({"POST /openmeter/plans": frozenset({"key", "phases.key"}), "GET /openmeter/plans": frozenset()})
HERE, THERE = "https://a.example/api/v3", "https://b.example/api/v3"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def files(tmp_path: Path, clock: FakeClock) -> ServedFiles:
    kept = ServedFiles(tmp_path / "state" / "served", clock)
    kept.keep(HERE, SERVED)
    return kept


def path_of(files: ServedFiles) -> Path:
    (path,) = files.folder.iterdir()
    return path


def test_what_was_kept_is_recalled_for_its_target(files: ServedFiles) -> None:
    assert (files.recall(HERE), files.recall(THERE)) == (SERVED, None)


def test_it_is_kept_for_its_user_only(files: ServedFiles) -> None:
    assert [oct(path.stat().st_mode & 0o777) for path in (files.folder, path_of(files))] == ["0o700", "0o600"]


@pytest.mark.parametrize(("seconds", "known"), [(86399, True), (86400, False), (-1, False)])
def test_it_lasts_a_day_and_none_from_the_future_counts(
    files: ServedFiles, clock: FakeClock, seconds: int, known: bool
) -> None:
    clock.advance(seconds)

    assert (files.recall(HERE) is not None) is known


def test_one_who_asks_anew_recalls_nothing_and_renews_it(files: ServedFiles, clock: FakeClock) -> None:
    anew = ServedFiles(files.folder, clock, is_fresh_wanted=True)
    other = Served({"GET /openmeter/meters": frozenset()})

    forgotten = anew.recall(HERE)
    anew.keep(HERE, other)

    assert (forgotten, files.recall(HERE)) == (None, other)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "billsync served 2"},
        {"target": THERE},
        {"read_at": "yesterday"},
        {"read_at": None},
        {"operations": {}},
        {"operations": []},
        {"operations": {"GET /openmeter/meters": None}},
        {"operations": {"GET /openmeter/meters": [1]}},
        {"operations": {"GET /openmeter/meters": "key"}},
    ],
)
def test_a_file_that_was_changed_is_ignored(files: ServedFiles, change: dict[str, Any]) -> None:
    path = path_of(files)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}), encoding="utf-8")

    assert files.recall(HERE) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 5000])
def test_a_broken_file_is_ignored(files: ServedFiles, content: bytes) -> None:
    path_of(files).write_bytes(content)

    assert files.recall(HERE) is None


def test_a_directory_that_cannot_be_made_is_no_trouble(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    files = ServedFiles(tmp_path / "file" / "served", clock)

    files.keep(HERE, SERVED)

    assert files.recall(HERE) is None


def test_every_generation_can_be_named_on_the_command_line() -> None:
    names = [(dialect, *(f"{dialect}@{name}" for name in known)) for dialect, known in GENERATIONS.items()]

    assert tuple(name for group in names for name in group) == DIALECTS
