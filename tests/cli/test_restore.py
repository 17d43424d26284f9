"""`restore` as a person runs it: shown, refused, carried out, run again."""

import json
from pathlib import Path

import pytest

from billsync.cli.servers.database import open_database
from tests.support.call_shop import ACME, BIRCH, CATALOG, send_calls
from tests.support.command import Shell
from tests.support.old_organization import lived_through
from tests.support.recorder import Recorder
from tests.support.recoveries import written_to

pytestmark = pytest.mark.thorough

SERVER = ("--server", "local:new.db")
CALLS = 130
ROWS = 13 + CALLS
LOSSES = f"Loss report: {ROWS} rows: 12 restored, {CALLS + 1} restored differently, 0 lost."


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recovery snapshot of a shop with usage, in the working directory."""
    monkeypatch.chdir(tmp_path)
    world = lived_through([(0, CATALOG.format(fee="30") + ACME + BIRCH)], days=10)
    send_calls(world, CALLS)
    world.clock.advance(86_400)
    return written_to(tmp_path / "shop.snapshot", world)


def at_the_same_time(shell: Shell) -> Shell:
    shell.clock.advance(11 * 86_400)
    return shell


def test_a_restore_is_shown_carried_out_and_done_only_once(shell: Shell, snapshot: Path) -> None:
    """Shown into a plan file and pages, carried out by it; the loss report counts the rows of the snapshot, of which a
    debt is one."""
    shell = at_the_same_time(shell)
    pages = ("--out", "markdown=shown.md", "--out", "html=shown.html")

    shown = shell.run("restore", str(snapshot), *SERVER, "--dry-run", "--exit-code", "--out", "plan=shown.plan", *pages)
    ran = shell.run(
        "restore", str(snapshot), *SERVER, "--plan-file", "shown.plan", "--yes", "--format", "json",
        "--out", "json=losses.json", "--verify", "--out", "markdown=ran.md", "--out", "html=ran.html",
    )  # fmt: skip
    again = shell.run("restore", str(snapshot), *SERVER, "--yes")
    billed = shell.run("restore", str(snapshot), *SERVER, "--plan-file", "shown.plan", "--yes", "--in-advance", "bill")
    proof = shell.run("verify", str(snapshot), *SERVER, "--losses", "losses.json")
    journal = next(path for path in sorted(Path(".billsync/journal").iterdir()) if '"owing"' in path.read_text())
    undone = shell.run("undo", str(journal), *SERVER, "--dry-run")

    assert (shown.code, shown.out.splitlines()[0]) == (2, LOSSES)
    for page in ("shown.md", "shown.html"):
        text = Path(page).read_text()
        assert all(words in text for words in (LOSSES.partition(": ")[2], "acme/welcome", "pro@1")), page
    assert ran.code == 0, ran
    assert json.loads(ran.out)["debts"] == "Debts: 1 made again, 0 there already."
    assert json.loads(ran.out)["events"] == "Usage events: 130 sent, 0 there already."
    for page in ("ran.md", "ran.html"):
        text = Path(page).read_text()
        said = ("Debts: 1 made again, 0 there already.", "Usage events: 130 sent, 0 there already.", "Verified")
        assert all(words in text for words in said), page
    assert sum(json.loads(ran.out)["losses"]["total"].values()) == ROWS
    assert again.code == 0, again
    assert "Debts: 0 made again, 1 there already.\nUsage events: 0 sent, 130 there already.\n" in again.out
    assert "Created: 0" in again.out
    assert (billed.code, "made with `--in-advance grant`, and this is `--in-advance bill`" in billed.err) == (1, True)
    assert proof.code == 0, proof.out
    assert balance(shell) == {"settled": "470", "live": "405"}
    assert "that made its debt again stays, as no call takes a fee back: grant it" in undone.err
    assert "usage events that the run sent again stay: no call takes an event back" in undone.err


def test_what_was_decided_before_a_period_ended_is_not_done_after_it(
    shell: Shell, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its plan file, or after a late answer; nor what a server says whose clock is behind. A fresh restore goes."""
    behind = shell.run("restore", str(snapshot), *SERVER, "--yes")
    shell.clock.advance(29.5 * 86_400)

    def late(*about: object, **shown: str) -> bool:
        shell.clock.advance(20 * 3_600)
        return True

    shell.run("restore", str(snapshot), *SERVER, "--dry-run", "--out", "plan=shown.plan")
    monkeypatch.setattr("billsync.cli.running.restoring.agrees", late)
    answered = shell.run("restore", str(snapshot), *SERVER, answer="")
    saved = shell.run("restore", str(snapshot), *SERVER, "--yes", "--plan-file", "shown.plan")
    fresh = shell.run("restore", str(snapshot), *SERVER, "--yes")

    assert (behind.code, "error[clock-behind]" in behind.err) == (1, True), behind
    for ran in (answered, saved):
        assert (ran.code, "error[restore-late]" in ran.err) == (1, True), ran
    assert (fresh.code, "Created: 10" in fresh.out) == (0, True), fresh


def balance(shell: Shell) -> dict[str, str]:
    import httpx

    app = open_database("new.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as http:
        acme = next(row for row in http.get("customers").json()["data"] if row["key"] == "acme")
        (found,) = http.get(f"customers/{acme['id']}/credits/balance").json()["balances"]
    app.close()
    return {name: found[name] for name in ("settled", "live")}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recovery snapshot of a shop without usage, in which somebody owes something."""
    world = lived_through([(0, CATALOG.format(fee="30") + ACME + BIRCH)], days=11)
    return written_to(tmp_path_factory.mktemp("shop") / "shop.snapshot", world)


@pytest.mark.generation("konnect@1.2")
def test_debts_on_a_server_that_turns_out_to_take_no_fees_are_lost(shell: Shell, shop: Path, openapi: Recorder) -> None:
    """Konnect 1.2 has no call for charges, and can't be told from 1.1: the loss report that the run leaves says that
    the debt is lost, with its money, as that of a run that was told does; and the proof is made."""
    openapi.exempt = True  # requests are those of another generation
    shell, server = at_the_same_time(shell), ("--server", "local:konnect.db?generation=1.2")
    run = ("restore", str(shop), *server, "--yes", "--verify", "--format", "json", "--out")

    ran = shell.run(*run, "json=losses.json", "--dialect", "konnect@1.1")
    proof = shell.run("verify", str(shop), *server, "--losses", "losses.json")
    told = shell.run(*run, "json=told.json", "--dialect", "konnect@1.2")

    found, expected = (json.loads(one.out)["losses"] for one in (ran, told))
    (line,) = (one for one in found["lines"] if one["kind"] == "debt")
    assert (line["fate"], line["code"], line["money"]) == ("lost", "debt", {"USD": "-30"})
    assert found == expected
    assert (ran.code, proof.code, told.code) == (0, 0, 0)
    assert json.loads(ran.out)["proof"]["verified"]
