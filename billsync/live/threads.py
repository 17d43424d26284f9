"""Threads for reads: they end with their block. When it is interrupted, nobody waits for what a slow server owes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def reading_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of `count` threads."""
    pool = ThreadPoolExecutor(max_workers=count)
    try:
        yield pool
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
