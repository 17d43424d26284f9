"""`dump`, `ledger` and `ping`: commands that only read a server."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.api.documents import BALANCE, TRANSACTIONS
from billsync.app.connection import Connection
from billsync.app.dumped_addons import addon_notes
from billsync.app.dumped_losses import losses_beyond
from billsync.app.ending import Exit, error, usage
from billsync.app.pipeline import everything
from billsync.cli.delivering import check_output, write_file
from billsync.cli.opening import ServerOptions, connected
from billsync.cli.surroundings import Run
from billsync.core.dump import dump
from billsync.core.losses import told
from billsync.core.row_validation import shown, unknown_in
from billsync.kinds.registry import KINDS
from billsync.live.paging import count_rows
from billsync.live.statement import StatementRoutes, read_statement
from billsync.model.ports import RemoteError
from billsync.model.value import is_text, json_line
from billsync.render.formats.words import visible
from billsync.render.formats.yaml_text import to_yaml
from billsync.render.ledger import ledger_csv, ledger_json, ledger_text
from billsync.report.credits.ledger import Statement, ledger

OF_EVERY_DUMP = (
    "What was live, as far as a file can declare it. On the server that it comes from, a diff of it is empty.",
    "No file carries usage, invoices, charges and movements of credit, entitlements made by hand, or notifications.",
)
"""The comment at the top of every dumped file."""


def write_dump(run: Run, options: ServerOptions, *, output: str | None, yes: bool) -> Exit:
    """Print, or write to a file, the YAML that declares what is live; what it lacks is said on stderr."""
    if output is not None:
        check_output(output, yes=yes)
    with connected(run, options) as connection:
        live = everything(connection)
        lacking = addon_notes(connection, live)
        found = dump(live, KINDS, connection.routes, beyond=losses_beyond(connection, live))
    comments = {**found.comments, (): (*OF_EVERY_DUMP, *found.comments.get((), ()), *lacking)}
    text = to_yaml(found.document, comments)
    if output is None:
        run.result(text)
    else:
        write_file(output, text)
    _tell(run, (*told(found.losses), *lacking))
    return Exit.DONE


def show_ledger(run: Run, customer: str, options: ServerOptions, form: str) -> Exit:
    """Print a customer's credit movements with the balance before and after each."""
    with connected(run, options) as connection:
        customer_id = customer_id_of(connection, customer)
        statement = statement_of(connection, customer_id)
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


def ping(run: Run, options: ServerOptions) -> Exit:
    """Say whether the server answers, and which dialect it speaks."""
    with connected(run, options) as connection:
        count_rows(connection.remote, connection.routes["meter"].collection, ())
    facts = {"server": connection.target, "dialect": connection.dialect}
    text = f"{visible(connection.target)} answers, and speaks the dialect {connection.dialect}.\n"
    run.result(json_line(facts) + "\n" if run.wants_json else text)
    return Exit.DONE


def customer_id_of(connection: Connection, key: str) -> str:
    """The server's id of a customer. Raises Ended when there is none with the key, RemoteError."""
    if not key.strip(", "):
        raise usage("no-customer", "The key of a customer is never empty.")
    if not is_text(key):
        raise usage("no-customer", f"The key of a customer is UTF-8 text: {key!r} is not.")
    rows = connection.rows("customer", key=key)
    live = sorted(str(row["id"]) for row in rows if not row.get("deleted_at") and row.get("key") in (key, None))
    if len(live) > 1:
        both = f"{connection.target} shows {len(live)} with the key {key!r}: {' and '.join(live)}."
        raise error("duplicate-rows", both, "Delete or rename the wrong one.")
    if not live:
        raise error("no-customer", f"{connection.target} has none with the key {key!r}.")
    return live[0]


def statement_of(connection: Connection, customer_id: str) -> Statement:
    """What the server shows of a customer's credits. Raises RemoteError."""
    routes = StatementRoutes(BALANCE, TRANSACTIONS, connection.routes["grant"])
    found = read_statement(connection.remote, connection.clock, customer_id, routes)
    for grant in found.grants:
        if faults := unknown_in(KINDS["grant"], grant):
            raise RemoteError(f"unexpected response: a grant ({grant.get('id')}) shows {shown(faults)}")
    return found


def _tell(run: Run, notes: Iterable[str]) -> None:
    for note in notes:
        run.talk(f"note: {visible(note)}")
