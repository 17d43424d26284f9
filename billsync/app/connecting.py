"""From a target to an open connection to the server that files are for, or the reason why it is another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from billsync.app.aiming import check_dialect, check_organization
from billsync.app.connection import Connection
from billsync.app.generation import ServedMemory, find_generation
from billsync.live.client import Settings
from billsync.live.connect import open_remote
from billsync.live.organization import read_organization
from billsync.live.target import Target
from billsync.model.ports import Clock
from billsync.model.state import IntendedTarget


@contextmanager
def connect(
    target: Target,
    clock: Clock,
    settings: Settings,
    *,
    intended: IntendedTarget,
    dialect: str | None,
    memory: ServedMemory,
) -> Iterator[Connection]:
    """A connection that is closed at the end of its block; without a `dialect`, it is detected.

    Raises Ended for another server than the files intend, RemoteError.
    """
    with open_remote(target, clock, settings) as remote:
        found = find_generation(target, remote, dialect, memory)
        spoken = found.generation.dialect
        check_dialect(intended, target, spoken)
        check_organization(intended, target, lambda: read_organization(target, clock, settings))
        yield Connection(remote, clock, target.name, spoken, found.generation, is_assumed=found.is_assumed)
