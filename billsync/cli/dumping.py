"""`dump`: the files that declare what is live, and the report on what they lack."""

from __future__ import annotations

from billsync.app.connection import Connection
from billsync.app.dumping import dump_everything
from billsync.app.ending import Exit
from billsync.cli.delivering import check_output, write_file
from billsync.cli.opening import connected
from billsync.cli.server_options import ServerOptions
from billsync.cli.surroundings import Run
from billsync.core.dump import Dump
from billsync.core.losses import told
from billsync.model.frozen import dataclass
from billsync.model.plain_mode import is_plain
from billsync.render.dump import dump_yaml, losses_json
from billsync.render.formats.words import noted


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """The files of a dump. None is stdout for the dump itself, and no file for its losses; `yes`: files may be
    replaced."""

    output: str | None
    losses: str | None
    yes: bool


def write_dump(run: Run, server: ServerOptions, options: DumpOptions) -> Exit:
    """Write the YAML that declares the live state, and the report on its losses, which are listed on stderr."""
    for path in (options.output, options.losses):
        if path is not None:
            check_output(path, yes=options.yes)
    with connected(run, server) as connection:
        found = _dumped(run, connection)
    if options.losses is not None:
        write_file(options.losses, losses_json(found.losses))
    if options.output is None:
        run.result(dump_yaml(found))
    else:
        write_file(options.output, dump_yaml(found))
    for note in told(found.losses):
        run.talk(noted(note))
    return Exit.DONE


def _dumped(run: Run, connection: Connection) -> Dump:
    """A dump: by a quick way where the libraries for it are there, which gives the same."""
    if is_plain(run.around.environment):
        return dump_everything(connection)
    try:
        from billsync.app.dumped_alike import dump_quickly
    except ImportError:
        return dump_everything(connection)
    return dump_quickly(connection)
