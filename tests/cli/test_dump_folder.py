"""`dump --split`: a folder appears whole, or stays as it was; what the dump didn't write is never removed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from billsync.app.ending import Ended
from billsync.cli.running import dump_folder
from billsync.cli.running.dump_folder import NOT_YET, UNFINISHED, check_folder, write_folder
from billsync.config.text.searching import search
from billsync.core.dump.dump import Dump
from billsync.core.dump.files import IN_A_FILE, files_of
from billsync.kinds.registry import KINDS
from billsync.model.dump_report import DUMP_REPORT
from tests.cli.conftest import SHOP
from tests.support.command import Shell

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:")
TEAM = """\
  - key: team
    name: Team
    phases:
      - {key: default, name: Default, rate_cards: [{use: api_standard}]}
"""
"""A plan with the rate card of the other one."""


def report(files: object) -> str:
    return json.dumps({"files": files})


def write(folder: Path, *, yes: bool = False, **files: str) -> None:
    write_folder(str(folder), [(f"{name}.yaml", text) for name, text in files.items()], report, yes=yes)


def held(folder: Path) -> dict[str, str]:
    """The files of a folder, but for the report."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != DUMP_REPORT and path.is_file()}


@contextmanager
def refused(words: str) -> Iterator[None]:
    """A write that isn't made, for a reason with these words."""
    with pytest.raises(Ended) as found:
        yield
    assert words in str(found.value.findings)


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """A folder that has a dump in it."""
    write(tmp_path / "live", meters="1", plans="1")
    return tmp_path / "live"


def test_a_new_folder_has_the_files_and_their_digests(live: Path) -> None:
    assert held(live) == {"meters.yaml": "1", "plans.yaml": "1"}
    digest = f"sha256:{sha256(b'1').hexdigest()}"
    assert json.loads((live / DUMP_REPORT).read_text()) == {"files": dict.fromkeys(held(live), digest)}
    assert os.listdir(live.parent) == ["live"]


def test_the_next_dump_takes_the_place_of_the_last_with_its_modes(live: Path) -> None:
    (live / "meters.yaml").chmod(0o600)

    write(live, meters="2", features="2")

    assert held(live) == {"meters.yaml": "2", "features.yaml": "2"}
    assert stat.S_IMODE((live / "meters.yaml").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["notes.txt", ".git", "meters.yaml"])
def test_files_of_other_origin_are_refused_and_with_consent_kept(live: Path, name: str) -> None:
    """A file that no dump wrote, or that was changed since: a dump needs consent, and overwrites its own names only."""
    (live / name).write_text("mine")
    before = held(live)

    with refused(name):
        write(live, meters="2")
    after = held(live)
    write(live, yes=True, meters="2")

    assert after == before
    assert held(live) == {"meters.yaml": "2", **({} if name == "meters.yaml" else {name: "mine"})}


def test_a_changed_file_that_is_no_part_of_the_dump_stays(live: Path) -> None:
    (live / "plans.yaml").write_text("mine")
    before = held(live)

    with refused("plans.yaml"):
        write(live, yes=True, meters="2")

    assert held(live) == before


def test_a_folder_in_the_place_of_a_file_stays(live: Path) -> None:
    (live / "features.yaml").mkdir()
    (live / "features.yaml" / "mine").write_text("mine")

    with refused("features.yaml"):
        write(live, yes=True, features="2")

    assert (live / "features.yaml" / "mine").read_text() == "mine"
    assert held(live) == {"meters.yaml": "1", "plans.yaml": "1"}


@pytest.mark.parametrize("yes", [True, False])
def test_links_are_refused(live: Path, yes: bool) -> None:
    outside = live.parent / "outside"
    outside.write_text("mine")
    link = live.parent / "link"
    link.symlink_to(live)
    with refused("is a link"):
        check_folder(str(link), yes=yes)
    (live / "meters.yaml").unlink()
    (live / "meters.yaml").symlink_to(outside)

    with refused("holds a link"):
        write(live, yes=yes, meters="2")

    assert outside.read_text() == "mine"


@pytest.mark.parametrize("place", ["outside", "nowhere/live"])
def test_no_folder_is_made_of_a_file_or_in_nothing(live: Path, place: str) -> None:
    (live.parent / "outside").write_text("mine")

    with pytest.raises(Ended):
        write(live.parent / place, yes=True, meters="2")

    assert sorted(os.listdir(live.parent)) == ["live", "outside"]


