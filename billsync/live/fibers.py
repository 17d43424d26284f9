"""Several tasks in one thread, each of which gives way to the others while it waits for the network.

Threads that wait for a server take turns with Python's lock, which costs them a sixth of their time. Here, the same
code runs in greenlets: what would block gives way (`wait`), or is done in a thread of its own (`apart`).
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from billsync.live.threads import leave_signals
from billsync.model.ports import Clock

if TYPE_CHECKING:
    from greenlet import greenlet

T = TypeVar("T")
Task = Callable[[], None]
Sockets = tuple[Sequence[int], Sequence[int]]
"""The sockets to read from, and those to write to."""


class Fibers:
    """A thread that carries out tasks together. It ends with `close`, or with the process.

    Raises ImportError without greenlet, and where sockets can't be polled (on Windows).
    """

    def __init__(self) -> None:
        from greenlet import getcurrent, greenlet

        if not hasattr(select, "poll"):
            raise ImportError("sockets can't be polled")
        self._make, self._current = greenlet, getcurrent
        self._new: deque[Task] = deque()
        self._ready: deque[greenlet] = deque()
        self._when_idle: deque[Task] = deque()
        self._watch = _Watch()
        self._free: list[dict[Any, Any]] = []
        self._seat: dict[Any, Any] = {}
        self._under_way = 0
        self._is_closed = False
        self._helpers = _Helpers()
        threading.Thread(target=self._work, daemon=True).start()

    def begin(self, task: Task) -> None:
        """Begin a task, which raises nothing. Any thread may ask for it."""
        self._new.append(task)
        self._watch.wake()

    def when_idle(self, call: Task) -> None:
        """Make a call, which raises nothing, once all tasks wait. Only tasks may ask for it."""
        self._when_idle.append(call)

    def close(self) -> None:
        """Let the thread end after its last task."""
        self._is_closed = True
        self._watch.wake()

    @property
    def seat(self) -> dict[Any, Any]:
        """The values that the present task alone may use; later tasks take them over."""
        return self._seat

    def wait(self, sockets: Sockets, seconds: float) -> None:
        """Let other tasks go on until one of the sockets is ready, or for a while."""
        self._watch.add(self._current(), sockets, time.monotonic() + seconds)
        self._give_way()

    def apart(self, call: Callable[[], T]) -> T:
        """The result of a call that blocks, which a thread of its own makes. Raises what it raises."""
        task, found = self._current(), _Outcome[T]()

        def carry_out() -> None:
            found.take(call)
            self._ready.append(task)
            self._watch.wake()

        self._helpers.begin(carry_out)
        self._give_way()
        return found.result()

    def _give_way(self) -> None:
        seat = self._seat
        self._hub.switch()
        self._seat = seat

    def _work(self) -> None:
        leave_signals()
        self._hub = self._current()
        _here.fibers = self
        while not self._is_over():
            try:
                self._turn()
            except BaseException as error:  # noqa: BLE001 (a bug: raised again in each task, as nothing would end them)
                for task in self._watch.given_up():
                    task.throw(error)
        self._free.clear()
        self._helpers.close()
        self._watch.close()

    def _turn(self) -> None:
        """Let each task go on that can, and wait if none can."""
        self._go_on()
        self._watch.look()
        if not self._watch.has_happened:
            self._rest()
        for task in self._watch.ready():
            task.switch()

    def _is_over(self) -> bool:
        return self._is_closed and not (self._under_way or self._new or self._when_idle)

    def _go_on(self) -> None:
        """Begin new tasks, and go on with those whose calls apart have ended."""
        while self._new:
            self._under_way += 1
            self._make(partial(self._carry_out, self._new.popleft())).switch()
        while self._ready:
            self._ready.popleft().switch()

    def _rest(self) -> None:
        """Do what was left for this moment, and sleep until something happens."""
        while self._when_idle:
            self._when_idle.popleft()()
        self._watch.sleep(unless=lambda: self._new or self._ready or self._is_over())

    def _carry_out(self, task: Task) -> None:
        self._seat = self._free.pop() if self._free else {}
        seat = self._seat
        try:
            task()
        finally:
            self._free.append(seat)
            self._under_way -= 1


class _Watch:
    """The sockets and moments for which tasks wait; other threads can end the wait."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._of_task: dict[greenlet, tuple[float, Sequence[int]]] = {}
        self._of_socket: dict[int, greenlet] = {}
        self._happened: list[tuple[int, int]] = []
        self._is_asleep = False
        self._woken, self._waker = os.pipe()
        self._waking = threading.Lock()
        self._is_closed = False
        self._poll.register(self._woken, select.POLLIN)

    def add(self, task: greenlet, sockets: Sockets, until: float) -> None:
        """Watch a task's sockets, and the time."""
        readable, writable = sockets
        flags = dict.fromkeys(readable, select.POLLIN)
        for socket in writable:
            flags[socket] = flags.get(socket, 0) | select.POLLOUT
        for socket, flag in flags.items():
            self._poll.register(socket, flag)
            self._of_socket[socket] = task
        self._of_task[task] = until, tuple(flags)

    @property
    def has_happened(self) -> bool:
        """Whether the last look or sleep found something."""
        return bool(self._happened)

    def look(self) -> None:
        """Look at what has happened."""
        self._happened = self._poll.poll(0)

    def wake(self) -> None:
        """End the sleep. Any thread may do so, also after the end, when the pipe's number may be that of a file."""
        if self._is_asleep:
            with self._waking:
                if not self._is_closed:
                    self._is_asleep = False
                    os.write(self._waker, b".")

    def sleep(self, *, unless: Callable[[], object]) -> None:
        """Sleep until something happens."""
        self._is_asleep = True
        try:
            self._happened = self._poll.poll(0 if unless() else self._milliseconds())
        finally:
            self._is_asleep = False

    def ready(self) -> Iterator[greenlet]:
        """The tasks whose sockets are ready, or whose time has come."""
        for socket, _ in self._happened:
            if socket == self._woken:
                os.read(self._woken, 4096)
            elif (task := self._of_socket.get(socket)) is not None:
                self._drop(task)
                yield task
        now = time.monotonic()
        for task in [task for task, (until, _) in self._of_task.items() if until <= now]:
            self._drop(task)
            yield task

    def given_up(self) -> Sequence[greenlet]:
        """All tasks that wait, which are watched no more."""
        found = tuple(self._of_task)
        for socket in self._of_socket:
            self._poll.unregister(socket)
        self._of_task.clear()
        self._of_socket.clear()
        return found

    def close(self) -> None:
        """Give the pipe back."""
        with self._waking:
            self._is_closed = True
            os.close(self._woken)
            os.close(self._waker)

    def _milliseconds(self) -> float | None:
        """The time until the first moment for which a task waits."""
        first = min((until for until, _ in self._of_task.values()), default=None)
        return None if first is None else max(0.0, first - time.monotonic()) * 1000

    def _drop(self, task: greenlet) -> None:
        for socket in self._of_task.pop(task)[1]:
            self._poll.unregister(socket)
            del self._of_socket[socket]


