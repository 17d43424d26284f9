import json
import os
import signal
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests.support.command import Shell
from tests.support.sockets import answering

pytestmark = pytest.mark.thorough

HTTP = ("httpx", "httpcore", "http.client", "waitress")
HEAVY = (*HTTP, "yaml", "jsonschema", "deepdiff", "sqlite3", "billsync.kinds", "billsync.core")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("BILLSYNC_", "KONNECT_"))}


def billsync(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "billsync", *arguments]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


COMPILED = ("jsonschema",) if find_spec("jsonschema_rs") else ()
LOADED = {
    "--help": HEAVY,
    "diff shop.yaml --server local:": (
        *HTTP,
        *COMPILED,
        "deepdiff",
        "billsync.live.transports.over_http",
        "billsync.report.impact.assess",
    ),
    "validate shop.yaml": (
        *HTTP,
        *COMPILED,
        "deepdiff",
        "sqlite3",
        "pygal",
        "billsync.live.client",
        "billsync.report",
        "billsync.local",
    ),
}
"""What a command has no use for, and doesn't load."""


def ended_and_loaded(command: str, names: tuple[str, ...], folder: Path) -> list[str]:
    """The exit code of a command, and which of these modules were loaded by its end."""
    code = f"""
import sys
sys.argv = ["billsync", *{command.split()!r}]
from billsync.cli.main import main
code = 0
try:
    main()
except SystemExit as end:
    code = end.code or 0
print(code, *sorted(set({names!r}) & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("command", LOADED)
def test_a_command_loads_nothing_that_it_does_not_use(command: str, folder: Path) -> None:
    assert ended_and_loaded(command, LOADED[command], folder) == ["0"]


def test_nothing_of_the_embedded_server_is_loaded_for_another(folder: Path) -> None:
    command = "diff shop.yaml --server http://127.0.0.1:9/api/v3"

    assert ended_and_loaded(command, ("billsync.local",), folder) == ["1"]


def test_a_process_without_a_terminal_writes_nothing_unasked(folder: Path) -> None:
    ran = billsync("sync", "shop.yaml", "--server", "local:", folder=folder)

    assert (ran.returncode, ran.stdout) == (64, "")


LOCALES = {"ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}} | {
    name: {"PYTHONIOENCODING": name} for name in ("latin-1", "cp1252", "ascii:strict")
}


@pytest.mark.slow
@pytest.mark.parametrize("locale", LOCALES)
def test_all_streams_are_utf8_in_every_locale(folder: Path, locale: str) -> None:
    shop = (folder / "shop.yaml").read_text().replace("Acme Inc.", "Zoë → 東京 Ltd.").encode()
    environment = {**ENVIRONMENT, **LOCALES[locale]}

    def ran(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "billsync", *arguments, "--server", "local:"]
        return subprocess.run(command, cwd=folder, env=environment, input=stdin, capture_output=True, check=True)

    ran("sync", "-", "--yes", stdin=shop)
    dumped = ran("dump").stdout
    again = ran("diff", "-", "--exit-code", "--format", "json", stdin=dumped)
    renamed = ran("diff", "-", stdin=dumped.replace("Zoë".encode(), b"Zoe"))

    assert 'name: "Zoë → 東京 Ltd."' in dumped.decode()
    assert json.loads(again.stdout.decode())["summary"]["total"] == 0
    assert renamed.stdout.decode().splitlines()[1] == '  ~ name: "Zoë → 東京 Ltd." → "Zoe → 東京 Ltd."'


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, 2, (0, 1), (0, 1, 2)])
def test_streams_that_are_closed_are_no_trouble(folder: Path, number: int | tuple[int, ...]) -> None:
    closed = (number,) if isinstance(number, int) else number
    command = (
        f"import os, sys; [os.close(n) for n in {closed!r}]; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    arguments = ["-m", "billsync", "sync", "shop.yaml", "--server", "local:", "--yes"]

    ran = subprocess.run(
        [sys.executable, "-c", command, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True
    )

    out = "" if 1 in closed else "  Created: 6"
    assert (ran.returncode, ran.stderr, ran.stdout.splitlines()[-3:-2]) == (0, "", [out] if out else [])
    assert sqlite3.connect(folder / ".billsync/local.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("schema",), ("validate", "shop.yaml")])
def test_a_full_disk_is_told_and_a_reader_that_goes_away_is_not(folder: Path, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "billsync", *arguments]

    def ran(stdout: int) -> tuple[int, int]:
        end = subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdout=stdout, stderr=subprocess.PIPE, check=False)
        os.close(stdout)
        return end.returncode, len(end.stderr.splitlines())

    assert ran(writing) == (0, 0)
    assert ran(os.open("/dev/full", os.O_WRONLY)) == (1, 2)


@pytest.mark.slow
def test_a_reader_that_goes_away_changes_no_exit_code(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "billsync", "diff", "shop.yaml", "--server", "local:", "--exit-code"]

    with os.fdopen(writing) as stdout:
        ran = subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdout=stdout, stderr=subprocess.PIPE, check=False)

    assert (ran.returncode, ran.stderr) == (2, b"")


def default_signals() -> None:
    """In a child: handle signals also where this process inherited them as ignored (a job in the background)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


