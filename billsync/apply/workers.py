"""Workers that carry steps out: this thread, one step after another, or several threads, which leave signals to it."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from billsync.model.result import StepResult

T = TypeVar("T")
Task = Callable[[], StepResult | None]

PATIENCE = 5.0
"""Seconds that a run which is stopped waits for the next end of a step that is under way."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the task with a number: its result, or what it raised."""

    number: int
    result: StepResult | None = None
    error: BaseException | None = None


class Workers(Protocol):
    """Carries out tasks."""

    def start(self, number: int, task: Task) -> None:
        """Begin a task."""

    def next_end(self) -> Ended:
        """Wait for the end of some task that was begun."""

    def last_ends(self) -> Iterator[Ended]:
        """The ends of the tasks that are under way; those that take too long are left out."""

    def close(self) -> None:
        """There are no more tasks."""


class InTurn:
    """This thread, one task after another. An interrupt ends the task that is under way."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[int, Task]] = SimpleQueue()

    def start(self, number: int, task: Task) -> None:
        """Keep a task until its end is asked for."""
        self._tasks.put((number, task))

    def next_end(self) -> Ended:
        """Carry out the next task. Raises what it raises."""
        number, task = self._tasks.get()
        return Ended(number, task())

    def last_ends(self) -> Iterator[Ended]:
        """Nothing is under way."""
        return iter(())

    def close(self) -> None:
        """Nothing has to be ended."""


class Elsewhere:
    """Tasks that other threads carry out. They end with the process, which doesn't wait for a slow server."""

    def __init__(self) -> None:
        self._ends: SimpleQueue[Sequence[Ended]] = SimpleQueue()
        self._taken: deque[Ended] = deque()
        self._running = 0

    def next_end(self) -> Ended:
        """The next end, which an interrupt doesn't wait for."""
        if not self._taken:
            self._taken.extend(self._ends.get())
        self._running -= 1
        return self._taken.popleft()

    def last_ends(self) -> Iterator[Ended]:
        """The ends of the tasks that are under way; none after a while without any."""
        while self._running:
            if not self._taken:
                try:
                    self._taken.extend(self._ends.get(timeout=PATIENCE))
                except Empty:
                    return
            self._running -= 1
            yield self._taken.popleft()

    def _carry_out(self, number: int, task: Task) -> None:
        try:
            self._end(Ended(number, task()))
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that waits)
            self._end(Ended(number, error=error))

    def _end(self, ended: Ended) -> None:
        self._ends.put((ended,))


class Threads(Elsewhere):
    """Threads, made when they are needed."""

    def __init__(self) -> None:
        super().__init__()
        self._tasks: SimpleQueue[tuple[int, Task] | None] = SimpleQueue()
        self._threads = 0

    def start(self, number: int, task: Task) -> None:
        """Begin a task in a thread that has none."""
        if self._running == self._threads:
            threading.Thread(target=self._work, daemon=True).start()
            self._threads += 1
        self._running += 1
        self._tasks.put((number, task))

    def close(self) -> None:
        """Let the threads end."""
        for _ in range(self._threads):
            self._tasks.put(None)

    def _work(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        while (found := self._tasks.get()) is not None:
            self._carry_out(*found)


class Shared(Protocol):
    """A thread that carries out several tasks together."""

    def begin(self, task: Callable[[], None]) -> None:
        """Begin a task, which raises nothing."""

    def when_idle(self, call: Callable[[], None]) -> None:
        """Make a call of one of the tasks, which raises nothing, once all of them wait."""

    def close(self) -> None:
        """There are no more tasks."""


class OneThread(Elsewhere):
    """One thread for all tasks, which give way to each other while they wait.

    Ends are handed over once nothing else is to be done, so that two threads don't contend for Python's lock.
    """

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared
        self._kept: list[Ended] = []

    def start(self, number: int, task: Task) -> None:
        """Begin a task beside the others."""
        self._running += 1
        self._shared.begin(lambda: self._carry_out(number, task))

    def start_together(self, prepare: Callable[[], T], tasks: Mapping[int, Callable[[T], StepResult | None]]) -> None:
        """Begin tasks, by number, once something is there that all of them need."""
        self._running += len(tasks)

        def begin() -> None:
            try:
                found = prepare()
            except BaseException as error:  # noqa: BLE001 (raised again in the thread that waits)
                for number in tasks:
                    self._end(Ended(number, error=error))
                return
            for number, task in tasks.items():
                self._shared.begin(partial(self._carry_out, number, partial(task, found)))

        self._shared.begin(begin)

    def close(self) -> None:
        """Let the thread end."""
        self._shared.close()

    def _end(self, ended: Ended) -> None:
        self._kept.append(ended)
        if len(self._kept) == 1:
            self._shared.when_idle(self._hand_over)

    def _hand_over(self) -> None:
        kept, self._kept = self._kept, []
        self._ends.put(kept)


def workers(at_once: int) -> Workers:
    """The workers for that many steps at a time."""
    return Threads() if at_once > 1 else InTurn()