class _Helpers:
    """Threads for calls that block, made when they are needed."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Task | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._made = 0

    def begin(self, call: Task) -> None:
        """Make a call, which raises nothing."""
        if not self._idle.acquire(blocking=False):
            self._made += 1
            threading.Thread(target=self._work, daemon=True).start()
        self._calls.put(call)

    def close(self) -> None:
        """Let the threads end."""
        for _ in range(self._made):
            self._calls.put(None)

    def _work(self) -> None:
        leave_signals()
        while (call := self._calls.get()) is not None:
            call()
            self._idle.release()


class _Outcome(Generic[T]):
    """The result of a call, or the error that it raised."""

    def __init__(self) -> None:
        self._found: T | None = None
        self._error: BaseException | None = None

    def take(self, call: Callable[[], T]) -> None:
        """Make the call."""
        try:
            self._found = call()
        except BaseException as error:  # noqa: BLE001 (raised again where the result is wanted)
            self._error = error

    def result(self) -> T:
        """The result. Raises what the call raised."""
        if self._error is not None:
            raise self._error
        return self._found  # type: ignore[return-value]


class Own(Generic[T]):
    """A value for each thread, and for each of the tasks in one; made when it is first asked for."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._of_thread = threading.local()

    def __call__(self) -> T:
        fibers = current()
        place: dict[Any, T] = self._of_thread.__dict__ if fibers is None else fibers.seat
        if self not in place:
            place[self] = self._make()
        return place[self]


_here = threading.local()


def current() -> Fibers | None:
    """The fibers of this thread; None in all other threads."""
    return getattr(_here, "fibers", None)


def apart(call: Callable[[], T]) -> T:
    """The result of a call that blocks, while other tasks of this thread go on. Raises what it raises."""
    fibers = current()
    return call() if fibers is None else fibers.apart(call)


class PatientClock:
    """A clock whose sleep lets the other tasks of its thread go on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        apart(partial(self._clock.sleep, seconds))
