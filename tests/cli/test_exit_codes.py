"""Exit codes: every command in every situation, and that no output flag changes a code."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, product
from pathlib import Path

import httpx
import pytest

from tests.support.behind import put_before_the_server
from tests.support.command import Shell

HEAD = "_info: {owner: us}\n"
METER = "meters:\n  - {key: calls, name: Calls, event_type: call, aggregation: count}\n"
ANOTHER = "  - {key: tokens, name: Tokens, event_type: token, aggregation: count}\n"
CUSTOMER = """\
customers:
  - key: acme
    name: Acme
    grants: [{key: %s, name: Gift, amount: %s, currency: USD, funding_method: none}]
"""
GIFT = CUSTOMER % ("gift", 5)
SERVER = ("--server", "local:shop.db")


@dataclass(frozen=True, slots=True)
class Situation:
    """The files, what is asked for besides, the number of the write that the server refuses, and the codes that
    commands end with."""

    files: str
    codes: Mapping[str, int]
    more: tuple[str, ...] = ()
    fails_at: int | None = None
    server: tuple[str, ...] = SERVER


COMMANDS = {
    "validate": ("validate", "."),
    "diff": ("diff", "."),
    "diff -e": ("diff", ".", "--exit-code"),
    "drift": ("drift", "."),
    "drift -e": ("drift", ".", "--exit-code"),
    "apply": ("apply", ".", "--yes"),
    "sync": ("sync", ".", "--yes"),
    "sync without yes": ("sync", "."),
}
OFFLINE = ("validate",)


def codes(*numbers: int) -> dict[str, int]:
    return dict(zip(COMMANDS, numbers, strict=True))


SITUATIONS = {
    "nothing to do": Situation(HEAD + METER + GIFT, codes(0, 0, 0, 0, 0, 0, 0, 64)),
    "changes": Situation(HEAD + METER + ANOTHER + GIFT, codes(0, 0, 2, 0, 2, 0, 0, 64)),
    "a refusal": Situation(HEAD + METER + CUSTOMER % ("gift", 6), codes(0, 4, 4, 0, 2, 4, 4, 64)),
    "a refusal and a change": Situation(
        HEAD + METER + ANOTHER + CUSTOMER % ("gift", 6), codes(0, 4, 4, 0, 2, 4, 4, 64)
    ),
    "a guard": Situation(HEAD + METER + CUSTOMER % ("gyft", 5), codes(0, 4, 4, 0, 2, 4, 4, 64)),
    "no owner": Situation(METER + ANOTHER, codes(0, 1, 1, 0, 2, 1, 1, 64)),
    "a mistake": Situation(HEAD + "meters: [{key: calls}]\n", codes(1, 1, 1, 1, 1, 1, 1, 64)),
    "a selection of nothing": Situation(HEAD + METER, codes(64, 64, 64, 64, 64, 64, 64, 64), ("--select", "meter/x")),
    "no server there": Situation(
        HEAD + METER, codes(0, 1, 1, 1, 1, 1, 1, 64), server=("--server", "https://127.0.0.1:9")
    ),
    "the first write fails": Situation(HEAD + METER + ANOTHER + GIFT, codes(0, 0, 2, 0, 2, 1, 1, 64), fails_at=1),
    "the second write fails": Situation(
        HEAD + METER + ANOTHER + ANOTHER.replace("okens", "ests").replace("oken", "est") + GIFT,
        codes(0, 0, 2, 0, 2, 3, 3, 64),
        fails_at=2,
    ),
}
FLAGS = (
    (),
    ("--format", "json"),
    ("--format", "markdown"),
    ("--format", "html"),
    ("--out", "json=changes.json", "--out", "html=changes.html"),
    ("--quiet",),
    ("--verbose",),
    ("--color", "always"),
)
PAIRS = tuple(product(SITUATIONS, COMMANDS))


class Refusing(httpx.BaseTransport):
    """A server whose write of this number is refused."""

    def __init__(self, inner: httpx.BaseTransport, fails_at: int | None) -> None:
        self._inner = inner
        self._fails_at = fails_at
        self._writes = count(1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET" and next(self._writes) == self._fails_at:
            return httpx.Response(400, json={"title": "Bad Request", "status": 400, "detail": "no"})
        return self._inner.handle_request(request)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded server's file, as it is after a first sync."""
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "shop.yaml").write_text(HEAD + METER + GIFT)
        assert Shell().run("sync", ".", *SERVER, "--yes").code == 0
    return folder / "shop.db"


