"""Files -> the desired state and everything that is wrong with them. No person's mistake raises here."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TextIO

from billsync.config.full_loading import load_fully
from billsync.config.members_read import MembersRead
from billsync.config.text.files import Found, read_sources
from billsync.model.diagnostic import Diagnostic
from billsync.model.kind import Registry
from billsync.model.plain_mode import is_plain
from billsync.model.ports import ParsedMemory
from billsync.model.state import Desired

SMALLEST = 50_000
"""Bytes of all files from which on the quick way is the quicker one."""

MANY = 5_000
"""Members of a crowd that are never looked at for cycles: they have none, and most of them stay until the end."""


def load(
    paths: Sequence[str],
    *,
    registry: Registry,
    stdin: TextIO | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
    overlays: Sequence[str] = (),
    crowd: bool = False,
    memory: ParsedMemory | None = None,
    sparing: bool = False,
    read: MembersRead | None = None,
) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """Return the state that the files declare, and all findings by position; after an error, the state is incomplete.

    Paths are files, directories, or `-` for the standard input (design.md §3). `environment` is where `!env` looks;
    `overlays` are files that are merged over the others, in their order. `crowd` says that the caller can deal with a
    crowd: what is surely read and valid may then be in `Desired.crowd` (`whole` in core/declared/crowd.py);
    `memory` remembers what such files hold, `read` within this run. `sparing`: equal parts of its members are kept
    once, which takes time.
    """
    with _no_collecting():
        found = read_sources(paths, stdin)
        if crowd and not overlays and not is_plain(environment) and _is_large(found):
            from billsync.config.quick.loading import load_quickly  # it takes as long as reading some small files

            loaded = load_quickly(
                found, registry=registry, environment=environment, memory=memory, sparing=sparing, read=read
            )
            if loaded is not None:
                if len(loaded[0].crowd.members) >= MANY:
                    gc.freeze()
                return loaded
        return load_fully(found, paths, registry=registry, environment=environment, overlays=overlays)


def _is_large(found: Found) -> bool:
    return sum(len(source.content) for source in found.sources) >= SMALLEST


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Loading builds millions of values and no cycles: looking for those again and again would take half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