def failing() -> Iterator[tuple[str, str]]:
    yield "meters.yaml", "2"
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("place", ["live", "new"])
def test_a_dump_that_fails_leaves_all_as_it_was(live: Path, place: str) -> None:
    with refused("No space left"):
        write_folder(str(live.parent / place), failing(), report, yes=False)

    assert sorted(os.listdir(live.parent)) == ["live"]
    assert held(live) == {"meters.yaml": "1", "plans.yaml": "1"}


@pytest.mark.parametrize("moved", range(5))
def test_a_move_that_fails_is_taken_back(live: Path, moved: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = held(live), count()
    rename = os.rename

    def failing(source: Path, place: Path) -> None:
        if next(calls) == moved:
            assert NOT_YET in (live / UNFINISHED).read_text()
            raise KeyboardInterrupt
        rename(source, place)

    monkeypatch.setattr(dump_folder.os, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        write(live, meters="2", plans="2", features="2")

    assert held(live) == whole
    assert sorted(os.listdir(live)) == sorted([*whole, DUMP_REPORT])


@pytest.mark.parametrize("moved", range(1, 6))
def test_a_killed_dump_is_no_input_and_the_next_one_mends_it(
    shell: Shell, live: Path, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, rename = count(), os.rename

    def killed(source: Path, place: Path) -> None:
        if next(calls) >= moved:
            raise KeyboardInterrupt
        rename(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(dump_folder.os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            write(live, meters="2", features="2")
    ran = shell.run("validate", str(live))
    write(live, meters="3")

    assert ran.code == 1
    assert UNFINISHED in ran.out + ran.err
    assert held(live) == {"meters.yaml": "3"}
    assert sorted(os.listdir(live)) == [DUMP_REPORT, "meters.yaml"]


def test_the_report_is_no_input(live: Path) -> None:
    files, problems, skipped = search(str(live))

    assert ([Path(path).name for path in files], problems, skipped) == (["meters.yaml", "plans.yaml"], [], [])


def test_customers_stand_in_files_of_a_thousand_with_their_comments() -> None:
    entries = [{"key": f"c{number}"} for number in range(IN_A_FILE + 1)]
    document = {"_info": {"owner": "a"}, "meters": [{"key": "m"}], "customers": entries}
    last = ("customers", IN_A_FILE, "name")
    comments = {(): ("top",), ("meters", 0): ("m",), ("customers", 0): ("first",), last: ("last",)}

    found = {file.name: file for file in files_of(Dump(document, (), comments), KINDS)}

    assert {name: (file.document, file.comments) for name, file in found.items()} == {
        "info": ({"_info": {"owner": "a"}}, {(): ("top",)}),
        "meters": ({"meters": [{"key": "m"}]}, {("meters", 0): ("m",)}),
        "customers-0001": ({"customers": entries[:-1]}, {("customers", 0): ("first",)}),
        "customers-0002": ({"customers": entries[-1:]}, {("customers", 0, "name"): ("last",)}),
    }


def test_dumps_of_every_form_equal_what_is_live(shell: Shell, folder: Path) -> None:
    """A folder, and a dump with its rate cards in the library through a pipe: `dump --rate-card-library | diff -`."""
    (folder / "shop.yaml").write_text(SHOP.replace("customers:\n", f"{TEAM}customers:\n"))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0

    split = shell.run("dump", *LOCAL, "--split", "-o", "live")
    compared = shell.run("diff", "live", *LOCAL, "--exit-code")
    library = shell.run("dump", *LOCAL, "--rate-card-library")
    piped = shell.run("diff", "-", *LOCAL, "--exit-code", stdin=library.out)

    assert (split.code, split.out, compared.code, compared.err) == (0, "", 0, "")
    assert "customers-0001.yaml" in os.listdir("live")
    assert library.out.count("- use: api_requests") == 2
    assert (piped.code, piped.err) == (0, "")


def test_a_part_of_a_dump_is_what_was_selected(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    ran = shell.run("dump", *LOCAL, "--split", "-o", "live", "--select", "feature/*")
    compared = shell.run("diff", "live", *LOCAL, "--exit-code")

    assert (ran.code, compared.code) == (0, 0)
    assert sorted(os.listdir("live")) == [DUMP_REPORT, "features.yaml", "info.yaml", "meters.yaml"]
    assert compared.err == "Selected: 1 feature, with 1 meter that it needs. Left out: nothing.\n"
    assert shell.run("dump", *LOCAL, "--select", "plan/prepayed").err.splitlines()[2].endswith("plan/prepaid?")
