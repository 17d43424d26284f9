"""Surroundings of a command: streams, environment, clock. Tests replace them."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO, TextIOWrapper
from shutil import get_terminal_size
from typing import TYPE_CHECKING, TextIO

from billsync.app.ending import Exit, ResultLost
from billsync.cli.terminal.progress import Progress
from billsync.cli.terminal.streams import standard_streams, write_to
from billsync.render.formats.look import Look

if TYPE_CHECKING:  # `billsync --help` loads no model
    from billsync.cli.terminal.account import Account
    from billsync.core.secrets.hiding import Mask
    from billsync.live.protocol.requested import Requested
    from billsync.model.ports import Clock
    from billsync.model.source import Source


NARROW = 80


def no_terminal() -> TextIO | None:
    """Nothing, where the process has no terminal of its own."""
    return None


def own_terminal() -> TextIO | None:
    """The terminal that the process belongs to, whatever its streams are; None without one."""
    try:
        return TextIOWrapper(FileIO(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY), "w+"), encoding="utf-8")
    except OSError:
        return None


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment of one command. `jitter` gives numbers from 0 to 1; `is_terminal`: a person can answer
    questions. `open_terminal` opens the terminal of the process itself, where stdin is something else; None without
    one."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environment: Mapping[str, str]
    clock: Clock
    is_terminal: bool
    jitter: Callable[[], float] = random.random
    width: int | None = None
    is_stderr_terminal: bool | None = None
    open_terminal: Callable[[], TextIO | None] = no_terminal

    def has_colors(self, asked: str) -> bool:
        """Whether text has colors: `always`, `never`, or `auto`, on a terminal unless the environment forbids them."""
        is_dull = bool(self.environment.get("NO_COLOR")) or self.environment.get("TERM") == "dumb"
        return asked == "always" or (asked == "auto" and self.width is not None and not is_dull)

    @property
    def shows_progress(self) -> bool:
        """Whether stderr is a terminal."""
        return self.is_terminal if self.is_stderr_terminal is None else self.is_stderr_terminal


@dataclass(slots=True)
class Run:
    """One running command, with everything that the report of a sudden end needs.

    `account` is what a write has done so far, `verdict` the exit code if nothing else happens, `is_ending` whether
    the end is being reported already, `is_ended` whether it has been reported, `was_stopped` whether a signal asked
    for the end, and `is_stdout_lost` whether stdout took no more. `stdout_format` is the format of the result on
    stdout, and `outputs` are the formats and files that it has still to be written to. `profile` is the name of the
    chosen one, and `patterns` choose the part of the files that the command is about, or `since`, a commit.
    `parallelism` is the number of steps at a time, `comment_id` names a comment among others, `shows_personal_data` is
    about pages, and `whole_in` are the names of the files in which the whole result is.
    """

    around: Surroundings
    debug: bool = False
    wants_json: bool = False
    account: Account | None = None
    verdict: Exit = Exit.DONE
    is_ending: bool = False
    is_ended: bool = False
    was_stopped: bool = False
    is_stdout_lost: bool = False
    color: str = "auto"
    is_quiet: bool = False
    is_verbose: bool = False
    profile: str | None = None
    patterns: tuple[tuple[str, str], ...] = ()
    since: str | None = None
    parallelism: int = 1
    mask: Mask | None = None
    overlays: tuple[str, ...] = ()
    sourced: Mapping[Source, str] = field(default_factory=dict, repr=False)
    bar: Progress | None = None
    stdout_format: str = "text"
    outputs: list[tuple[str, str]] = field(default_factory=list)
    comment_id: str = ""
    shows_personal_data: bool = False
    whole_in: tuple[str, ...] = ()

    def hide(self, mask: Mask) -> None:
        """Mask more secrets in all that is printed."""
        self.mask = self.mask.also(mask) if self.mask else mask

    def masked(self, text: str) -> str:
        """The text without the secrets that this command was given."""
        return self.mask.whole(text) if self.mask else text

    @property
    def look(self) -> Look:
        """The look of this command's results."""
        around = self.around
        return Look(around.width, around.has_colors(self.color), self.is_verbose, self.is_quiet)

    def asks_for(self, name: str) -> bool:
        """Whether the result is wanted in a format, on stdout or in a file."""
        return name in (self.stdout_format, *(asked for asked, _ in self.outputs))

    @property
    def has_written(self) -> bool:
        """Whether the server may hold something of this run."""
        return self.account is not None and self.account.wrote

    def result(self, text: str) -> None:
        """Print the command's result on stdout. Raises ResultLost when it can't be written.

        A reader that goes away (`billsync diff … | head`) changes nothing, unless something was written: then nobody
        would learn of it.
        """
        self._end_progress()
        try:
            write_to(self.around.stdout, self.masked(text))
        except BrokenPipeError as error:
            self.is_stdout_lost = True
            if self.has_written:
                raise ResultLost from error
        except OSError as error:
            self.is_stdout_lost = True
            raise ResultLost from error

    def result_anywhere(self, text: str) -> None:
        """Print the result on whichever stream is left; on none, where both are gone."""
        if not self.is_stdout_lost:
            try:
                self.result(text)
                return
            except ResultLost:
                pass
        self.talk(text)

    def talk(self, text: str) -> bool:
        """Print a line on stderr, and return whether that was possible. Prints nothing for an empty text."""
        return self._said(text if text.endswith("\n") or not text else text + "\n")

    def ask(self, question: str) -> bool:
        """Print a question on stderr, and return whether that was possible."""
        return self._said(question)

    def mention(self, text: str) -> None:
        """Print a line on stderr that is no error, unless little is to be said."""
        if not self.is_quiet:
            self.talk(text)

    @property
    def hears_requests(self) -> bool:
        """Whether requests are shown, or counted as progress."""
        return self.is_verbose or self._progress() is not None

    def requested(self, request: Requested) -> None:
        """Show a request on stderr, or count it as progress."""
        if self.is_verbose:
            self.talk(request.text)
        elif bar := self._progress():
            bar.request()

    def progress(self, text: str) -> None:
        """Show what is being done, where there is progress."""
        if bar := self._progress():
            bar.stage(text)

    def stepped(self, text: Callable[[], str], done: int, total: int) -> None:
        """Show the end of a step, where there is progress."""
        if bar := self._progress():
            bar.step(text(), done, total)

    def _progress(self) -> Progress | None:
        """The progress of this command: only on a terminal, and where it isn't in the way of other lines."""
        if self.is_quiet or self.is_verbose or not self.around.shows_progress:
            return None
        if self.bar is None:
            self.bar = Progress(self.around.stderr, width=(self.around.width or NARROW) - 1)
        return self.bar

    def _end_progress(self) -> None:
        if self.bar is not None:
            self.bar.end()

    def _said(self, text: str) -> bool:
        self._end_progress()
        try:
            write_to(self.around.stderr, self.masked(text))
        except OSError:
            return False
        return True


def system_surroundings() -> Surroundings:
    """The real ones of this process."""
    stdin, stdout, stderr = standard_streams()
    is_terminal = stdin.isatty() and stderr.isatty()
    width = get_terminal_size().columns if stdout.isatty() else None
    return Surroundings(
        stdin,
        stdout,
        stderr,
        os.environ,
        SystemClock(),
        is_terminal,
        width=width,
        is_stderr_terminal=stderr.isatty(),
        open_terminal=own_terminal,
    )
