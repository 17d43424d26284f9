"""How a command ends that is stopped: by which signal, at which moment, in which format (design.md §7)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from billsync.apply import workers
from billsync.cli.terminal.signals import held_back, interrupt_on_signals
from billsync.cli.terminal.surroundings import Run, system_surroundings
from billsync.live.client import ReadingClient
from billsync.live.transports import over_curl
from tests.support.clock import FakeClock
from tests.support.command import Ran, Shell
from tests.support.loopback import App, serving
from tests.support.streams import STREAMS, Stoppable, signals_taken

pytestmark = pytest.mark.thorough

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
METER = "{{key: m{0}, name: M, event_type: e, aggregation: count}}"
MANY = f"_info: {{owner: payments}}\nmeters: [{', '.join(METER.format(number) for number in range(5))}]\n"


@dataclass(frozen=True, slots=True)
class Moment:
    """At which request the signal comes (`count` of those with the method), and whether the server has acted on it."""

    method: str
    count: int
    after: bool = False


READING = Moment("GET", 2)
FIRST_CALL = Moment("POST", 1)
FIRST_ANSWER = Moment("POST", 1, after=True)
THIRD_CALL = Moment("POST", 3)
THIRD_ANSWER = Moment("POST", 3, after=True)


@contextmanager
def stalling(database: Path, moment: Moment, stop: Callable[[], None]) -> Iterator[str]:
    """The base URL of a server that calls `stop` at the moment, and doesn't answer that request within the block."""
    seen, over, lock = [0], threading.Event(), threading.Lock()

    def wrap(app: App) -> App:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            with lock:
                seen[0] += environ["REQUEST_METHOD"] == moment.method
                is_now = seen[0] == moment.count and environ["REQUEST_METHOD"] == moment.method
            if is_now and not moment.after:
                stop()
                over.wait(60)
                start_response("503 Service Unavailable", [])
                return []
            answer = list(app(environ, start_response))
            if is_now:
                stop()
                over.wait(60)
            return answer

        return wrapped

    with serving(database, FakeClock(), wrap) as base:
        try:
            yield base
        finally:
            over.set()  # before the server stops, which waits for its threads


def stopped(
    folder: Path,
    moment: Moment,
    number: signal.Signals,
    *command: str,
    database: str = "served.db",
    **streams: str,
) -> Ran:
    """A command on many meters, stopped by a signal to this process at the moment."""
    (folder / "many.yaml").write_text(MANY)
    stop = lambda: os.kill(os.getpid(), number)  # noqa: E731
    with stalling(folder / database, moment, stop) as base:
        return Stoppable().run(command[0], "many.yaml", "--server", base, *in_turn(command[0]), *command[1:], **streams)


def in_turn(command: str) -> tuple[str, ...]:
    """The option with which a command that writes makes one call after another."""
    return ("--parallelism", "1") if command in ("sync", "apply") else ()


INTERRUPTED = """\
error[interrupted]: the command was interrupted
  {0}
"""
PARTLY = """\
error[partly]: something may have been written
  Run it again.
"""


@pytest.mark.parametrize(
    ("command", "number", "moment", "created"),
    [
        ("sync", signal.SIGTERM, FIRST_CALL, 0),
        ("sync", signal.SIGTERM, FIRST_ANSWER, 0),
        ("sync", signal.SIGTERM, THIRD_CALL, 2),
        ("sync", signal.SIGTERM, THIRD_ANSWER, 2),
        ("sync", signal.SIGINT, THIRD_CALL, 2),
        ("sync", signal.SIGHUP, THIRD_ANSWER, 2),
        ("apply", signal.SIGTERM, FIRST_CALL, 0),
        ("apply", signal.SIGINT, THIRD_ANSWER, 2),
    ],
)
def test_a_write_that_is_stopped_counts_what_it_did(
    folder: Path, command: str, number: signal.Signals, moment: Moment, created: int
) -> None:
    ran = stopped(folder, moment, number, command, "--yes", "--format", "json")
    again = undisturbed(folder, "sync", "many.yaml", "--yes", "--format", "json")

    told = json.loads(ran.out)
    summary, missing = told["summary"], 4 - created
    ends = [change["status"] for change in told["changes"]["creating"]]
    assert (ran.code, ran.err) == (3, "")
    assert {summary[name] for name in ("creating", "total")} == {created}
    assert (summary["failed"], summary["blocked"]) == (1, missing)
    assert ends == [*["done"] * created, "failed", *["blocked"] * missing]
    assert diagnosed(ran.out) == [("interrupted", number.name), ("partly", "")]
    assert (again.code, json.loads(again.out)["summary"]["creating"]) == (0, 5 - created - moment.after)


