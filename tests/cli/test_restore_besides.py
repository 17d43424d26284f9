"""What a restore does besides its steps: shown before it is done, held by its plan file, and done once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.cli.servers.database import open_database
from tests.laws.test_restored_pins import lost_shop
from tests.local.test_apps_and_profiles import profile
from tests.support.call_shop import send_calls
from tests.support.command import Ran, Shell
from tests.support.loopback import App, serving
from tests.support.recoveries import written_to

pytestmark = pytest.mark.thorough

SERVER = ("--server", "local:new.db")
PLANNED = (
    "Set up first: custom currency COINS (irreversible)",
    "cost of a unit of COINS: 0.01 USD (irreversible)",
    "Billing of customers: 1 to set.",
    "Debts: 1 to make again (irreversible): birch 31 USD.",
    "Usage events: 7 to send (irreversible), except those that are there.",
)


@pytest.fixture
def lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> str:
    """The recovery snapshot of a shop with everything that no step makes again."""
    world = lost_shop()
    send_calls(world, 7)
    world.clock.advance(86_400)
    shell.clock.advance((world.clock.now() - shell.clock.now()).total_seconds() + 3600)
    return str(written_to(tmp_path / "shop.snapshot", world))


def restore(shell: Shell, lost: str, *more: str, server: tuple[str, str] = SERVER) -> Ran:
    return shell.run("restore", lost, *server, *more)


def live(shell: Shell) -> dict[str, int]:
    """The numbers of what no step makes on the new server."""
    app = open_database("new.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as http:
        ids = {row["key"]: row["id"] for row in rows(http, "/customers")}
        found = {
            "currencies": len(rows(http, "/currencies?filter[type]=custom")),
            "profiles": len(rows(http, "/profiles")),
            "fees": sum(
                str(row.get("unique_reference_id")).startswith("restore:")
                for row in rows(http, f"/customers/{ids['birch']}/charges")
            ),
            "events": len(rows(http, "/events")),
        }
    app.close()
    return found


def rows(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    answer = http.get(path)
    answer.raise_for_status()
    return list(answer.json()["data"] or ())


DONE = {"currencies": 1, "profiles": 2, "fees": 1, "events": 7}


def test_every_format_shows_what_no_step_does(shell: Shell, lost: str) -> None:
    pages = ("markdown=shown.md", "html=shown.html", "json=shown.json")

    shown = restore(shell, lost, "--dry-run", *(part for page in pages for part in ("--out", page)))
    asked = shell.run("restore", lost, *SERVER, answer="no\n")

    texts = [shown.out, asked.out + asked.err, *(Path(page.partition("=")[2]).read_text() for page in pages)]
    assert [line for text in texts for line in PLANNED if line not in text.replace("\\", "")] == []
    assert json.loads(Path("shown.json").read_text())["besides"] == {
        "set_up": [
            "custom currency COINS (irreversible)",
            "cost of a unit of COINS: 0.01 USD (irreversible)",
            "cost of a unit of COINS: 0.02 USD from 2027-01-01T00:00:00Z (irreversible)",
            "billing profile 'EU'",
        ],
        "billing": ["acme"],
        "debts": [{"customer": "birch", "currency": "USD", "amount": "31"}],
        "events": 7,
    }


def test_a_plan_file_does_what_was_shown_and_once(shell: Shell, lost: str) -> None:
    restore(shell, lost, "--dry-run", "--out", "plan=shown.plan")

    ran = restore(shell, lost, "--plan-file", "shown.plan", "--yes")
    once = live(shell)
    again = restore(shell, lost, "--plan-file", "shown.plan", "--yes")

    assert (ran.code, again.code, once, live(shell)) == (0, 0, DONE, DONE)
    assert "Set-up: 4 currencies, costs and billing profiles made." in ran.out
    assert "Billing of customers: 1 set" in ran.out
    assert "Debts: 0 made again, 1 there already.\nUsage events: 0 sent, 7 there already." in again.out
    assert "Set up first" not in again.out


def test_a_plan_file_of_a_run_that_broke_off_in_its_set_up_goes_on(shell: Shell, lost: str, tmp_path: Path) -> None:
    """The part that is made is no reason to refuse the plan file, and isn't made again."""
    refusing = {"left": 1}

    def wrap(app: App) -> App:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Any:
            is_it = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/profiles")
            if is_it and refusing["left"]:
                refusing["left"] -= 1
                start_response("400 Bad Request", [("Content-Type", "application/problem+json")])
                return [b"{}"]
            return app(environ, start_response)

        return wrapped

    with serving(tmp_path / "new.db", shell.clock, wrap) as base:
        server = ("--server", base)
        restore(shell, lost, "--dry-run", "--out", "plan=shown.plan", server=server)
        broken, ran = (restore(shell, lost, "--plan-file", "shown.plan", "--yes", server=server) for _ in range(2))

    assert (broken.code, ran.code) == (3, 0)
    assert "error[not-set-up]" in broken.err
    assert "Set-up: 1 currencies, costs and billing profiles made." in ran.out
    assert live(shell) == DONE


def test_a_plan_file_is_refused_where_what_it_does_besides_is_another(shell: Shell, lost: str) -> None:
    """Another choice of usage; and a profile that was there when it was made, and is gone."""
    app = open_database("new.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as http:
        made = http.post("/profiles", json=profile(http)).json()["id"]
        restore(shell, lost, "--dry-run", "--out", "plan=shown.plan")
        http.delete(f"/profiles/{made}").raise_for_status()
    app.close()

    gone = restore(shell, lost, "--plan-file", "shown.plan", "--yes")
    other = restore(shell, lost, "--plan-file", "shown.plan", "--yes", "--usage", "none")

    assert (gone.code, other.code) == (1, 1)
    assert "error[plan-file-snapshot]" in gone.err
    assert "It doesn't have this part of the set-up, which is missing now: billing profile 'EU'." in gone.err
    assert "It was made with another `--usage`." in other.err
    assert not list(Path(".billsync").glob("journal/*"))


def test_an_undo_names_what_no_step_did(shell: Shell, lost: str) -> None:
    restore(shell, lost, "--yes")
    journal = str(sorted(Path(".billsync/journal").glob("*.jsonl"))[-1])

    undone = shell.run("undo", journal, *SERVER, "--dry-run")

    for words in (
        "no call takes a custom currency, or what a unit of it costs, back",
        "delete it by hand, once no customer has it and another is the default",
        "customer birch: the one-off fee of 31 USD that made its debt again stays",
        "usage events that the run sent again stay",
    ):
        assert words in undone.err
