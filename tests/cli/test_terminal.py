"""What a command says on a terminal: colors, how much, progress, requests, and the question before a write."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from billsync.cli.terminal.progress import Progress
from tests.support.command import Shell

LOCAL = ("--server", "local:")
GREEN = "\x1b[32mcreating meter api_requests\x1b[0m\n"
QUESTION = "Type yes to make these changes on local:.billsync/local.db [y/N]: "


@pytest.mark.parametrize(
    ("width", "environment", "options", "has_colors"),
    [
        (100, {}, (), True),
        (100, {"NO_COLOR": "1"}, (), False),
        (100, {"NO_COLOR": ""}, (), True),
        (100, {"TERM": "dumb"}, (), False),
        (100, {"NO_COLOR": "1"}, ("--color", "always"), True),
        (100, {}, ("--color", "never"), False),
        (None, {}, (), False),
        (None, {}, ("--color", "always"), True),
    ],
)
def test_colors_are_where_they_are_wanted(
    shell: Shell, width: int | None, environment: dict[str, str], options: tuple[str, ...], has_colors: bool
) -> None:
    ran = replace(shell, width=width, environment=environment).run("diff", "shop.yaml", *LOCAL, *options)

    assert (GREEN in ran.out, "\x1b" in ran.out) == (has_colors, has_colors)


def test_a_terminal_shows_what_belongs_to_an_entity_under_it(shell: Shell) -> None:
    ran = replace(shell, width=100).run("diff", "shop.yaml", *LOCAL, "--color", "never")

    assert ran.out.splitlines()[5:8] == [
        "creating customer acme",
        "├─ granting grant acme/welcome (reversible until used)",
        "└─ subscribing subscription acme/default",
    ]


def test_quiet_leaves_errors_and_the_summary(shell: Shell, folder: Path) -> None:
    shop = (folder / "shop.yaml").read_text()
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    (folder / "shop.yaml").write_text(shop.replace('amount: "500"', 'amount: "600"').replace("Acme Inc.", "Acme"))

    ran = shell.run("diff", "shop.yaml", *LOCAL, "--quiet", "--select", "grant/*")

    assert (ran.code, ran.err) == (4, "")
    assert [line.split(":")[0] for line in ran.out.splitlines()] == [
        "refused[immutable-field]",
        "  ~ amount",
        ran.out.splitlines()[2].split(":")[0],
        "",
        "Summary",
        "  Created",
        "  Updated",
        "  Deleted",
        "  Refused",
        "  Selected",
    ]


def test_verbose_shows_each_request_without_what_is_asked_or_answered(shell: Shell) -> None:
    ran = shell.run("sync", "shop.yaml", *LOCAL, "--yes", "--verbose")

    requests = [line for line in ran.err.splitlines() if line.startswith(("GET ", "POST "))]
    assert requests == ran.err.splitlines()
    assert "POST /openmeter/customers: 201, 0 ms" in requests
    assert [line for line in requests if "?" in line or "acme" in line] == []


def test_quiet_and_verbose_exclude_each_other(shell: Shell) -> None:
    assert shell.run("diff", "shop.yaml", *LOCAL, "--quiet", "--verbose").code == 64


class Terminal(io.StringIO):
    """The terminal of a process: it reads what is typed, and keeps what is written."""

    def __init__(self, typed: str) -> None:
        super().__init__()
        self._typed = io.StringIO(typed)
        self.shown = ""

    def readline(self, *limits: int) -> str:  # type: ignore[override]
        return self._typed.readline()

    def write(self, text: str) -> int:
        self.shown += text
        return len(text)

    def close(self) -> None:
        """Stay open for the test."""


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("y\n", 1), ("", 1)])
def test_files_from_stdin_are_asked_about_at_the_terminal(shell: Shell, folder: Path, typed: str, code: int) -> None:
    terminal = Terminal(typed)
    shop = (folder / "shop.yaml").read_text()

    ran = replace(shell, own_terminal=terminal).run("sync", "-", *LOCAL, stdin=shop)

    assert (ran.code, terminal.shown.endswith(QUESTION), "creating customer acme" in terminal.shown) == (
        code,
        True,
        True,
    )


def test_files_from_stdin_without_a_terminal_need_yes(shell: Shell, folder: Path) -> None:
    ran = shell.run("sync", "-", *LOCAL, stdin=(folder / "shop.yaml").read_text(), answer=None)

    assert (ran.code, ran.err.splitlines()[0]) == (64, "error[no-consent]: not a terminal: pass --yes")


def test_progress_is_shown_only_after_its_delay() -> None:
    hidden, shown = io.StringIO(), io.StringIO()
    for stream, delay in ((hidden, 2.0), (shown, 0.0)):
        progress = Progress(stream, width=60, delay=delay)
        progress.request()
        progress.step("creating meter calls", 1, 2)
        progress.end()

    assert hidden.getvalue() == ""
    assert "reading, 0 requests" in shown.getvalue()


def test_progress_on_a_stream_that_is_gone_stops_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    progress = Progress(stream, width=60, delay=0.0)

    progress.request()
    progress.stage("impact")
    progress.step("creating meter calls", 1, 1)
    progress.end()
