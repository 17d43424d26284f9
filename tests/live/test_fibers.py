"""Tasks that share a thread: they wait together, keep their own values apart, and end with their errors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

pytest.importorskip("greenlet")

from billsync.live.fibers import Fibers, Own, PatientClock, apart, current
from tests.support.clock import FakeClock

SOON, LONG = 0.01, 5.0


@pytest.fixture
def fibers() -> Iterator[Fibers]:
    found = Fibers()
    yield found
    found.close()


def ends_of(fibers: Fibers, *tasks: Callable[[], object]) -> list[object]:
    """The results of tasks that are begun together, in the order of their ends."""
    ends: SimpleQueue[object] = SimpleQueue()
    for task in tasks:
        fibers.begin(lambda task=task: ends.put(task()))  # type: ignore[misc]
    return [ends.get(timeout=LONG) for _ in tasks]


def test_tasks_wait_for_sockets_together(fibers: Fibers) -> None:
    """The second task sends what the first one waits for, in the same thread."""
    one, other = socket.socketpair()

    def reads() -> object:
        fibers.wait(([one.fileno()], []), LONG)
        return one.recv(10), threading.get_ident()

    def writes() -> object:
        fibers.wait(([], [other.fileno()]), LONG)
        other.send(b"now")
        return b"sent", threading.get_ident()

    with one, other:
        (first, thread), (second, same) = ends_of(fibers, reads, writes)

    assert ((first, second), thread) == ((b"sent", b"now"), same)
    assert thread != threading.get_ident()


def test_a_wait_ends_by_its_time(fibers: Fibers) -> None:
    one, other = socket.socketpair()

    with one, other:
        assert ends_of(fibers, lambda: fibers.wait(([one.fileno()], [one.fileno()]), LONG)) == [None]
        assert ends_of(fibers, lambda: fibers.wait(([one.fileno()], []), SOON)) == [None]


def test_what_blocks_is_done_apart_and_others_go_on(fibers: Fibers) -> None:
    may_end = threading.Event()

    def blocks() -> object:
        apart(lambda: may_end.wait(LONG))
        return "blocked"

    def goes_on() -> object:
        may_end.set()
        return "went on"

    assert ends_of(fibers, blocks, goes_on) == ["went on", "blocked"]


def test_an_error_of_what_is_done_apart_is_raised_in_its_task(fibers: Fibers) -> None:
    def fails() -> object:
        with pytest.raises(ValueError, match="of another thread"):
            apart(lambda: int("of another thread"))
        return "seen"

    assert ends_of(fibers, fails) == ["seen"]
    assert apart(lambda: "at once") == "at once"


def test_each_task_has_its_own_values_which_later_ones_take_over(fibers: Fibers) -> None:
    made: list[object] = []
    own = Own(lambda: made.append(object()) or made[-1])

    def twice() -> object:
        before = own()
        fibers.wait(([], []), SOON)
        return before is own(), id(before)

    together = ends_of(fibers, twice, twice)
    later = ends_of(fibers, twice)

    assert [is_same for is_same, _ in together + later] == [True] * 3
    assert len(made) == len({number for _, number in together}) == 2
    assert own() is own() is made[2]


def test_a_bug_in_the_thread_ends_its_tasks_with_an_error(fibers: Fibers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would end them otherwise, and the run would wait for ever. Later tasks go on."""
    one, other = socket.socketpair()

    def waits() -> object:
        fibers.when_idle(lambda: 1 // 0)  # type: ignore[arg-type,return-value]
        try:
            fibers.wait(([one.fileno()], []), LONG)
        except ZeroDivisionError:
            return "raised"
        return "waited"

    with one, other:
        assert ends_of(fibers, waits) == ["raised"]
        other.send(b"now")
        assert ends_of(fibers, lambda: fibers.wait(([one.fileno()], []), LONG)) == [None]


class Slow(FakeClock):
    """A clock whose sleep takes until something else has happened."""

    def __init__(self) -> None:
        super().__init__()
        self.happened = threading.Event()

    def sleep(self, seconds: float) -> None:
        assert self.happened.wait(LONG)
        super().sleep(seconds)


def test_a_sleep_lets_others_go_on(fibers: Fibers) -> None:
    clock = Slow()
    patient = PatientClock(clock)

    def sleeps() -> object:
        patient.sleep(3)
        return patient.now()

    ends = ends_of(fibers, sleeps, clock.happened.set)

    assert ends == [None, clock.now()]
    assert clock.slept == [3]


def test_the_thread_ends_after_its_last_task() -> None:
    fibers, threads = Fibers(), SimpleQueue[threading.Thread]()
    may_end = threading.Event()

    def waits() -> None:
        threads.put(threading.current_thread())
        apart(lambda: may_end.wait(LONG))

    fibers.begin(waits)
    thread = threads.get(timeout=LONG)
    fibers.close()
    assert thread.is_alive()
    may_end.set()
    thread.join(LONG)

    assert (thread.is_alive(), current()) == (False, None)
