"""Workers that carry steps out: this thread, one step after another, or several threads, which leave signals to it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
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
        self._ends: SimpleQueue[Ended] = SimpleQueue()
        self._running = 0

    def next_end(self) -> Ended:
        """The next end, which an interrupt doesn't wait for."""
        ended = self._ends.get()
        self._running -= 1
        return ended

    def last_ends(self) -> Iterator[Ended]:
        """The ends of the tasks that are under way; none after a while without any."""
        while self._running:
            try:
                ended = self._ends.get(timeout=PATIENCE)
            except Empty:
                return
            self._running -= 1
            yield ended

    def _carry_out(self, number: int, task: Task) -> None:
        try:
            self._ends.put(Ended(number, task()))
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that waits)
            self._ends.put(Ended(number, error=error))


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

    def close(self) -> None:
        """There are no more tasks."""


class OneThread(Elsewhere):
    """One thread for all tasks, which give way to each other while they wait."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared

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
                    self._ends.put(Ended(number, error=error))
                return
            for number, task in tasks.items():
                self._shared.begin(partial(self._carry_out, number, partial(task, found)))

        self._shared.begin(begin)

    def close(self) -> None:
        """Let the thread end."""
        self._shared.close()


def workers(at_once: int) -> Workers:
    """The workers for that many steps at a time."""
    return Threads() if at_once > 1 else InTurn()
