"""`ledger` and `ping`: commands that only read a server."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.app.ending import Exit
from billsync.app.reading.customers import read_statement_of
from billsync.app.server.pinging import ping as pinged
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.surroundings import Run
from billsync.model.frozen import replace
from billsync.model.note import Note
from billsync.render.formats.words import noted
from billsync.render.ledger import ledger_csv, ledger_json, ledger_text
from billsync.render.ping import ping_json, ping_text
from billsync.report.credits.ledger import ledger


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