def diagnosed(text: str) -> list[tuple[str, str]]:
    """The code and the detail of each diagnostic in a JSON result."""
    return [(one["code"], one["detail"]) for one in json.loads(text)["diagnostics"]]


def undisturbed(folder: Path, *arguments: str) -> Ran:
    """A command on the same database, undisturbed."""
    with serving(folder / "served.db", FakeClock()) as base:
        return Shell().run(*arguments, "--server", base)


STOPPED = """\
creating meter m0
creating meter m1
creating meter m2: failed: the run was interrupted at this call, which may have been carried out
creating meter m3: not done: not tried: the run was interrupted
creating meter m4: not done: not tried: the run was interrupted

Summary:
  Created: 2
  Updated: 0
  Deleted: 0
  Blocked: 2
  Failed: 1
"""


def test_calls_that_are_under_way_are_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three calls under way, two are answered, the third isn't in time; no other is begun."""
    monkeypatch.setattr(workers, "PATIENCE", 0.5)

    ran = stopped(folder, FIRST_CALL, signal.SIGTERM, "sync", "--yes", "--parallelism", "3")
    again = undisturbed(folder, "sync", "many.yaml", "--yes", "--format", "json")

    lines = ran.out.splitlines()
    failed = [line for line in lines if line.endswith("which may have been carried out")]
    not_tried = [line for line in lines if line.endswith("not tried: the run was interrupted")]
    assert (ran.code, ran.err) == (3, INTERRUPTED.format("SIGTERM") + PARTLY)
    assert len(failed) == 1
    assert json.loads(again.out)["summary"]["creating"] == len(failed) + len(not_tried)
    assert f"  Created: {4 - len(not_tried)}" in lines


@pytest.mark.parametrize("number", SIGNALS)
def test_a_write_that_is_stopped_says_so_in_text(folder: Path, number: signal.Signals) -> None:
    ran = stopped(folder, THIRD_CALL, number, "sync", "--yes")

    assert (ran.code, ran.out) == (3, STOPPED)
    assert ran.err == INTERRUPTED.format(number.name) + PARTLY


@pytest.mark.parametrize(
    ("stdout", "number"), [*zip([name for name in STREAMS if name != "fine"], cycle(SIGNALS), strict=False)]
)
def test_a_write_that_is_stopped_says_so_on_the_stream_that_is_left(
    folder: Path, stdout: str, number: signal.Signals
) -> None:
    ran = stopped(folder, THIRD_CALL, number, "sync", "--yes", stdout=stdout)

    assert (ran.code, ran.err) == (3, STOPPED + INTERRUPTED.format(number.name) + PARTLY)


@pytest.mark.parametrize(("moment", "code"), [(READING, 1), (THIRD_CALL, 3)])
def test_a_write_that_is_stopped_without_any_stream_has_its_code(folder: Path, moment: Moment, code: int) -> None:
    gone = {"stdout": "a terminal that is gone", "stderr": "a terminal that is gone"}

    ran = stopped(folder, moment, signal.SIGHUP, "sync", "--yes", **gone)

    assert ran.code == code


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", [("sync", "--yes"), ("apply", "--yes"), ("diff",), ("diff", "--exit-code")])
def test_a_command_that_is_stopped_while_it_reads_is_1(
    folder: Path, number: signal.Signals, command: tuple[str, ...]
) -> None:
    text = stopped(folder, READING, number, *command)
    told = stopped(folder, READING, number, *command, "--format", "json", database="other.db")

    assert (text.code, text.out, text.err) == (1, "", INTERRUPTED.format(number.name))
    assert (told.code, told.err, diagnosed(told.out)) == (1, "", [("interrupted", number.name)])


