"""Rows that lack a field, or have another type in it: a clear error or an answer in every command, never a crash.

The answers of the embedded server to each command are recorded once, and shown again with one field spoiled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.api.promises import PROMISES, Promise, promise_of
from billsync.cli.servers.database import open_database
from tests.support.addon_shop import CATALOG
from tests.support.behind import put_before_the_server
from tests.support.clock import FakeClock
from tests.support.command import Ran, Shell
from tests.support.promised_rows import rows_of
from tests.support.recorder import Recorder

BASE = "/api/v3"
CUSTOMERS = """
customers:
  - key: acme
    name: Acme
    usage_attribution: {subject_keys: [acme]}
    subscription: {plan: pro}
    grants:
      - {key: welcome, name: Welcome, amount: "500", currency: USD, funding_method: none}
      - {key: tiles, name: Tiles, amount: "5", currency: USD, funding_method: none, filters: {features: [tiles]}}
"""
SHOP = (
    CATALOG.replace(", {addon: maps}", "")
    .replace("- key: pro\n", "- key: pro\n    settlement_mode: credit_only\n")
    .replace("rate_cards: [{key: base,", "rate_cards: [TILES, {key: base,", 1)
    .replace("TILES", '{feature: tiles, billing_cadence: P1M, price: {type: unit, amount: "0.1"}, ENTITLEMENT}')
    .replace("ENTITLEMENT", "entitlement: {type: boolean}")
    + "tax_codes: [{key: software, name: Software, app_mappings: [{app_type: sandbox, tax_code: soft}]}]"
    + CUSTOMERS
)
LEAVING = SHOP.replace(CUSTOMERS, "\ncustomers: []\n")
DEARER = SHOP.replace('amount: "10"', 'amount: "12"')
INVOICE = {
    "id": "01J00000000000000000000000",
    "number": "INV-1",
    "status": "issued",
    "currency": "USD",
    "issued_at": "2026-09-01T00:00:00Z",
    "due_at": "2026-09-10T00:00:00Z",
    "customer": {"id": "01J00000000000000000000001", "name": "Acme", "key": "acme"},
    "totals": {"amount": "1", "credits_total": "0", "total": "1"},
}
COMMANDS = {
    "diff": ("diff", "shop.yaml"),
    "impact": ("diff", "dearer.yaml", "--impact=all"),
    "leaving": ("diff", "leaving.yaml"),
    "dump": ("dump",),
    "usage": ("usage", "acme"),
    "ledger": ("ledger", "acme"),
    "forecast": ("forecast", "acme"),
    "invoices": ("invoices",),
}
Place = tuple[str | int, ...]


@dataclass(slots=True)
class Tape(httpx.BaseTransport):
    """Records what a transport answers; without one it shows that again, with one field of one list spoiled."""

    inner: httpx.BaseTransport | None = None
    answers: dict[tuple[str, str, bytes], tuple[int, bytes]] = field(default_factory=dict)
    spoiled: tuple[str, Place, str] | None = None
    of_others: dict[tuple[str, str, bytes], tuple[int, bytes]] = field(default_factory=dict)
    """Answers of the same server to other commands: a spoiled row may make a command ask what it didn't ask before."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = (request.method, str(request.url), request.read())
        if request.url.path.endswith("/billing/invoices"):
            page = {"data": [INVOICE], "meta": {"page": {"total": 1}}}
            self.answers[asked] = (200, json.dumps(page).encode())
        elif self.inner is not None:
            answer = self.inner.handle_request(request)
            self.answers[asked] = (answer.status_code, answer.read())
        status, content = self.answers.get(asked) or self.of_others[asked]
        if self.spoiled and request.method == "GET" and pattern(request.url.path) == self.spoiled[0]:
            content = json.dumps(spoil(json.loads(content), *self.spoiled)).encode()
        return httpx.Response(status, headers={"Content-Type": "application/json"}, content=content)

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """One row of each list and document that was read."""
        for (method, url, _), (status, content) in self.answers.items():
            path = pattern(httpx.URL(url).path)
            if method == "GET" and status == 200 and path in PROMISES:
                for row in rows_of(PROMISES[path], json.loads(content)):
                    yield path, row


def pattern(path: str) -> str:
    """The key of a path's promise, or the path."""
    promise = promise_of(path.removeprefix(BASE))
    return next((known for known, of in PROMISES.items() if of is promise), path)


def spoil(document: Any, path: str, place: Place, how: str) -> Any:
    """The document with a field gone, or of another type, in each of its rows that has it."""
    for row in rows_of(PROMISES[path], document):
        holder = row
        try:
            for name in place[:-1]:
                holder = holder[name]
            if how == "gone":
                del holder[place[-1]]
            else:
                holder[place[-1]] = {"no": ["such"]} if not isinstance(holder[place[-1]], dict) else [7]
        except (KeyError, IndexError, TypeError):
            continue
    return document