@pytest.fixture
def place(tmp_path: Path, server: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with that server."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(server, tmp_path / "shop.db")
    return tmp_path


def ended(name: str, command: str, flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> int:
    """The code of a command in a situation."""
    situation = SITUATIONS[name]
    Path("shop.yaml").write_text(situation.files)
    if (fails_at := situation.fails_at) is not None:
        put_before_the_server(monkeypatch, lambda inner: Refusing(inner, fails_at))
    server = () if command in OFFLINE else situation.server
    return Shell().run(*COMMANDS[command], *server, *situation.more, *flags).code


def taken(command: str) -> tuple[tuple[str, ...], ...]:
    """The output flags that a command has."""
    return FLAGS[:2] if command == "validate" else FLAGS


@pytest.mark.thorough
@pytest.mark.parametrize(("situation", "command"), PAIRS)
def test_a_command_ends_as_the_table_says(
    situation: str, command: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pair of a situation and a command, with one of the output flags in turn."""
    flags = taken(command)
    turn = (list(SITUATIONS).index(situation) + list(COMMANDS).index(command)) % len(flags)

    assert ended(situation, command, flags[turn], monkeypatch) == SITUATIONS[situation].codes[command]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("situation", "command", "flags"), [(*pair, flags) for pair in PAIRS for flags in taken(pair[1])]
)
def test_no_output_flag_changes_a_code(
    situation: str, command: str, flags: tuple[str, ...], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ended(situation, command, flags, monkeypatch) == SITUATIONS[situation].codes[command]


RENAMED = HEAD + METER.replace("name: Calls", "name: Requests") + GIFT
OTHERWISE = HEAD + METER.replace("name: Calls", "name: Hits") + GIFT
PLAN = "plan.json"


def moved(shell: Shell) -> None:
    """Somebody else changes what the plan file is about."""
    Path("shop.yaml").write_text(OTHERWISE)
    assert shell.run("sync", "shop.yaml", *SERVER, "--yes").code == 0


def old(shell: Shell) -> None:
    shell.clock.sleep(timedelta(days=2).total_seconds())


def edited(shell: Shell) -> None:
    Path(PLAN).write_text(Path(PLAN).read_text().replace("Requests", "Demands"))


def carried_out(shell: Shell) -> None:
    assert shell.run("sync", "--plan-file", PLAN, *SERVER, "--yes").code == 0


def untouched(shell: Shell) -> None:
    """Nothing happens between the review and the run."""


SHOWN = ("diff", "--plan-file", PLAN)
RUN = ("sync", "--plan-file", PLAN, *SERVER, "--yes")
PLAN_FILES = (
    (untouched, SHOWN, 0),
    (untouched, (*SHOWN, "--exit-code"), 2),
    (untouched, RUN, 0),
    (carried_out, RUN, 0),
    (moved, RUN, 5),
    (old, RUN, 1),
    (edited, SHOWN, 1),
    (edited, RUN, 1),
    (untouched, ("apply", *RUN[1:]), 1),
    (untouched, (*RUN, "--owner", "them"), 1),
    (untouched, ("sync", "--plan-file", PLAN, "--server", "local:other.db", "--yes"), 1),
    (untouched, RUN[:-1], 64),
    (untouched, (*RUN, "."), 64),
)


@pytest.mark.thorough
@pytest.mark.parametrize("number", range(len(PLAN_FILES)))
def test_a_plan_file_ends_as_the_table_says(number: int, place: Path) -> None:
    """Each case with one of the output flags in turn."""
    happens, command, code = PLAN_FILES[number]
    shell = Shell()
    Path("shop.yaml").write_text(RENAMED)
    assert shell.run("diff", ".", *SERVER, "--out", f"plan={PLAN}").code == 0
    happens(shell)

    assert shell.run(*command, *FLAGS[number % len(FLAGS)]).code == code


AS_JSON = (("--format", "json"),)
AS_TABLE = (*AS_JSON, ("--format", "csv"))
OTHERS = (
    (("render", "."), 0, AS_JSON),
    (("explain", "plan"), 0, AS_JSON),
    (("explain", "plon"), 64, AS_JSON),
    (("schema", "plan"), 0, ()),
    (("schema", "plon"), 64, ()),
    (("completion", "bash"), 0, ()),
    (("ping", *SERVER), 0, AS_JSON),
    (("ping", "--server", "https://127.0.0.1:9"), 1, AS_JSON),
    (("dump", *SERVER), 0, ()),
    (("dump", *SERVER, "-o", "shop.yaml"), 64, ()),
    (("ledger", "acme", *SERVER), 0, AS_TABLE),
    (("ledger", "nobody", *SERVER), 1, AS_TABLE),
    (("usage", "acme", *SERVER), 0, AS_TABLE),
    (("usage", "acme", *SERVER, "--from", "yesterday"), 64, AS_TABLE),
    (("invoices", *SERVER), 0, AS_TABLE),
    (("forecast", "acme", *SERVER), 1, AS_TABLE),
    (("migrate", ".", "--plan", "pro", "--to", "latest", "--dry-run", *SERVER), 1, AS_JSON),
    (("promote", "--from", "shop.yaml", "--to", "local:other.db", "--dry-run"), 0, AS_JSON),
    (("promote", "--from", "local:none.db", "--to", "local:other.db", "--yes"), 1, AS_JSON),
    (("promote", "--to", "local:other.db", "--yes"), 64, AS_JSON),
    (("verify", "none.snapshot", *SERVER), 1, AS_JSON),
    (("drill", "none.snapshot"), 1, AS_JSON),
    (("diff", ".", "--colour", "never", *SERVER), 64, AS_JSON),
    (("diff", "."), 64, AS_JSON),
)


@pytest.mark.thorough
@pytest.mark.parametrize(("command", "code", "formats"), OTHERS)
def test_other_commands_end_the_same_in_every_format(
    command: tuple[str, ...], code: int, formats: tuple[tuple[str, ...], ...], place: Path
) -> None:
    Path("shop.yaml").write_text(HEAD + METER + GIFT)

    found = {flags: Shell().run(*command, *flags).code for flags in ((), *formats)}

    assert found == dict.fromkeys(found, code)
