"""`billsync verify`: a server against a recovery snapshot, on the embedded server and on one that lies."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Ran, Shell
from tests.support.loopback import App, serving
from tests.support.taken import DAYS, request, take

pytestmark = pytest.mark.thorough
SAME = "Verified: local:.billsync/local.db against the snapshot of 2026-09-11 00:00:01Z: everything is as it was."


@pytest.fixture
def taken(shell: Shell) -> Shell:
    """A shop ten days on, after three calls, and its snapshot."""
    assert shell.run("sync", "shop.yaml", "--server", "local:", "--yes").code == 0
    shell.clock.advance(DAYS)
    request(shell, 3)
    shell.clock.advance(1)
    take(shell)
    return shell


def verified(shell: Shell, *more: str, on: str = "local:") -> Ran:
    return shell.run("verify", "live.snapshot", "--server", on, *more)


def a_cent_more(app: App) -> App:
    """The server, whose balances are a cent too high."""

    def lying(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun: list[Any] = []
        body = b"".join(app(environ, lambda *told: begun.append(told)))
        (status, headers), *_ = begun
        if environ["PATH_INFO"].endswith("/credits/balance"):
            body = body.replace(b'"settled":"500"', b'"settled":"500.01"')
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            headers.append(("Content-Length", str(len(body))))
        start_response(status, headers)
        return [body]

    return lying


def test_everything_is_there_until_usage_makes_the_next_charge_dearer(taken: Shell) -> None:
    same = verified(taken)
    request(taken, 500)
    ran = verified(taken)

    assert (same.code, same.err) == (0, "")
    assert same.out.splitlines()[0] == SAME
    assert "next charge 1" in same.out
    assert ran.code == 4
    assert ran.out.splitlines()[3].split() == [
        "acme", "default", "next", "charge", "0.01", "1.01", "+1", "USD", "NOT", "EXPLAINED",
    ]  # fmt: skip


def test_a_balance_that_is_a_cent_off_is_named_and_fails(taken: Shell, folder: Path) -> None:
    """A loss report that names the cent explains it; one that is a cent off doesn't."""
    line = {"kind": "grant", "id": "g", "what": "acme/welcome", "customer": "acme", "fate": "restored differently",
            "code": "rounded", "why": "so it is", "count": 1}  # fmt: skip
    for name, amount in (("right", "-0.01"), ("wrong", "-0.02")):
        (folder / name).write_text(json.dumps({"losses": {"lines": [{**line, "money": {"USD": amount}}]}}))

    with serving(folder / ".billsync/local.db", taken.clock, a_cent_more) as url:
        pages = ("--out", "markdown=proof.md", "--out", "html=proof.html")
        bare = verified(taken, *pages, "--format", "json", on=url)
        right, wrong = (verified(taken, "--losses", name, on=url).code for name in ("right", "wrong"))

    said = json.loads(bare.out)["proof"]
    assert (bare.code, right, wrong) == (4, 0, 4)
    assert (said["verified"], said["unexplained"]) == (False, 1)
    assert [(one["customer"], one["aspect"], one["difference"]) for one in said["departures"]] == [
        ("acme", "balance", "0.01")
    ]
    for page in ("proof.md", "proof.html"):
        assert all(word in Path(page).read_text() for word in ("acme", "500.01", "NOT EXPLAINED"))


def test_a_file_that_is_no_loss_report_is_refused(taken: Shell, folder: Path) -> None:
    earlier = '{"snapshot": {"taken_at": "2026-09-10T00:00:00Z"}, "losses": {"lines": []}}'
    said = "it is of the snapshot of 2026-09-10T00:00:00Z, and this one is of 2026-09-11T00:00:01Z."
    bad = {
        earlier: said,
        "[]": "losses",
        "{": "not JSON",
        '{"losses": {"lines": [{"kind": 1}]}}': "losses.lines.0.kind is 1",
    }
    for content, words in bad.items():
        (folder / "losses.json").write_text(content)

        ran = verified(taken, "--losses", "losses.json")

        assert ran.code == 1, content
        assert "error[bad-losses]" in ran.err
        assert words in ran.err


def test_a_restore_verifies_itself_and_its_losses_explain_later_proofs(taken: Shell, folder: Path) -> None:
    """A cent that the loss report doesn't know makes the restore end with 4, though all was written."""
    files = ("--out", "json=losses.json", "--out", "markdown=restore.md")

    first = taken.run("restore", "live.snapshot", "--server", "local:new.db", "--yes", "--verify", *files)
    later = verified(taken, "--losses", "losses.json", on="local:new.db")
    with serving(folder / "other.db", taken.clock, a_cent_more) as url:
        lied = taken.run("restore", "live.snapshot", "--server", url, "--yes", "--verify", "--format", "json")

    assert (first.code, later.code, lied.code) == (0, 0, 4), first.out
    assert json.loads((folder / "losses.json").read_text())["proof"]["verified"] is True
    assert "Loss report" in (folder / "restore.md").read_text()
    assert [one["difference"] for one in json.loads(lied.out)["proof"]["departures"]] == ["0.01"]