@pytest.mark.parametrize("command", ["dump", "ping", "invoices", "ledger acme", "usage acme", "forecast acme"])
def test_commands_that_read_and_are_stopped_are_1(folder: Path, command: str) -> None:
    stop = lambda: os.kill(os.getpid(), signal.SIGTERM)  # noqa: E731
    with stalling(folder / "served.db", Moment("GET", 1), stop) as base:
        ran = Stoppable().run(*command.split(), "--server", base)

    assert (ran.code, ran.out, ran.err) == (1, "", INTERRUPTED.format("SIGTERM"))


class Struck:
    """A place in the code in which the signal comes: where it is called for the first time with a request under way."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number
        self.count = 0
        self.has_parted = False

    def __call__(self, *_: object) -> None:
        self.count += 1
        if self.count == 1:
            os.kill(os.getpid(), self._number)

    def in_a_callback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While libcurl hands over the bytes of an answer."""
        self._before(monkeypatch, over_curl._Line, "_take")

    def in_the_closing_of_fetches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While a generator that is dropped breaks off the GETs that are under way."""
        real = ReadingClient.stream

        def dropped(client: ReadingClient, gets: Any, *more: Any, **named: Any) -> Iterator[Any]:
            get = next(iter(gets))
            next(real(client, [get, get, get], at_once=3))
            yield from real(client, [get], *more, **named)

        self._before(monkeypatch, over_curl.Lines, "_drop")
        monkeypatch.setattr(ReadingClient, "stream", dropped)

    def in_the_closing_of_another_generator(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While a generator that is dropped tidies up."""
        real = ReadingClient.stream

        def tidied(client: ReadingClient, *arguments: Any, **named: Any) -> Iterator[Any]:
            try:
                yield from real(client, *arguments, **named)
            finally:
                self()

        monkeypatch.setattr(ReadingClient, "stream", tidied)

    def in_a_finalizer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While a value is freed, for which Python runs code."""

        def freed(client: ReadingClient, *arguments: Any, **named: Any) -> Iterator[Any]:
            weakref.finalize(freed_one := Freed(), self)
            del freed_one
            return real(client, *arguments, **named)

        real = ReadingClient.stream
        monkeypatch.setattr(ReadingClient, "stream", freed)

    def in_the_making_of_a_class(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While a class is made: Python 3.11 raises another error."""

        def made(client: ReadingClient, *arguments: Any, **named: Any) -> Iterator[Any]:
            type("Made", (), {"field": Named(self)})
            return real(client, *arguments, **named)

        real = ReadingClient.stream
        monkeypatch.setattr(ReadingClient, "stream", made)

    def in_an_import(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While a module is loaded, which goes on to its end."""

        def loaded(client: ReadingClient, *arguments: Any, **named: Any) -> Iterator[Any]:
            with suppress(ImportError):
                import_module("billsync.no_such_module")
            return real(client, *arguments, **named)

        real = ReadingClient.stream
        monkeypatch.setattr(ReadingClient, "stream", loaded)
        monkeypatch.setattr(sys, "meta_path", [self, *sys.meta_path])

    def find_spec(self, name: str, *_: object) -> None:
        """Part an import."""
        if name == "billsync.no_such_module":
            self.has_parted = True
            self()
            self.has_parted = False

    def _before(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        real = getattr(owner, name)

        def struck(*arguments: Any) -> Any:
            self()
            return real(*arguments)

        monkeypatch.setattr(owner, name, struck)


@dataclass(frozen=True, slots=True)
class Named:
    """A field of a class, which calls something once it has its name."""

    then: Callable[[], None]

    def __set_name__(self, owner: type, name: str) -> None:
        self.then()


class Freed:
    """A value that can be referred to weakly."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "place",
    [
        Struck.in_a_callback,
        Struck.in_the_closing_of_fetches,
        Struck.in_the_closing_of_another_generator,
        Struck.in_a_finalizer,
        Struck.in_the_making_of_a_class,
        Struck.in_an_import,
    ],
)
def test_no_signal_is_lost_where_python_ignores_what_is_raised(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    place: Callable[[Struck, pytest.MonkeyPatch], None],
    number: signal.Signals,
) -> None:
    pytest.importorskip("pycurl")
    struck = Struck(number)
    place(struck, monkeypatch)

    with serving(folder / "served.db", FakeClock()) as base:
        ran = Stoppable().run("dump", "--server", base)

    assert ran == Ran(1, "", INTERRUPTED.format(number.name))
    assert (struck.count > 0, struck.has_parted) == (True, False)
    assert capfd.readouterr() == ("", "")  # nor does Python tell what it ignores


