"""`billsync drill`: a restore that happens in an embedded server, and its proof past the next renewal."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from billsync.cli.terminal.staging import staged_folder
from tests.cli.conftest import SHOP
from tests.support.command import Shell
from tests.support.taken import DAYS, request, take

pytestmark = pytest.mark.thorough
FEES = SHOP.replace(
    "rate_cards: [{use: api_standard}]}",
    """rate_cards: [{use: api_standard}, {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance,
        price: {type: flat, amount: "30"}}]}""",
)


@pytest.fixture
def taken(shell: Shell, folder: Path) -> Shell:
    """A shop in the middle of a period, with usage for 1 USD, and its recovery snapshot."""
    (folder / "shop.yaml").write_text(FEES)
    assert shell.run("sync", "shop.yaml", "--server", "local:", "--yes").code == 0
    shell.clock.advance(DAYS)
    request(shell, 500)
    shell.clock.advance(1)
    take(shell)
    return shell


def test_a_drill_restores_verifies_and_charges_as_promised(taken: Shell, folder: Path) -> None:
    """The fee of the running period was drawn from the credits, and 1 USD of its usage isn't yet."""
    ran = taken.run("drill", "live.snapshot", "--pace", "50", "--format", "json", "--out", "text=drill.txt")

    said, text = json.loads(ran.out), (folder / "drill.txt").read_text()
    assert (ran.code, ran.err, said["proof"]["departures"]) == (0, "", [])
    assert said["drill"] == {
        "restored_at": "2026-09-11T00:00:01Z",
        "renewed_at": "2026-10-01T01:02:00Z",
        "requests": said["drill"]["requests"],
        "writes": 13,
        "milliseconds_each": 50,
        "seconds": 2,
    }
    assert said["proof"]["compared"]["charge at renewal"] == 1
    assert text.splitlines()[0] == (
        "Drill: live.snapshot was restored into an embedded server at 2026-09-11 00:00:01Z; then it was 2026-10-01 "
        "01:02:00Z, after each renewal."
    )
    assert list(folder.glob("**/drill.db")) == []


@pytest.mark.parametrize(
    ("choices", "departures"),
    [
        (
            ("--usage", "none", "--in-advance", "bill"),
            {"balance": "-20", "next charge": "-1", "charge at renewal": "-1"},
        ),
        (("--in-advance", "wait"), {"start": None}),
    ],
)
def test_a_drill_takes_the_choices_of_a_restore(
    taken: Shell, choices: tuple[str, ...], departures: dict[str, str | None]
) -> None:
    """Each departure is explained to the cent, and also who waits has renewed."""
    ran = taken.run("drill", "live.snapshot", *choices, "--format", "json")

    said = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert {one["aspect"]: one["difference"] for one in said["proof"]["departures"]} == departures
    assert said["proof"]["compared"]["after renewal"] == 1
    assert said["drill"]["renewed_at"] == "2026-10-01T01:02:00Z"


def test_a_drill_leaves_nothing_and_takes_what_a_killed_one_left(
    taken: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder holds customers' data. One whose process is gone was made by a drill that was killed."""
    place = folder / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with staged_folder(place) as left:
        (left / "drill.db").write_text("customers")
    os.utime(left, (0, 0))

    ran = taken.run("drill", "live.snapshot")

    assert (ran.code, list(place.iterdir())) == (0, [])


def test_a_drill_without_a_place_for_its_folder_says_so(
    taken: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "nowhere"))

    ran = taken.run("drill", "live.snapshot")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[unwritable]: the file can't be written")


@pytest.mark.generation("konnect@1.1")
def test_a_drill_renews_where_no_end_of_a_period_is_shown(shell: Shell, folder: Path) -> None:
    """Konnect shows none of a plan with phases: the clock is moved by anchor and cadence."""
    trial = "{key: try, name: Try, duration: P7D, rate_cards: [{key: fee, name: Fee, price: {type: free}}]}"
    phased = SHOP.replace("    phases:\n", f"    phases:\n      - {trial}\n")
    (folder / "shop.yaml").write_text(phased)
    konnect = ("--server", "local:konnect.db?dialect=konnect")
    assert shell.run("sync", "shop.yaml", *konnect, "--yes").code == 0
    assert shell.run("dump", *konnect, "--snapshot", "phased.snapshot").code == 0

    ran = shell.run("drill", "phased.snapshot", "--format", "json")

    assert ran.code == 0, ran
    assert json.loads(ran.out)["drill"]["renewed_at"] == "2026-10-01T01:02:00Z"
