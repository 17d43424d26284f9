"""Threads for reads, which end with their block. An interrupt doesn't wait for a slow server."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

A = TypeVar("A")
B = TypeVar("B")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@contextmanager
def reading_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of `count` threads."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(max_workers=count, initializer=leave_signals)
    try:
        yield pool
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def in_order(pool: ThreadPoolExecutor, call: Callable[[A], B], values: Iterable[A], at_once: int) -> Iterator[B]:
    """The result of each call, in order, with at most `at_once` under way: an endless iterable is fine, too."""
    running: deque[Future[B]] = deque()
    for value in values:
        if len(running) == at_once:
            yield running.popleft().result()
        running.append(pool.submit(call, value))
    while running:
        yield running.popleft().result()


def leave_signals() -> None:
    """Block signals in this thread: one delivered here wouldn't wake the main thread, which handles them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
