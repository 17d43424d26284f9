"""A local server in this process, and whole runs against it from nothing, as a fresh command in an empty directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import httpx

from billsync.api.generations import dated
from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.app.planning.plan_files import carry_out_plan_file
from billsync.app.server.connection import Connection
from billsync.apply.execute import IN_TURN, Manner, stopped
from billsync.config import load
from billsync.core.diffing.diff import Mode
from billsync.core.plan_file import from_json, to_json
from billsync.kinds.registry import KINDS
from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.local import create_app
from billsync.local.app import Randomness
from billsync.local.server.editions import AUGUST, Edition
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.result import Report
from billsync.model.state import Desired
from billsync.model.value import Plain
from tests.support.clock import FakeClock
from tests.support.remembered_reads import Reads, RememberingTransport
from tests.support.seeded import Turns

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BASE = "http://local.invalid/api/v3"
TARGET = "local:test"
EVERY_ROW = {"page[size]": "1000"}

Wrap = Callable[[httpx.BaseTransport], httpx.BaseTransport]


def as_it_is(transport: httpx.BaseTransport) -> httpx.BaseTransport:
    """No change."""
    return transport


def examples() -> tuple[Path, ...]:
    """The folders of all examples; the whole repository in one of them has no files of its own right there."""
    return tuple(sorted({path.parent for path in EXAMPLES.glob("*/*.yaml")}))


def declared(text: str) -> Desired:
    """What a configuration text declares. Raises AssertionError for one with diagnostics."""
    return _without_diagnostics(*load(["-"], registry=KINDS, stdin=StringIO(text)))


def declared_in(*paths: Path) -> Desired:
    """What files or folders declare. Raises AssertionError for one with diagnostics."""
    return _without_diagnostics(*load([str(path) for path in paths], registry=KINDS))


def _without_diagnostics(desired: Desired, diagnostics: Sequence[Diagnostic]) -> Desired:
    """The state; a note, about files that aren't read, say, is no mistake."""
    mistakes = [found for found in diagnostics if found.severity is not Severity.NOTE]
    assert not mistakes, "\n".join(map(str, mistakes))
    return desired


class NoJournal:
    """A journal that keeps nothing."""

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        """Forget the event."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one command came to."""

    plan: PlanFile
    report: Report


@dataclass(slots=True)
class World:
    """One server with its clock. `seed` makes its ids repeatable.

    The server's clock moves by `tick` seconds at once; 0 for a clock that always moves. Where there are `reads`,
    what they remember isn't asked again. `manner` is how steps are carried out.
    """

    seed: int = 1
    database: str = ":memory:"
    clock: FakeClock = field(default_factory=FakeClock)
    app: Any = None
    edition: Edition = AUGUST
    tick: int = 0
    randomness: Randomness | None = None
    reads: Reads | None = None
    manner: Manner = IN_TURN

    def __post_init__(self) -> None:
        randomness = self.randomness or Random(self.seed).randbytes
        self.app = create_app(self.database, clock=self.server_time, randomness=randomness, edition=self.edition)

    def server_time(self) -> datetime:
        """The time by the server's clock."""
        now = self.clock.now()
        since = timedelta(seconds=now.timestamp() % self.tick) if self.tick else timedelta()
        return now - since

    def transport(self) -> httpx.BaseTransport:
        """A way to the server, without a socket."""
        found = httpx.WSGITransport(app=self.app)
        return RememberingTransport(found, self.reads) if self.reads else found

    def connection(self, wrap: Wrap = as_it_is, clock: FakeClock | None = None) -> Connection:
        """A new client that knows nothing, on a machine with this clock if it isn't the server's."""
        clock = clock or self.clock
        dialect = self.edition.dialect
        target = Target(BASE, database="test", dialect=dialect)
        client = Client(target, clock, Settings(transport=Turns(wrap(self.transport()))))
        found = None if self.edition is AUGUST else dated(dialect, self.edition.generation)
        return Connection(client, clock, TARGET, dialect, found)

    def plan(
        self,
        desired: Desired,
        *,
        wrap: Wrap = as_it_is,
        allow: Mapping[str, str] | None = None,
        mode: str = "sync",
        deletes: bool = True,
    ) -> PlanFile:
        """What `sync`, or another mode, would do. Raises RemoteError."""
        return compare(self.connection(wrap), desired, Mode(mode, deletes, allow or {})).plan

    def sync(self, desired: Desired, *, wrap: Wrap = as_it_is, allow: Mapping[str, str] | None = None) -> Run:
        """One whole `sync`; a guard stops it before its first step. Raises RemoteError."""
        connection = self.connection(wrap)
        comparison = compare(connection, desired, Mode("sync", True, allow or {}))
        if comparison.plan.guards:
            return Run(comparison.plan, stopped(comparison.plan))
        report = carry_out(
            connection,
            comparison.plan,
            journal=NoJournal(),
            known=comparison.snapshot,
            is_one_chain_per_parent=comparison.is_one_chain_per_parent,
            manner=self.manner,
        )
        return Run(comparison.plan, report)

    def carry_out(self, plan: PlanFile, *, wrap: Wrap = as_it_is) -> Report:
        """Run a plan file that was made before, with nothing known but what it says."""
        return carry_out_plan_file(self.connection(wrap), plan, journal=NoJournal(), manner=self.manner)

    def run_plan_file(self, text: str, *, wrap: Wrap = as_it_is) -> Report:
        """Run a saved plan file, with nothing known beforehand."""
        return self.carry_out(from_json(text), wrap=wrap)

    def plan_file(self, desired: Desired, *, allow: Mapping[str, str] | None = None) -> str:
        """The text of the plan file of a `sync`."""
        return to_json(self.plan(desired, allow=allow))

    def http(self) -> httpx.Client:
        """A client of the bare API, which has no code of billsync."""
        return httpx.Client(transport=self.transport(), base_url=f"{BASE}/openmeter")

    def drafts(self) -> list[str]:
        """The ids of all plans and add-ons in draft."""
        with self.http() as http:
            rows = [row for kind in ("plans", "addons") for row in rows_of(http, kind)]
        return [str(row["id"]) for row in rows if row["status"] == "draft"]

    def ask_anew(self) -> None:
        """From here on remember no reads."""
        if self.reads:
            self.reads.close()
        self.reads = None

    def close(self) -> None:
        """Let go of the database."""
        self.ask_anew()
        self.app.close()


def rows_of(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    """All rows of a list of the bare API. Raises httpx.HTTPStatusError."""
    answer = http.get(path, params=EVERY_ROW)
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows
