"""Streams in the states in which a command may find them, and commands that run on them."""

from __future__ import annotations

import errno
import io
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from billsync.cli.main import conduct
from billsync.cli.terminal.signals import STOPPING, interrupt_on_signals
from billsync.cli.terminal.surroundings import Run, Surroundings
from tests.support.clock import FakeClock
from tests.support.command import Ran


class Refusing(io.StringIO):
    """Takes `room` characters, then raises."""

    def __init__(self, number: int, room: int = 0) -> None:
        super().__init__()
        self._error = OSError(number, errno.errorcode[number])
        self._room = room

    def write(self, text: str) -> int:
        if self.tell() + len(text) > self._room:
            super().write(text[: self._room - self.tell()])
            raise self._error
        return super().write(text)


def closed() -> io.StringIO:
    """A stream that was closed under the command."""
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS: Mapping[str, Callable[[], io.StringIO]] = {
    "fine": io.StringIO,
    "a full disk": lambda: Refusing(errno.ENOSPC),
    "a disk that fills up": lambda: Refusing(errno.ENOSPC, room=30),
    "a terminal that is gone": lambda: Refusing(errno.EIO),
    "closed under it": closed,
    "nobody reads": lambda: Refusing(errno.EPIPE),
}
UNWRITABLE = tuple(name for name in STREAMS if name not in ("fine", "nobody reads"))


@dataclass(slots=True)
class Stoppable:
    """Runs command lines in this process as `main` does: signals interrupt them, streams may be broken."""

    clock: FakeClock = field(default_factory=FakeClock)
    environment: Mapping[str, str] = field(default_factory=dict)
    answer: str | None = None
    ignored: Sequence[signal.Signals] = ()

    def run(self, *arguments: str, stdout: str = "fine", stderr: str = "fine") -> Ran:
        """Run one command line on streams in these states; what they took is in the result."""
        out, err = STREAMS[stdout](), STREAMS[stderr]()
        typed = io.StringIO(self.answer or "")
        around = Surroundings(
            typed, out, err, self.environment, self.clock, self.answer is not None, jitter=lambda: 1.0
        )
        command = Run(around, wants_json="json" in arguments)
        with signals_taken(self.ignored):
            interrupt_on_signals(command)
            code = conduct(command, arguments)
        return Ran(code, *("" if stream.closed else stream.getvalue() for stream in (out, err)))


@contextmanager
def signals_taken(ignored: Sequence[signal.Signals]) -> Iterator[None]:
    """Signals as a shell leaves them, whatever this process inherited; afterwards they, and what Python ignores, are
    handled as before."""
    wanted = {number: signal.SIG_IGN if number in ignored else signal.SIG_DFL for number in STOPPING}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    before[signal.SIGALRM], ignored = signal.getsignal(signal.SIGALRM), sys.unraisablehook
    try:
        yield
    finally:
        sys.unraisablehook = ignored
        for number, handler in before.items():
            signal.signal(number, handler)
