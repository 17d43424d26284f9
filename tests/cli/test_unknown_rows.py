"""Commands on rows that billsync doesn't know: exit 4 where a run goes on without them, a clear error elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.behind import put_before_the_server
from tests.support.command import Shell
from tests.support.newer_server import NewerServer, Rewrite

SHOP = """
_info: {owner: payments}
customers:
  - {key: acme, name: Acme, grants: [{key: g, name: G, amount: 5, currency: USD, funding_method: none}]}
  - {key: globex, name: Globex}
"""


def rewriting(monkeypatch: pytest.MonkeyPatch, rewrite: Rewrite) -> None:
    """Let every command see a server's answers rewritten."""
    put_before_the_server(monkeypatch, lambda inner: NewerServer(inner, rewrite))


def renamed(body: Any) -> Any:
    """The second customer under the key of the first one."""
    return json.loads(json.dumps(body).replace('"key": "globex"', '"key": "acme"'))


def doubled(body: Any) -> Any:
    """The first customer under one more id."""
    rows = body.get("data", [])
    if not rows or rows[0].get("key") != "acme":
        return body
    twin = {**rows[0], "id": "01M7YRG3XQ6HWA0V5CP80TW1NS"}
    page = {**body["meta"]["page"], "total": len(rows) + 1}
    return {"data": [*rows, twin], "meta": {"page": page}}


def in_the_future(body: Any) -> Any:
    return json.loads(json.dumps(body).replace('"status": "active"', '"status": "from_the_future"'))


@pytest.fixture
def synced(shell: Shell, folder: Path) -> Shell:
    (folder / "two.yaml").write_text(SHOP)
    assert shell.run("sync", "two.yaml", "--server", "local:two.db", "--yes").code == 0
    return shell


def test_two_customers_under_one_key_end_a_run_with_4(synced: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    rewriting(monkeypatch, renamed)

    ran = synced.run("sync", "two.yaml", "--server", "local:two.db", "--yes")

    assert ran.code == 4
    assert "refused[duplicate-rows]: customer acme: the server shows it more than once" in ran.out


def test_an_unknown_status_ends_a_run_with_4(synced: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    rewriting(monkeypatch, in_the_future)

    ran = synced.run("sync", "two.yaml", "--server", "local:two.db", "--yes")

    assert ran.code == 4
    assert "the server shows status: 'from_the_future', which this billsync doesn't know" in ran.out


def test_no_ledger_is_shown_of_one_of_two_customers(synced: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    rewriting(monkeypatch, doubled)

    ran = synced.run("ledger", "acme", "--server", "local:two.db")

    assert (ran.code, ran.out) == (1, "")
    assert "error[duplicate-rows]" in ran.err


def test_no_ledger_is_shown_of_grants_that_are_not_known(synced: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    rewriting(monkeypatch, in_the_future)

    ran = synced.run("ledger", "acme", "--server", "local:two.db")

    assert (ran.code, ran.out) == (1, "")
    assert "status: 'from_the_future'" in ran.err


def test_a_dump_leaves_out_what_is_not_known_and_says_so(synced: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    rewriting(monkeypatch, in_the_future)

    ran = synced.run("dump", "--server", "local:two.db")

    assert ran.code == 0
    assert "grants:" not in ran.out
    assert "grant g: the server shows status: 'from_the_future', which this billsync doesn't know: left out" in ran.err


def test_a_dump_leaves_out_two_customers_under_one_key_and_says_so(
    synced: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewriting(monkeypatch, renamed)

    ran = synced.run("dump", "--server", "local:two.db")

    assert (ran.code, "key: acme" in ran.out) == (0, False)
    assert "customer/acme: the server shows it more than once" in ran.err
