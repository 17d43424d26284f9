import json
import sqlite3
from pathlib import Path

import pytest

from billsync import __version__
from billsync.cli.options.version import LIBRARIES
from billsync.cli.terminal.surroundings import Run
from tests.support.clock import FakeClock
from tests.support.command import Ran, Shell
from tests.support.loopback import failing, serving
from tests.support.sockets import answering, free_port

LOCAL = ("--server", "local:")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWERS = {
    "html": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>",
        "200: this is not an API v3 server (it answered HTML): is the base {base} right?",
    ),
    "half": (HEAD + b'Content-Length: 90\r\n\r\n{"data": [', "the answer was lost ("),
    "cut": (HEAD + b'Connection: close\r\n\r\n{"data": [', "the answer (200) was cut off: it is not complete JSON"),
    "refused": (
        b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}",
        "the server asks for a token, and none was given (401 Unauthorized)",
    ),
    "busy": (
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        "the server answered 429 (too many requests) 8 times; try later",
    ),
    "moved": (
        b"HTTP/1.1 308 Permanent Redirect\r\nLocation: https://new.example/api/v3\r\nContent-Length: 0\r\n\r\n",
        "the server redirects to https://new.example/api/v3: use that base URL",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("command", [("ping",), ("sync", "shop.yaml", "--yes")])
def test_a_server_that_does_not_answer_properly_is_a_clear_error(
    shell: Shell, name: str, command: tuple[str, ...]
) -> None:
    answer, message = ANSWERS[name]

    with answering([answer]) as (base, _):
        ran = shell.run(*command, "--server", base)

    lines = ran.err.splitlines()
    assert (ran.code, ran.out, lines[0]) == (1, "", "error[remote]: the server can't be used")
    assert message.format(base=base) in lines[1]
    assert "Traceback" not in ran.err


def test_a_server_that_is_not_there_is_a_clear_error(shell: Shell) -> None:
    base = f"http://127.0.0.1:{free_port()}/api/v3"

    ran = shell.run("diff", "shop.yaml", "--server", base)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[1].startswith(f"  {base} can't be reached: ")


def test_errors_are_json_with_format_json(shell: Shell, folder: Path) -> None:
    """Errors of the server, of files and of usage are printed as JSON with `--format json`, and nothing on stderr."""
    (folder / "bad.yaml").write_text("meters:\n  - {key: 2024}\n")

    unreachable = shell.run("diff", "shop.yaml", "--format", "json", "--server", f"http://127.0.0.1:{free_port()}")
    mistaken = shell.run("validate", "bad.yaml", "--format", "json")
    misused = shell.run("diff", "--format", "json")

    codes = [json.loads(ran.out)["diagnostics"][0]["code"] for ran in (unreachable, mistaken, misused)]
    assert codes[0::2] == ["remote", "usage"]
    assert [ran.code for ran in (unreachable, mistaken, misused)] == [1, 1, 64]
    assert [ran.err for ran in (unreachable, mistaken, misused)] == ["", "", ""]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing command."),
        (("frobnicate",), "No such command 'frobnicate'."),
        (("diff",), "Missing argument 'PATH...'."),
        (
            ("diff", "shop.yaml", "--format", "xml"),
            "Invalid value for '--format': 'xml' is not one of 'text', 'json', 'markdown', 'html'.",
        ),
        (
            ("sync", "shop.yaml", "--allow", "deletes"),
            "Invalid value for '--allow': deletes needs a number: deletes=25",
        ),
        (
            ("sync", "shop.yaml", "--allow", "doubled-grants"),
            "Invalid value for '--allow': no guard has the flag 'doubled-grants': did you mean doubled-grant?",
        ),
        (
            ("sync", "shop.yaml", "--allow", "doubled-grant=1"),
            "Invalid value for '--allow': doubled-grant takes no value",
        ),
        (("diff", "shop.yaml"), "no server is named"),
        (("diff", "shop.yaml", "--server", "localhost"), "the server's address can't be used"),
        (("ledger", " ", "--server", "local:"), "The key of a customer is never empty."),
    ],
)
def test_a_wrong_command_line_is_64(shell: Shell, arguments: tuple[str, ...], message: str) -> None:
    ran = shell.run(*arguments)

    summary, *detail = ran.err.partition("]: ")[2].splitlines()
    assert (ran.code, ran.out, ran.err.count("error[")) == (64, "", 1)
    assert message in (summary, *(line.strip() for line in detail))


@pytest.mark.parametrize("arguments", [("--help",), ("diff", "-h"), ("--version",)])
def test_help_is_0(shell: Shell, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run(*arguments) == Ran(0, "", "")
    assert capsys.readouterr().out != ""


def test_the_version_names_the_fast_libraries(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.environment = {"BILLSYNC_PLAIN": "1"}

    assert shell.run("--version", "--verbose") == Ran(0, "", "")

    first, *libraries, last = capsys.readouterr().out.splitlines()
    assert (first, last) == (
        f"billsync, version {__version__}",
        "BILLSYNC_PLAIN is set: no fast library is used",
    )
    assert [line.partition(": ")[0] for line in libraries] == list(LIBRARIES)


def test_a_database_that_cannot_be_used_is_a_clear_error(shell: Shell, folder: Path) -> None:
    (folder / "not.db").write_text("this is no database, and it is longer than a header would be " * 20)

    ran = shell.run("ping", "--server", "local:not.db")

    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        "error[bad-database]: the embedded server's database can't be used",
    )


@pytest.mark.parametrize(
    "arguments", [("ping", "--server", "local:old.db"), ("serve", "--port", "0", "--db", "old.db")]
)
def test_a_database_of_an_earlier_version_says_what_to_do(
    shell: Shell, folder: Path, arguments: tuple[str, ...]
) -> None:
    shell.run("ping", "--server", "local:old.db")
    with sqlite3.connect(folder / "old.db") as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()

    ran = shell.run(*arguments)

    assert ran == Ran(
        1,
        "",
        "error[other-database]: the embedded server can't read this database\n"
        "  old.db: its format is 1, and this version has format 3.\n"
        "  Name another file, or remove this one to start over; the version that made it can still dump it.\n",
    )


def test_files_without_an_owner_are_not_written(shell: Shell, folder: Path) -> None:
    (folder / "small.yaml").write_text("meters: [{key: a, name: A, event_type: a, aggregation: count}]\n")

    ran = shell.run("sync", "small.yaml", *LOCAL, "--yes")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[no-owner]: the files name no owner")


def test_a_step_that_fails_after_a_write_is_3_and_running_again_finishes(shell: Shell, folder: Path) -> None:
    database = folder / "served.db"

    with serving(database, FakeClock(), failing("POST", "/credits/grants")) as base:
        broken = shell.run("sync", "shop.yaml", "--server", base, "--yes")
    with serving(database, FakeClock()) as base:
        again = shell.run("sync", "shop.yaml", "--server", base, "--yes")
        last = shell.run("diff", "shop.yaml", "--server", base, "--exit-code")

    assert broken.code == 3
    assert "granting grant acme/welcome: failed: " in broken.out
    assert again.out.splitlines()[:2] == ["granting grant acme/welcome", "subscribing subscription acme/default"]
    assert (again.code, last.code) == (0, 0)


def test_a_run_that_could_write_nothing_is_1(shell: Shell, folder: Path) -> None:
    with serving(folder / "x.db", FakeClock(), failing("POST", "/openmeter", "400 Bad Request")) as base:
        ran = shell.run("sync", "shop.yaml", "--server", base, "--yes")

    assert ran.code == 1


def test_a_refusal_is_4_and_the_rest_goes_on(shell: Shell, folder: Path) -> None:
    other = (folder / "shop.yaml").read_text().replace("owner: payments", "owner: sales")
    (folder / "other.yaml").write_text(other.replace("name: Acme Inc.", "name: Acme Ltd."))
    (folder / "more.yaml").write_text("meters: [{key: a, name: A, event_type: a, aggregation: count}]\n")
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    ran = shell.run("apply", "other.yaml", "more.yaml", *LOCAL, "--yes")
    shown = shell.run("diff", "other.yaml", "more.yaml", *LOCAL)

    assert (ran.code, ran.out.splitlines()[0]) == (4, "creating meter a")
    assert "refused[other-owner]: customer acme: " in ran.out
    assert shown.code == 4


def test_a_guard_is_4_before_the_first_write(shell: Shell, folder: Path) -> None:
    meter = "{{key: m{0}, name: M, event_type: m, aggregation: count}}"
    header = "_info: {owner: payments}\n"
    (folder / "many.yaml").write_text(f"{header}meters: [{', '.join(meter.format(n) for n in range(12))}]\n")
    (folder / "one.yaml").write_text(f"{header}meters: [{meter.format(0)}]\n")
    shell.run("sync", "many.yaml", *LOCAL, "--yes")

    stopped = shell.run("sync", "one.yaml", *LOCAL, "--yes")
    allowed = shell.run("sync", "one.yaml", *LOCAL, "--yes", "--allow", "deletes=11")

    assert (stopped.code, allowed.code) == (4, 0)
    assert "  Allow it with --allow deletes=11\n" in stopped.out
    assert "  Deleted: 11\n" in allowed.out


def test_a_bug_is_one_sentence_and_a_traceback_only_when_asked_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: Run, *given: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("billsync.cli.running.validating.validate", broken)

    short, long = shell.run("validate", "shop.yaml"), shell.run("--debug", "validate", "shop.yaml")

    assert short == Ran(
        1,
        "",
        "error[internal]: billsync itself failed\n  ZeroDivisionError: oops\n"
        "  Run `billsync --debug …` to see where it came from, and report it.\n",
    )
    assert long.err.startswith("Traceback (most recent call last):\n")


def test_an_unwritable_journal_stops_the_run_before_the_first_call(shell: Shell, folder: Path) -> None:
    """A journal that can't be written stops the run before its first call."""
    (folder / ".billsync").mkdir()
    (folder / ".billsync" / "journal").write_text("in the way")

    ran = shell.run("sync", "shop.yaml", "--server", "local:x.db", "--yes")
    shown = shell.run("diff", "shop.yaml", "--server", "local:x.db")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[no-journal]: the journal can't be written")
    assert "  Created: 6\n" in shown.out
