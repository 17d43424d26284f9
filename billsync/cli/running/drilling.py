"""`drill`: restore a recovery snapshot into an embedded server in a temporary directory, and prove it there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from billsync.app.ending import Exit, error
from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.drilling import drill
from billsync.app.recovery.owing import owe
from billsync.app.recovery.pinning import pin, second_part, until_customers
from billsync.app.recovery.resending import resend
from billsync.app.recovery.restoring import Restore, planned
from billsync.app.recovery.setting_up import make_set_up
from billsync.app.recovery.store import events, read
from billsync.app.server.connecting import Way, connect
from billsync.app.server.connection import Connection
from billsync.apply.journal import FileJournal
from billsync.cli.running.verifying import about, code_of, show_report
from billsync.cli.servers.database import open_database
from billsync.cli.servers.opening import ANY_TARGET
from billsync.cli.servers.served_memory import ServedFiles
from billsync.cli.terminal.showing import check_files
from billsync.cli.terminal.staging import scratch_folder
from billsync.cli.terminal.surroundings import Run
from billsync.live.client import Settings
from billsync.live.protocol.requested import Requested
from billsync.live.protocol.target import LOCAL_BASE, Target
from billsync.local.app import LocalServer
from billsync.local.server.editions import AUGUST, edition_of
from billsync.model.frozen import dataclass
from billsync.model.ports import Journal
from billsync.model.recovery import Accounted, Header, Recovery
from billsync.model.result import Report, Status, StepResult
from billsync.render.formats.words import title_of
from billsync.render.recovery.drill import Drilled, Pace
from billsync.render.recovery.report import RecoveryReport
from billsync.report.moves.guards import DEFAULT_BILLING
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.restore.choices import Choices, Usage
from billsync.report.recovery.restore.pins import with_profiles
from billsync.report.recovery.snapshot.items import Event

DATABASE = "drill.db"
QUERY = "/query"
"""The end of the paths of posts that only read."""

NAMED = 5
"""The number of faults that a message names."""

T = TypeVar("T")


class DrillClock:
    """A clock that stands, and is set."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The time that was set."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Set it forward instead of waiting."""
        self._now += timedelta(seconds=seconds)

    def move_to(self, moment: datetime) -> None:
        """Set it, never back."""
        self._now = max(self._now, moment)


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """Options of a drill. `pace` is the time that a real server takes for a request, in milliseconds."""

    choices: Choices
    pace: int | None = None


def show_drill(run: Run, snapshot: str, options: DrillOptions) -> Exit:
    """Print the loss report and the proof of a restore that happens only here; the code is 4 where a departure isn't
    explained. Raises Ended, RemoteError."""
    check_files(run)
    recovery = read(Path(snapshot))
    clock = DrillClock(recovery.header.finished_at)
    with scratch_folder() as folder, _server(recovery.header, clock, folder) as server:
        timed = _Timed(run)
        restoring = _Restoring(Path(snapshot), recovery, options.choices, folder, run.progress)
        with _connected(server, clock, folder, timed.heard) as connection:
            found = drill(connection, recovery, timed.of(partial(restoring.run, connection)), clock, run.progress)
    drilled = Drilled(snapshot, found.restored_at, found.renewed_at, timed.pace(options.pace))
    run.verdict = code_of(found.proof)
    subject = about(recovery, "the embedded server")
    show_report(run, RecoveryReport(subject, found.proof, found.losses, drilled.lines, drilled.parts))
    return run.verdict


@dataclass(frozen=True, slots=True)
class _Restoring:
    """A restore as `restore` makes it, without questions."""

    path: Path
    recovery: Recovery
    choices: Choices
    folder: Path
    progress: Callable[[str], None]

    def run(self, connection: Connection) -> tuple[Accounted, ...]:
        """Restore everything. Raises Ended where a row has no fate, or a step isn't done; RemoteError."""
        recovery = self.recovery
        allow = {DEFAULT_BILLING: ""}  # the embedded server has none of the apps
        found = planned(connection, recovery, self.choices, allow, self._events())
        if faults := complete(recovery, found.accounts, events=found.events):
            raise error("unaccounted", "; ".join(faults[:NAMED]))
        if found.plan.guards:
            raise error("drill-failed", "; ".join(guard.reason for guard in found.plan.guards[:NAMED]))
        with FileJournal(self.folder / "journal", clock=connection.clock, facts={}) as journal:
            results = self._carried(connection, found, journal)
        failed = [one for one in results if one.status not in (Status.DONE, Status.ALREADY)]
        if failed:
            reasons = [f"{title_of(one.step.address)}: {one.reason}" for one in failed[:NAMED]]
            raise error("drill-failed", "; ".join(reasons))
        owe(connection, found.debts)
        if self.choices.usage is not Usage.NONE:
            resend(connection, recovery, self._events(), self.choices, found, self.progress)
        return found.accounts

    def _carried(self, connection: Connection, found: Restore, journal: Journal) -> tuple[StepResult, ...]:
        """Make the set-up, and carry the steps out, with the billing of customers once they are there. Raises Ended."""
        made = make_set_up(connection, found.set_up, journal)
        go = partial(carry_out, connection, journal=journal, known=found.known)
        first = go(until_customers(found.plan)) if found.pins else Report(())
        pinned = pin(connection, with_profiles(found.pins, made.profiles), journal)
        if failed := {**made.failed, **(pinned.failed or {})}:
            reasons = [f"{name}: {reason}" for name, reason in failed.items()]
            raise error("drill-failed", "; ".join(reasons[:NAMED]))
        ended = {one.step.id: one for one in first.results}
        rest, held = second_part(found.plan, ended, (), connection.kinds)
        return (*first.results, *held, *go(rest).results)

    def _events(self) -> Iterator[Event]:
        return events(self.path) if self.recovery.header.has_events else iter(())


class _Timed:
    """The requests and the time of one part of a command."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._heard: list[Requested] = []
        self._is_on = False
        self._spent = timedelta()

    def heard(self, request: Requested) -> None:
        """Note a request, and show it where requests are shown."""
        if self._is_on:
            self._heard.append(request)
        if self._run.hears_requests:
            self._run.requested(request)

    def of(self, work: Callable[[], T]) -> Callable[[], T]:
        """The work, timed."""

        def timed() -> T:
            self._is_on, begun = True, time.monotonic_ns()
            try:
                return work()
            finally:
                self._is_on, self._spent = False, timedelta(microseconds=(time.monotonic_ns() - begun) // 1000)

        return timed

    def pace(self, given: int | None) -> Pace:
        """The number of requests, and the time of each: the given one, or as it was here."""
        count = len(self._heard)
        writes = sum(one.method != "GET" and not one.path.endswith(QUERY) for one in self._heard)
        each = timedelta(milliseconds=given) if given is not None else self._spent / max(count, 1)
        return Pace(count, writes, each, is_given=given is not None)


@contextmanager
def _server(header: Header, clock: DrillClock, folder: Path) -> Iterator[tuple[Target, LocalServer]]:
    """An empty embedded server that speaks the snapshot's API."""
    edition = edition_of(*header.generation.split("@")[:2]) if "@" in header.generation else None
    edition = edition or edition_of(header.dialect, None) or AUGUST
    app = open_database(str(folder / DATABASE), clock, test_clock=False, edition=edition)
    try:
        yield Target(LOCAL_BASE, DATABASE, edition.dialect, edition.generation), app
    finally:
        app.close()


@contextmanager
def _connected(
    server: tuple[Target, LocalServer], clock: DrillClock, folder: Path, heard: Callable[[Requested], None]
) -> Iterator[Connection]:
    target, app = server
    settings = Settings(embedded=app, on_request=heard)
    way = Way(target, clock, settings, None, ServedFiles(folder, clock))
    with connect(way, ANY_TARGET) as connection:
        yield connection