def places(row: Any, before: Place = ()) -> Iterator[Place]:
    """Where each field of a row stands; of lists, in the first member."""
    if isinstance(row, dict):
        for name, value in row.items():
            yield (*before, name)
            yield from places(value, (*before, name))
    elif isinstance(row, list) and row:
        yield from places(row[0], (*before, 0))


def is_promised(promise: Promise, place: Place) -> bool:
    """Whether a field has to be there."""
    for name in place:
        if isinstance(promise, tuple) and name == 0:
            promise = promise[0]
        elif isinstance(promise, dict) and name in promise:
            promise = promise[str(name)]
        else:
            return False
    return True


@dataclass(slots=True)
class Stage:
    """A shell whose commands are answered from tapes."""

    shell: Shell
    tapes: dict[str, Tape]
    now: list[Tape]

    def run(self, command: str, spoiled: tuple[str, Place, str]) -> Ran:
        """Run a command once more, with a field spoiled."""
        tape = self.tapes[command]
        tape.inner, tape.spoiled, self.now[0] = None, spoiled, tape
        tape.of_others = {asked: found for other in self.tapes.values() for asked, found in other.answers.items()}
        return self.shell.run(*COMMANDS[command], "--server", "local:")


@pytest.fixture
def stage(shell: Shell, folder: Path, openapi: Recorder, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A shop whose commands have been recorded, twenty days after it opened."""
    openapi.document = None  # what is spoiled here is wrong on purpose
    (folder / "shop.yaml").write_text(SHOP)
    (folder / "dearer.yaml").write_text(DEARER)
    (folder / "leaving.yaml").write_text(LEAVING)
    assert shell.run("sync", "shop.yaml", "--yes", "--server", "local:").code == 0
    open_and_use(shell.clock)
    now = [Tape()]

    def taped(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        if now[0].spoiled is None:
            now[0].inner = inner
        return now[0]

    put_before_the_server(monkeypatch, taped)
    tapes = {}
    for command, arguments in COMMANDS.items():
        tapes[command] = now[0] = Tape()
        ran = shell.run(*arguments, "--server", "local:")
        assert (ran.code, "error[" in ran.err) in ((0, False), (4, False)), ran.err
    return Stage(shell, tapes, now)


def open_and_use(clock: FakeClock) -> None:
    """An add-on, and some usage, of the only customer."""
    app = open_database(".billsync/local.db", clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as server:
        [subscription] = server.get("/subscriptions").json()["data"]
        addon = next(row for row in server.get("/addons").json()["data"] if row["key"] == "blocks")
        body = {"addon": {"id": addon["id"]}, "quantity": 2, "timing": "immediate"}
        assert server.post(f"/subscriptions/{subscription['id']}/addons", json=body).status_code == 201
        clock.advance(20 * 86_400)
        event = {"specversion": "1.0", "id": "1", "source": "test", "type": "tile", "subject": "acme"}
        assert server.post("/events", json=event).status_code == 202
    app.close()


def faults(stage: Stage) -> Iterator[tuple[str, str, Place, str]]:
    """A command, and a field of a list that it reads, gone or of another type: each field with one command in turn."""
    turn = 0
    readers: dict[tuple[str, Place], list[str]] = {}
    for command, tape in stage.tapes.items():
        for path, row in tape.rows():
            for place in places(row):
                known = readers.setdefault((path, place), [])
                known += [command] if command not in known else []
    for (path, place), commands in readers.items():
        for how in ("gone", "of another type"):
            turn += 1
            yield commands[turn % len(commands)], path, place, how


@pytest.mark.slow
def test_a_spoiled_row_is_a_clear_error_in_every_command(stage: Stage) -> None:
    seen: set[str] = set()
    wrong: list[str] = []

    for command, path, place, how in faults(stage):
        seen.add(path)
        ran = stage.run(command, (path, place, how))
        crashed = "error[internal]" in ran.err + ran.out or "Traceback" in ran.err
        passed = is_promised(PROMISES[path], place) and (ran.code != 1 or "error[remote]" not in ran.err)
        if crashed or passed:
            wrong.append(f"{command}: {path} {place} {how}: {ran.code} {ran.err.strip()[-300:]}")

    assert not wrong, "\n".join(wrong)
    assert PROMISES.keys() == seen


def test_what_is_there_instead_is_named_and_not_shown(stage: Stage) -> None:
    ran = stage.run("usage", ("/openmeter/meters", ("aggregation",), "of another type"))

    assert ran.code == 1
    assert "GET /openmeter/meters: unexpected response: aggregation is not a text (it is: map)" in ran.err
    assert ran.out == ""