INTERRUPTED = """
import os, runpy, signal, sys, weakref
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == imported:
            name = stopping
            sys.meta_path.remove(self)
            freed = Interrupting()
            gone = weakref.ref(freed, lambda _: os.kill(os.getpid(), signal.Signals[name]))
            del freed  # what is raised in the callback, Python ignores, as in those of imports
_, imported, start, stopping, *sys.argv[1:] = sys.argv
sys.meta_path.insert(0, Interrupting())
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
if start == "module":
    runpy.run_module("billsync", run_name="__main__")
else:
    from importlib.metadata import distribution
    next(one for one in distribution("billsync").entry_points if one.name == "billsync").load()()
"""


@pytest.mark.parametrize(
    ("imported", "start", "name", "more"),
    [
        ("billsync.cli.main", "module", "SIGINT", ()),
        ("billsync.cli.main", "module", "SIGTERM", ()),
        ("click", "script", "SIGTERM", ("--format", "json")),
    ],
)
def test_a_signal_within_the_first_imports_ends_it_as_later_on(
    imported: str, start: str, name: str, more: tuple[str, ...]
) -> None:
    command = [sys.executable, "-c", INTERRUPTED, imported, start, name, "diff", "-", "--server", "local:", *more]

    ran = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    said = json.loads(ran.stdout)["errors"] if more else ran.stderr
    sentence = "the command was interrupted"
    assert ran.returncode == 1
    assert said == (
        [f"error[interrupted]: {sentence}: {name}"] if more else f"error[interrupted]: {sentence}\n  {name}\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_served_server_answers_until_it_is_stopped(shell: Shell, folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "billsync", "serve", "--port", "0", "--db", "served.db", "--test-clock"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, preexec_fn=default_signals, **pipes) as server:
        try:
            assert server.stdout is not None
            base = server.stdout.readline().strip()
            moved = httpx.post(
                base.replace("/api/v3", "/local/clock"), json={"now": "2027-01-01T00:00:00Z"}, trust_env=False
            )
            pinged = shell.run("ping", "--server", base)
            server.send_signal(number)
            _, err = server.communicate(timeout=20)
        finally:
            server.kill()

    assert moved.is_success
    assert pinged.code == 0
    assert pinged.out.startswith(f"{base} answers, and speaks the dialect openmeter, generation 2026-08.\n")
    assert (server.returncode, err) == (0, "")


def test_a_port_that_is_taken_is_a_clear_error(folder: Path) -> None:
    with answering([b""]) as (base, _):
        port = base.split(":")[2].split("/")[0]
        ran = billsync("serve", "--port", port, folder=folder)

    assert (ran.returncode, ran.stderr.splitlines()[0]) == (1, "error[no-port]: the port can't be opened")
