import json
import os
import stat
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import failing, serving

PRIVATE = """\
_info: {owner: payments}
customers:
  - key: jane@doe.example
    name: Jane Doe
    description: Janes own
    labels: {contact: Jane_D}
    primary_email: jane@home.example
    usage_attribution: {subject_keys: [jane.d@work.example, api]}
    billing_address: {line1: Doe Lane}
    grants: [{key: a, name: Hi, amount: 5, currency: USD, funding_method: none}]
"""
PERSONAL = ("Jane", "Doe", "doe.example", "home.example", "work.example")


def modes(folder: Path) -> dict[str, str]:
    """The mode of everything below the folder, by its path; journals by their directory."""
    found = sorted(path for path in folder.rglob("*"))
    return {
        str((path.parent / "*" if path.suffix == ".jsonl" else path).relative_to(folder)): oct(
            stat.S_IMODE(path.stat().st_mode)
        )
        for path in found
    }


def journal_in(folder: Path) -> list[dict[str, object]]:
    """The events of the only journal."""
    (path,) = (folder / "journal").iterdir()
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_journals_and_databases_are_for_their_user_only(shell: Shell, folder: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        shell.run("sync", "shop.yaml", "--server", "local:", "--yes")
        shell.run("sync", "shop.yaml", "--server", "local:deep/er/x.db", "--yes")
    finally:
        os.umask(before)

    assert modes(folder / ".billsync") == {"journal": "0o700", "journal/*": "0o600", "local.db": "0o600"}
    assert modes(folder / "deep") == {"er": "0o700", "er/x.db": "0o600"}
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in (".billsync", "deep")} == {0o700}


def test_the_state_directory_is_where_the_environment_says(folder: Path) -> None:
    state = folder / "somewhere" / "else"
    shell = Shell(environment={"BILLSYNC_STATE_DIR": str(state)})

    ran = shell.run("sync", "shop.yaml", "--server", "local:", "--yes")

    assert (ran.code, (folder / ".billsync").exists()) == (0, False)
    assert modes(state) == {"journal": "0o700", "journal/*": "0o600", "local.db": "0o600"}
    assert Shell(environment=shell.environment).run("diff", "shop.yaml", "--server", "local:", "--exit-code").code == 0


def test_a_directory_that_is_there_keeps_its_mode(folder: Path) -> None:
    (folder / "shared").mkdir(mode=0o755)
    (folder / "shared").chmod(0o755)

    Shell(environment={"BILLSYNC_STATE_DIR": "shared"}).run("sync", "shop.yaml", "--server", "local:x.db", "--yes")

    assert (stat.S_IMODE((folder / "shared").stat().st_mode), modes(folder / "shared")["journal"]) == (0o755, "0o700")


def test_an_empty_variable_is_not_given(folder: Path) -> None:
    Shell(environment={"BILLSYNC_STATE_DIR": ""}).run("sync", "shop.yaml", "--server", "local:x.db", "--yes")

    assert len(journal_in(folder / ".billsync")) > 1


def test_a_journal_tells_what_was_done(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").write_text(
        "_info: {owner: me}\nmeters: [{key: a, name: A, event_type: e, aggregation: count}]\n"
    )

    shell.run("sync", "shop.yaml", "--server", "local:x.db", "--yes")

    run, begin, call, answer, result = journal_in(folder / ".billsync")
    assert (run["event"], run["target"], run["owner"], run["mode"]) == ("run", "local:x.db", "me", "sync")
    assert (begin["event"], begin["steps"]) == ("begin", 1)
    assert (call["event"], call["method"], call["path"]) == ("call", "POST", "/openmeter/meters")
    assert call["body"] == {
        "key": "a", "name": "A", "event_type": "e", "aggregation": "count", "dimensions": {},
        "labels": {"billsync_owner": "me"},
    }  # fmt: skip
    assert (answer["event"], answer["status"], result["event"], result["status"]) == ("answer", 201, "result", "done")
    assert {event["at"] for event in (run, begin, call, answer, result)} == {"2026-09-01T00:00:00+00:00"}


def test_a_journal_holds_no_names_and_addresses_of_customers(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").write_text(PRIVATE)
    with serving(folder / "x.db", FakeClock()) as base:
        first = shell.run("sync", "shop.yaml", "--server", base, "--yes")
        (folder / "shop.yaml").write_text(PRIVATE.replace("Jane Doe", "Jane D. Doe"))
        second = shell.run("sync", "shop.yaml", "--server", base, "--yes")
    with serving(folder / "x.db", FakeClock(), failing("PUT", "/customers", "400 Jane is bad")) as base:
        (folder / "shop.yaml").write_text(PRIVATE.replace("Doe Lane", "Doe Road"))
        third = shell.run("sync", "shop.yaml", "--server", base, "--yes")

    text = "".join(path.read_text() for path in (folder / ".billsync" / "journal").iterdir())
    assert (first.code, second.code, third.code) == (0, 0, 1)
    assert [word for word in PERSONAL if word in text] == []
    assert '"name": "Hi"' in text  # a grant's own name is evidence
    assert "customer/(e-mail 1)" in text
    assert '"subject_keys": ["api", "(e-mail 2)"]' in text
