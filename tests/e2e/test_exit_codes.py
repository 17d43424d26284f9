"""The exit codes, each in its situations, as a script that calls billsync would meet them (design.md §7)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import failing, serving

pytestmark = pytest.mark.thorough

OWNER = "_info: {owner: payments}\n"
METER = "{{key: {0}, name: {0}, event_type: e, aggregation: count}}"
LOCAL = ("--server", "local:shop.db")


def meters(*keys: str) -> str:
    """A file with these meters."""
    return f"{OWNER}meters: [{', '.join(METER.format(key) for key in keys)}]\n"


@dataclass(frozen=True, slots=True)
class Situation:
    """What stands in the file, what ran before, the command, and the code that it ends with."""

    code: int
    command: tuple[str, ...]
    text: str = meters("one")
    before: str = ""


MANY = tuple(f"m{number}" for number in range(12))


def grant(key: str, amount: int) -> str:
    """A file with a customer and a grant."""
    return (
        f"{OWNER}customers: [{{key: acme, name: Acme, grants: [{{key: {key}, name: Welcome, amount: {amount}, "
        "currency: USD, funding_method: none}]}]\n"
    )


SITUATIONS = {
    "a valid file": Situation(0, ("validate",)),
    "a first sync": Situation(0, ("sync", "--yes", *LOCAL)),
    "a first apply": Situation(0, ("apply", "--yes", *LOCAL)),
    "a plain diff with changes": Situation(0, ("diff", *LOCAL)),
    "nothing to do": Situation(0, ("sync", "--yes", *LOCAL), before=meters("one")),
    "a strict diff of nothing": Situation(0, ("diff", "--exit-code", *LOCAL), before=meters("one")),
    "an apply that would delete": Situation(0, ("apply", "--yes", *LOCAL), before=meters("one", "two")),
    "a note alone": Situation(0, ("sync", "--yes", *LOCAL), f"{OWNER}customers: [{{key: acme, name: Acme}}]\n",
                              grant("a", 5)),
    "a wrong file": Situation(1, ("validate",), meters("Not A Key")),
    "a wrong file to sync": Situation(1, ("sync", "--yes", *LOCAL), meters("Not A Key")),
    "an empty file": Situation(1, ("diff", *LOCAL), ""),
    "a file without an owner": Situation(1, ("sync", "--yes", *LOCAL), f"meters: [{METER.format('one')}]\n"),
    "a server that isn't there": Situation(1, ("diff", "--server", "http://127.0.0.1:1/api/v3")),
    "changes are pending": Situation(2, ("diff", "--exit-code", *LOCAL)),
    "changes are pending, in decK's words": Situation(2, ("diff", "--non-zero-exit-code", *LOCAL)),
    "too many deletes": Situation(4, ("sync", "--yes", *LOCAL), meters("m0"), meters(*MANY)),
    "a doubled grant": Situation(4, ("sync", "--yes", *LOCAL), grant("b", 5), grant("a", 5)),
    "an edited grant": Situation(4, ("sync", "--yes", *LOCAL), grant("a", 6), grant("a", 5)),
    "somebody else's meter": Situation(4, ("apply", "--yes", *LOCAL),
                                       meters("one").replace("name: one", "name: Other").replace("payments", "sales"),
                                       meters("one")),
    "a strict diff of a refusal alone": Situation(4, ("diff", "--exit-code", *LOCAL), grant("a", 6),
                                                  grant("a", 5)),
    "no server": Situation(64, ("sync", "--yes")),
    "a server that is no address": Situation(64, ("diff", "--server", "eu.api.konghq.com")),
    "nobody to ask": Situation(64, ("sync", *LOCAL)),
    "an unknown option": Situation(64, ("diff", "--whatever", *LOCAL)),
    "an unknown guard": Situation(64, ("sync", "--yes", "--allow", "everything", *LOCAL)),
}  # fmt: skip


def run(shell: Shell, folder: Path, situation: Situation, *more: str) -> tuple[int, str]:
    """The code of the situation's command, and its stdout."""
    if situation.before:
        (folder / "shop.yaml").write_text(situation.before)
        assert shell.run("sync", "shop.yaml", "--yes", *LOCAL).code == 0
    (folder / "shop.yaml").write_text(situation.text)
    name, *options = situation.command
    ran = shell.run(name, "shop.yaml", *options, *more)
    assert "Traceback" not in ran.out + ran.err
    return ran.code, ran.out


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_situation_has_its_exit_code(shell: Shell, folder: Path, name: str) -> None:
    situation = SITUATIONS[name]

    code, _ = run(shell, folder, situation)

    assert code == situation.code


@pytest.mark.parametrize("name", SITUATIONS)
def test_json_changes_no_exit_code_and_is_json_in_every_end(shell: Shell, folder: Path, name: str) -> None:
    situation = SITUATIONS[name]

    code, out = run(shell, folder, situation, "--format", "json")

    assert (code, json.loads(out)["format_version"]) == (situation.code, "1.0")


@pytest.mark.parametrize(("path", "code"), [("/openmeter", 1), ("/grants", 3)])
def test_a_failed_step_is_1_before_the_first_write_and_3_after_it(
    shell: Shell, folder: Path, path: str, code: int
) -> None:
    with serving(folder / "served.db", FakeClock(), failing("POST", path, "422 Unprocessable Entity")) as base:
        ran = shell.run("sync", "shop.yaml", "--yes", "--server", base)

    assert ran.code == code


def test_a_failure_after_a_write_goes_before_a_refusal(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").write_text(meters("one"))
    with serving(folder / "served.db", FakeClock()) as base:
        shell.run("sync", "shop.yaml", "--yes", "--server", base)
    (folder / "shop.yaml").write_text(
        meters("one").replace("aggregation: count", "aggregation: sum, value_property: $.v")
    )
    (folder / "more.yaml").write_text("features: [{key: other, name: O}]\ncustomers: [{key: acme, name: Acme}]\n")

    with serving(folder / "served.db", FakeClock(), failing("POST", "/customers", "422 Unprocessable Entity")) as base:
        refusal = shell.run("sync", "shop.yaml", "--yes", "--server", base)
        both = shell.run("sync", "shop.yaml", "more.yaml", "--yes", "--server", base)

    assert (refusal.code, both.code) == (4, 3)
