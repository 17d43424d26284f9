"""Runs in which billsync itself, its journal or its connection breaks: what was done is told, and the code is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from billsync.apply import calling, one_rule
from billsync.apply.journal import FileJournal
from billsync.live.client import Client
from tests.support.command import Ran, Shell

LOCAL = ("--server", "local:shop.db")
ROWS = ", ".join(f"{{key: m{number}, name: M, event_type: e, aggregation: count}}" for number in range(4))
METERS = f"_info: {{owner: payments}}\nmeters: [{ROWS}]\n"
Facts = Mapping[str, object]


def synced(shell: Shell, folder: Path) -> tuple[Ran, list[str], dict[str, int]]:
    """A sync, one step after another, as JSON: how it ended, the codes of its findings, its counts without zeros."""
    (folder / "shop.yaml").write_text(METERS)
    ran = shell.run("sync", "shop.yaml", *LOCAL, "--yes", "--format", "json", "--parallelism", "1")
    told = json.loads(ran.out)
    counts = {name: count for name, count in told["summary"].items() if count}
    return ran, [finding["code"] for finding in told["diagnostics"]], counts


def pending(shell: Shell) -> int:
    """How many changes are left."""
    return int(json.loads(shell.run("diff", "shop.yaml", *LOCAL, "--format", "json").out)["summary"]["total"])


def breaks(whole: Callable[..., object], number: int, error: BaseException) -> Callable[..., object]:
    """The function, which raises from its `number`th call on."""
    calls = [0]

    def broken(*arguments: object, **named: object) -> object:
        calls[0] += 1
        if calls[0] >= number:
            raise error
        return whole(*arguments, **named)

    return broken


@pytest.mark.parametrize(
    ("event", "code", "counts", "left"),
    [
        ("run", 1, {}, 4),
        ("begin", 1, {}, 4),
        ("call", 3, {"creating": 1, "total": 1, "blocked": 3}, 3),
        ("answer", 3, {"creating": 2, "total": 2, "blocked": 2}, 2),
        ("result", 3, {"creating": 2, "total": 2, "blocked": 2}, 2),
    ],
)
def test_a_journal_that_fails_stops_the_run_before_the_next_call(
    shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch, event: str, code: int, counts: Facts, left: int
) -> None:
    """A journal that can't be written any more stops the run before the next call."""
    write, first = FileJournal._write, {"run": 1, "begin": 1}.get(event, 2)
    full = breaks(write, first, OSError(28, "No space left on device"))
    with monkeypatch.context() as broken:
        broken.setattr(FileJournal, "_write", lambda *facts: (full if facts[2] == event else write)(*facts))
        ran, codes, counted = synced(shell, folder)

    assert (ran.code, counted, pending(shell)) == (code, counts, left)
    assert codes == ["no-journal", *(["partly"] if code == 3 else [])]


def test_a_journal_that_fails_at_the_last_event_is_reported(
    shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that fails at the last event is reported, and every call was made."""
    write = FileJournal._write
    monkeypatch.setattr(FileJournal, "_write", breaks(write, 2 + 3 * 4, OSError(28, "No space left on device")))

    ran, codes, counted = synced(shell, folder)

    assert (ran.code, codes, counted) == (3, ["no-journal", "partly"], {"creating": 4, "total": 4})


@pytest.mark.parametrize(
    ("place", "name", "number", "counts", "left"),
    [
        (one_rule, "called_first", 1, {}, 4),
        (one_rule, "_is_shown", 1, {"failed": 1, "blocked": 3}, 3),
        (calling, "_after_answer", 2, {"creating": 1, "total": 1, "failed": 1, "blocked": 2}, 2),
        (Client, "call", 3, {"creating": 2, "total": 2, "failed": 1, "blocked": 1}, 2),
    ],
)
@pytest.mark.parametrize("error", [ZeroDivisionError("oops"), KeyboardInterrupt(), MemoryError()])
def test_an_error_of_its_own_tells_what_was_done(
    shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch, place: object, name: str, number: int,
    counts: dict[str, int], left: int, error: BaseException,
) -> None:  # fmt: skip
    with monkeypatch.context() as broken:
        broken.setattr(place, name, breaks(getattr(place, name), number, error))
        ran, codes, counted = synced(shell, folder)

    own = "interrupted" if isinstance(error, KeyboardInterrupt) else "internal"
    wrote = bool(counts)
    assert (ran.code, codes, pending(shell)) == (3 if wrote else 1, [own, *(["partly"] if wrote else [])], left)
    assert counted == (counts or {"blocked": 4})


def test_a_connection_that_cannot_be_closed_after_a_write_is_3(
    shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "close", breaks(Client.close, 1, OSError("gone")))

    ran, codes, counted = synced(shell, folder)

    assert (ran.code, codes, counted) == (3, ["system", "partly"], {"creating": 4, "total": 4})


def test_an_uncreatable_state_directory_is_reported_before_any_write(folder: Path) -> None:
    """A state directory that can't be created is reported before anything is written."""
    (folder / "file").write_text("in the way")
    (folder / "shop.yaml").write_text(METERS)
    shell = Shell(environment={"BILLSYNC_STATE_DIR": "file/state"})

    ran = shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    assert ran == Ran(
        1,
        "",
        "error[no-journal]: the journal can't be written\n  file/state/journal: Not a directory\n"
        "  BILLSYNC_STATE_DIR sets another directory for journals.\n",
    )
    assert pending(Shell()) == 4