def test_an_ignored_signal_stays_ignored(folder: Path) -> None:
    """As `nohup` and shells leave it for what they run in the background."""
    taken = Stoppable(ignored=(signal.SIGHUP,))

    with moving(folder, signal.SIGHUP) as base:
        ran = taken.run("sync", "many.yaml", "--server", base, "--yes")

    assert ran.code == 0


@contextmanager
def moving(folder: Path, number: signal.Signals) -> Iterator[str]:
    """A server that sends this process a signal at the first write, and answers."""
    (folder / "many.yaml").write_text(MANY)

    def wrap(app: App) -> App:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == "POST":
                os.kill(os.getpid(), number)
            return app(environ, start_response)

        return wrapped

    with serving(folder / "served.db", FakeClock(), wrap) as base:
        yield base


def process_stopped(folder: Path, moment: Moment, command: str, *numbers: signal.Signals) -> Ran:
    """A process that gets signals at the moment, all at once, and no answer."""
    (folder / "many.yaml").write_text(MANY)
    stalled, pipe = threading.Event(), subprocess.PIPE
    with stalling(folder / "served.db", moment, stalled.set) as base:
        arguments = [sys.executable, "-m", "billsync", command, "many.yaml", "--server", base]
        more = ["--yes", "--parallelism", "1"] if command == "sync" else []
        with subprocess.Popen([*arguments, *more], stdout=pipe, stderr=pipe, preexec_fn=defaults, text=True) as process:
            try:
                assert stalled.wait(60)
                for number in (signal.SIGSTOP, *numbers, signal.SIGCONT):
                    process.send_signal(number)
                out, err = process.communicate(timeout=30)
                return Ran(process.returncode, out, err)
            finally:
                process.kill()


def defaults() -> None:
    """In the child: signals as they are where nobody ignores them."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "command", "code", "more"), [(READING, "diff", 1, ""), (THIRD_CALL, "sync", 3, PARTLY)]
)
def test_a_process_that_is_stopped_waits_for_no_server(
    folder: Path, moment: Moment, command: str, code: int, more: str
) -> None:
    ran = process_stopped(folder, moment, command, signal.SIGTERM)

    assert (ran.code, ran.err) == (code, INTERRUPTED.format("SIGTERM") + more)


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "command", "code"), [(READING, "diff", 1), (THIRD_CALL, "sync", 3)])
def test_a_second_signal_leaves_without_a_word(folder: Path, moment: Moment, command: str, code: int) -> None:
    assert process_stopped(folder, moment, command, signal.SIGTERM, signal.SIGHUP) == Ran(code, "", "")


class Left(BaseException):
    """The process left at once."""


def test_a_second_signal_counts_while_signals_are_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> None:
        raise Left(code)

    monkeypatch.setattr(os, "_exit", leave)
    with signals_taken(()):
        interrupt_on_signals(Run(system_surroundings(), wants_json=False))
        with pytest.raises(Left, match="1"):
            _get_both_held_back()


def _get_both_held_back() -> None:
    with held_back():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
