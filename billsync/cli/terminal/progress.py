"""Progress on a terminal: one line that is there only after two seconds, and gone at the end."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

DELAY = 2.0
"""Seconds before anything is shown: what is over sooner needs no progress."""
READING = "{desc}, {n_fmt} requests, {elapsed}"
WRITING = "{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} {desc}"


class Progress:
    """A line on a stream, which threads may share. A stream that is gone shows nothing and stops nothing."""

    def __init__(self, stream: TextIO, *, width: int, delay: float | None = None) -> None:
        self._stream = stream
        self._width = width
        self._delay = DELAY if delay is None else delay
        self._lock = threading.Lock()
        self._bar: tqdm[None] | None = None
        self._stage = "reading"

    def request(self) -> None:
        """One more request was answered; while steps are carried out, they are what counts."""
        with self._lock, suppress(OSError, ValueError):
            bar = self._line()
            if bar.total is None:
                bar.update()

    def stage(self, text: str) -> None:
        """Show what is being done from now on."""
        with self._lock, suppress(OSError, ValueError):
            self._stage = text
            self._line().set_description_str(text, refresh=False)

    def step(self, text: str, done: int, total: int) -> None:
        """One more step of a run has ended."""
        with self._lock, suppress(OSError, ValueError):
            if self._bar is None or self._bar.total != total:
                self._end()
                self._begun(total)
            assert self._bar is not None
            self._bar.set_description_str(text, refresh=False)
            self._bar.update(done - self._bar.n)

    def end(self) -> None:
        """Take the line away, as other text follows. What comes later begins another one."""
        with self._lock, suppress(OSError, ValueError):
            self._end()

    def _line(self) -> tqdm[None]:
        return self._begun(None) if self._bar is None else self._bar

    def _end(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def _begun(self, total: int | None) -> tqdm[None]:
        from tqdm import tqdm

        class Line(tqdm):  # type: ignore[type-arg]
            monitor_interval = 0  # no thread that looks after stalled lines

        Line.set_lock(threading.RLock())  # its own is shared with other processes, which some systems can't
        self._bar = Line(
            total=total,
            desc=self._stage,
            file=self._stream,
            leave=False,
            ncols=self._width,
            delay=self._delay,
            bar_format=READING if total is None else WRITING,
        )
        return self._bar
