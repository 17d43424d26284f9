"""Threads for reads, which end with their block. An interrupt doesn't wait for a slow server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def reading_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of `count` threads."""
    pool = ThreadPoolExecutor(max_workers=count, initializer=_leave_signals)
    try:
        yield pool
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _leave_signals() -> None:
    """Block signals in this thread: one delivered here wouldn't wake the main thread, which handles them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
