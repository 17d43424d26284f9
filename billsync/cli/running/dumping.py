"""`dump`: the files that declare what is live, and the report on what they lack."""

from __future__ import annotations

from functools import partial

from billsync.app.dump.dumping import dump_everything
from billsync.app.ending import Exit
from billsync.app.server.connection import Connection
from billsync.cli.options.selecting import check_chosen
from billsync.cli.options.server import ServerOptions
from billsync.cli.running.dump_folder import check_folder, write_folder
from billsync.cli.running.sanitizing import sanitizing_key
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.delivering import check_output, write_file
from billsync.cli.terminal.outputs import STDOUT
from billsync.cli.terminal.surroundings import Run
from billsync.core.dump.card_library import with_library
from billsync.core.dump.dump import Dump
from billsync.core.dump.losses import told
from billsync.core.dump.sanitized import sanitized
from billsync.core.dump.selected import entities_in, selected_dump
from billsync.core.secrets.pseudonyms import Pseudonyms
from billsync.kinds.registry import KINDS
from billsync.model.frozen import dataclass
from billsync.model.plain_mode import is_plain
from billsync.render.dump import OF_EVERY_DUMP, OF_EVERY_FOLDER, OF_PSEUDONYMS, dump_files, dump_yaml, losses_json
from billsync.render.formats.words import noted, title_of, visible


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """The files and the form of a dump. None is stdout for the dump itself, and no file for its losses; `splits`: the
    output is a folder; `yes`: files may be replaced; `has_library`: cards that are alike are written once; `adopting`:
    the owner who takes over what is nobody's; `sanitizes`: pseudonyms stand for what may name somebody, under the key
    in the `key_file`, or one for this run."""

    output: str | None
    losses: str | None
    yes: bool
    splits: bool = False
    has_library: bool = False
    adopting: str | None = None
    sanitizes: bool = False
    key_file: str | None = None

    @property
    def folder(self) -> str | None:
        """The folder of the files."""
        return self.output if self.splits else None


def write_dump(run: Run, server: ServerOptions, options: DumpOptions) -> Exit:
    """Write the YAML that declares the live state, and the report on its losses, which are listed on stderr."""
    _check(options)
    key = sanitizing_key(options.key_file) if options.sanitizes else None
    with connected(run, server) as connection:
        found = _part(run, _dumped(run, connection))
        if options.adopting is not None:
            found = _adopted(run, connection, found, options.adopting)
    if key is not None:
        found = sanitized(found, Pseudonyms(key), KINDS)
    if options.has_library:
        found = with_library(found, KINDS)
    _write(run, options, found)
    for note in told(found.losses):
        run.talk(noted(note))
    return Exit.DONE


def _part(run: Run, dump: Dump) -> Dump:
    """The part of a dump that is selected. Raises Ended."""
    if not run.patterns:
        return dump
    check_chosen(run, [entity.address for entity in entities_in(dump.document, KINDS)])
    return selected_dump(dump, run.patterns, KINDS)


def _check(options: DumpOptions) -> None:
    """Check that everything may be written where it is asked for. Raises Ended."""
    if options.folder is not None:
        check_folder(options.folder, yes=options.yes)
    elif options.output is not None:
        check_output(options.output, yes=options.yes)
    if options.losses not in (None, STDOUT):
        check_output(options.losses, yes=options.yes)


def _write(run: Run, options: DumpOptions, dump: Dump) -> None:
    top = OF_PSEUDONYMS if options.sanitizes else OF_EVERY_FOLDER if options.splits else OF_EVERY_DUMP
    if options.losses == STDOUT:
        run.result(losses_json(dump.losses))
    elif options.losses is not None:
        write_file(options.losses, losses_json(dump.losses))
    if options.folder is not None:
        report = partial(losses_json, dump.losses)
        write_folder(options.folder, dump_files(dump, KINDS, top), report, yes=options.yes)
    elif options.output is not None:
        write_file(options.output, dump_yaml(dump, top))
    else:
        run.result(dump_yaml(dump, top))


def _adopted(run: Run, connection: Connection, found: Dump, owner: str) -> Dump:
    """The dump as files of an owner who adopts what is nobody's; stderr names what it may not. Raises Ended."""
    from billsync.app.adoption.dumped_adopted import adopted_dump  # it reads the dump as files, with the room for that

    dump, refused = adopted_dump(connection, found, owner)
    for one in refused:
        run.talk(f"not adopted: {title_of(one.address)}: {visible(one.reason)}")
    return dump


def _dumped(run: Run, connection: Connection) -> Dump:
    """A dump: by a quick way where the libraries for it are there, which gives the same."""
    if is_plain(run.around.environment):
        return dump_everything(connection)
    try:
        from billsync.app.dump.alike import dump_quickly
    except ImportError:
        return dump_everything(connection)
    return dump_quickly(connection)
