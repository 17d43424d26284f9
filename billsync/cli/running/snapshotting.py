"""`dump --snapshot`: a recovery snapshot, written to a file as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from billsync.app.ending import Exit, error
from billsync.app.recovery.store import write
from billsync.app.recovery.taking import Taking
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.delivering import check_output
from billsync.cli.terminal.staging import staged_file
from billsync.cli.terminal.surroundings import Run
from billsync.live.gathering import Gathering
from billsync.render.formats.words import noted
from billsync.render.recovery.taken import taken_notes, taken_text


def write_snapshot(run: Run, server: ServerOptions, output: str, *, has_events: bool, yes: bool) -> Exit:
    """Write everything live, and what changes by itself, to a file; say on stderr what moved meanwhile."""
    check_output(output, yes=yes)
    with connected(run, server) as connection, _private(output) as (gathering, whole):
        taking = Taking(connection, gathering, has_events=has_events)
        write(whole, taking.lines())
    for note in taken_notes(taking.header, taking.unexplained, taking.without_due):
        run.talk(noted(note))
    run.mention(taken_text(taking.header, taking.counts))
    return Exit.DONE


@contextmanager
def _private(output: str) -> Iterator[tuple[Gathering, IO[bytes]]]:
    """A gathering, and the file that takes the place of the output at the end; both in its directory, for its user
    only. Raises Ended."""
    target = Path(output).resolve()
    try:
        with Gathering.within(target.parent) as gathering, staged_file(target.parent) as part:
            yield gathering, part
            part.flush()
            os.fsync(part.fileno())
            os.replace(part.name, target)
            _keep_name(target.parent)
    except OSError as problem:
        raise error("unwritable", f"{output}: {problem.strerror or problem}") from problem


def _keep_name(folder: Path) -> None:
    """Have the directory written to its disk, so that the file keeps its name after a crash."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
