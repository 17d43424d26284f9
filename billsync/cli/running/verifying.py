"""`verify`: compare a server with a recovery snapshot."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from billsync.app.ending import Exit, error
from billsync.app.recovery.store import read
from billsync.app.recovery.verifying import COMPARED, verify
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.delivering import write_file
from billsync.cli.terminal.showing import check_files
from billsync.cli.terminal.surroundings import Run
from billsync.config.text.bounded import Unreadable, content_in
from billsync.live.protocol.encoding import NotJson, decode
from billsync.model.limits import LOSSES_BYTES
from billsync.model.malformed import MalformedRow
from billsync.model.moment import moment_text
from billsync.model.recovery import Accounted, Recovery
from billsync.render.recovery.report import FORMATS, About, Paged, RecoveryReport
from billsync.report.recovery.losses.loss_lines import lines_in, taken_at_in
from billsync.report.recovery.proof.departures import Proof

HINT = "`billsync restore SNAPSHOT … --out json=FILE` writes one."


def show_proof(run: Run, snapshot: str, options: ServerOptions, losses: str | None) -> Exit:
    """Print how a server departs from a snapshot; the code is 4 where the loss report doesn't explain all of it.

    Raises Ended, RemoteError.
    """
    check_files(run)
    recovery = read(Path(snapshot), COMPARED)
    accounts = read_losses(losses, recovery) if losses else ()
    with connected(run, options) as connection:
        proof = verify(connection, recovery, accounts, partial(read, Path(snapshot)))
        target = connection.target
    run.verdict = code_of(proof)
    show_report(run, RecoveryReport(about(recovery, target), proof))
    return run.verdict


def about(recovery: Recovery, target: str) -> About:
    """The subject of a report on a server."""
    return About(recovery.header.taken_at, recovery.header.target, target)


def code_of(proof: Proof) -> Exit:
    """The exit code of a proof."""
    return Exit.REFUSED if proof.unexplained else Exit.DONE


def read_losses(path: str, recovery: Recovery) -> tuple[Accounted, ...]:
    """The lines of the loss report in the JSON of `restore`, which must be one of this snapshot. Raises Ended."""
    try:
        document = decode(content_in(path, LOSSES_BYTES))
        lines = lines_in(document)
    except Unreadable as problem:
        raise error("bad-losses", f"{path}: {problem}.", HINT) from problem
    except NotJson as problem:
        raise error("bad-losses", f"{path}: it is not JSON.", HINT) from problem
    except MalformedRow as fault:
        raise error("bad-losses", f"{path}: {fault.malformed.text}.", HINT) from fault
    mine, theirs = moment_text(recovery.header.taken_at), taken_at_in(document)
    if theirs not in (None, mine):
        raise error("bad-losses", f"{path}: it is of the snapshot of {theirs}, and this one is of {mine}.", HINT)
    return lines


def show_report(run: Run, report: RecoveryReport) -> None:
    """Write a report to the files of `--out`, then print it on stdout. Raises Ended, ResultLost."""
    while run.outputs:
        name, path = run.outputs.pop(0)
        write_file(path, run.masked(FORMATS[name](report, _paged(run, width=None))))
    run.result(FORMATS[run.stdout_format](report, _paged(run, width=run.look.width)))


def _paged(run: Run, *, width: int | None) -> Paged:
    return Paged(run.comment_id, " and ".join(run.whole_in), width)
