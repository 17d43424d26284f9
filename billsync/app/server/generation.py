"""The generation of the API that a server speaks: as given, as the server says, or as a table says."""

from __future__ import annotations

from typing import Protocol

from billsync.api.generations import OPENMETER, Generation, dated, generation_of
from billsync.api.served import Served
from billsync.live.connect import find_dialect
from billsync.live.openapi_document import read_served
from billsync.live.protocol.target import Target
from billsync.model.frozen import dataclass
from billsync.model.ports import Reader


class ServedMemory(Protocol):
    """Recent statements of servers about themselves. It may forget anything at any time."""

    def recall(self, target: str) -> Served | None:
        """The statement of a server from the last day; None if that isn't known."""

    def keep(self, target: str, served: Served) -> None:
        """Remember what a server says."""


class NoMemory:
    """Remembers nothing: each run asks."""

    def recall(self, target: str) -> Served | None:
        """Nothing."""
        return None

    def keep(self, target: str, served: Served) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A server's generation. `is_assumed`: an OpenMeter server didn't say what it takes, and so is taken to be as old
    as its dialect's first table."""

    generation: Generation
    is_assumed: bool = False


def find_generation(target: Target, remote: Reader, given: str | None, memory: ServedMemory) -> Found:
    """The generation that `given` (`konnect@1.2`, `openmeter`) or the address names, else the server's own.

    Raises RemoteError.
    """
    dialect, _, name = (given or "").partition("@")
    dialect = dialect or target.dialect or ""
    name = name or (target.generation or "" if dialect == target.dialect and dialect != OPENMETER else "")
    if name or dialect not in ("", OPENMETER):
        return Found(dated(dialect, name))
    served = _served(target, remote, memory)
    dialect = dialect or find_dialect(target, remote, served)
    if dialect != OPENMETER:
        return Found(dated(dialect))
    return Found(generation_of(served)) if served else Found(dated(OPENMETER), is_assumed=True)


def _served(target: Target, remote: Reader, memory: ServedMemory) -> Served | None:
    """The statement of the server. One on this machine is always asked: it may be another one each time."""
    if target.is_loopback:
        return read_served(remote)
    if (known := memory.recall(target.name)) is not None:
        return known
    served = read_served(remote)
    if served is not None:
        memory.keep(target.name, served)
    return served
