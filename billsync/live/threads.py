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
    """Leave signals to the main thread: while it waits for this one, it learns of none that arrives here."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
