"""From a target to an open connection to the server that files are for, or the reason why it is another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from billsync.app.server.aiming import check_dialect, check_organization
from billsync.app.server.connection import Connection, ReadingConnection
from billsync.app.server.generation import Found, ServedMemory, find_generation
from billsync.live.client import Settings
from billsync.live.connect import open_reader, open_remote
from billsync.live.organization import read_organization
from billsync.live.protocol.target import Target
from billsync.model.frozen import dataclass
from billsync.model.ports import Clock, Reader
from billsync.model.state import IntendedTarget


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a server. `dialect` is the one that was given; without it, it is detected."""

    target: Target
    clock: Clock
    settings: Settings
    dialect: str | None
    memory: ServedMemory


@contextmanager
def connect(way: Way, intended: IntendedTarget) -> Iterator[Connection]:
    """A connection that is closed at the end of its block.

    Raises Ended for another server than the files intend, RemoteError.
    """
    with open_remote(way.target, way.clock, way.settings) as remote:
        found = _checked(way, intended, remote)
        spoken = found.generation.dialect
        read = partial(read_organization, way.target, way.clock, way.settings)
        yield Connection(
            remote,
            way.clock,
            way.target.name,
            spoken,
            found.generation,
            is_assumed=found.is_assumed,
            read_organization=read if way.target.region is not None else None,
        )


@contextmanager
def connect_reading(way: Way, intended: IntendedTarget) -> Iterator[ReadingConnection]:
    """The same for a connection through which nothing can be written."""
    with open_reader(way.target, way.clock, way.settings) as reader:
        found = _checked(way, intended, reader)
        spoken = found.generation.dialect
        yield ReadingConnection(
            reader, way.clock, way.target.name, spoken, found.generation, is_assumed=found.is_assumed
        )


def _checked(way: Way, intended: IntendedTarget, reader: Reader) -> Found:
    """The generation of a server, which must be the intended one. Raises Ended, RemoteError."""
    found = find_generation(way.target, reader, way.dialect, way.memory)
    check_dialect(intended, way.target, found.generation.dialect)
    check_organization(intended, way.target, lambda: read_organization(way.target, way.clock, way.settings))
    return found
