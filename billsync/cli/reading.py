"""`dump`, `ledger` and `ping`: commands that only read a server."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.app.connection import Connection
from billsync.app.customers import read_statement_of
from billsync.app.dumping import Dumped, dump_everything
from billsync.app.ending import Exit
from billsync.app.pinging import ping as pinged
from billsync.cli.delivering import check_output, write_file
from billsync.cli.opening import connected
from billsync.cli.server_options import ServerOptions
from billsync.cli.surroundings import Run
from billsync.model.frozen import replace
from billsync.model.note import Note
from billsync.model.plain_mode import is_plain
from billsync.render.formats.words import noted
from billsync.render.formats.yaml_text import to_yaml
from billsync.render.ledger import ledger_csv, ledger_json, ledger_text
from billsync.render.ping import ping_json, ping_text
from billsync.report.credits.ledger import ledger

OF_EVERY_DUMP = (
    "The live state, as far as a file can declare it. A diff of this file with the server it comes from is empty.",
    "No file carries usage, invoices, charges and movements of credit, entitlements made by hand, or notifications.",
)
"""The comment at the top of every dumped file."""


def write_dump(run: Run, options: ServerOptions, *, output: str | None, yes: bool) -> Exit:
    """Print, or write to a file, the YAML that declares the live state; losses are listed on stderr."""
    if output is not None:
        check_output(output, yes=yes)
    with connected(run, options) as connection:
        dumped = _dumped(run, connection)
    found = dumped.dump
    at_top = (*OF_EVERY_DUMP, *found.comments.get((), ()), *(note.text for note in dumped.beyond))
    text = to_yaml(found.document, {**found.comments, (): at_top})
    if output is None:
        run.result(text)
    else:
        write_file(output, text)
    _tell(run, dumped.notes)
    return Exit.DONE


def _dumped(run: Run, connection: Connection) -> Dumped:
    """A dump: by a quick way where the libraries for it are there, which gives the same."""
    if is_plain(run.around.environment):
        return dump_everything(connection)
    try:
        from billsync.app.dumped_alike import dump_quickly
    except ImportError:
        return dump_everything(connection)
    return dump_quickly(connection)


def show_ledger(run: Run, customer: str, options: ServerOptions, form: str) -> Exit:
    """Print a customer's credit movements with the balance before and after each."""
    with connected(run, options) as connection:
        statement = read_statement_of(connection, customer)
    found = ledger(statement)
    match form:
        case "csv":
            _tell(run, found.notes)
            run.result(ledger_csv(found))
        case "json":
            run.result(ledger_json(customer, found))
        case _:
            run.result(ledger_text(customer, found, width=run.look.width))
    return Exit.DONE


def ping(run: Run, options: ServerOptions, *, names_unlisted: bool, exit_code: bool) -> Exit:
    """Say whether the server answers, what it can do, and, if asked, what of its API billsync doesn't know."""
    with connected(run, replace(options, asks_anew=True)) as connection:
        found = pinged(connection, names_unlisted=names_unlisted)
    run.result(ping_json(found) if run.wants_json else ping_text(found))
    has_news = found.unlisted is not None and bool(found.unlisted.lines)
    return Exit.PENDING if exit_code and has_news else Exit.DONE


def _tell(run: Run, notes: Iterable[Note]) -> None:
    for note in notes:
        run.talk(noted(note))
