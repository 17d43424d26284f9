"""The exit codes of every command and outcome on streams in every state (design.md §7)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import failing, serving
from tests.support.streams import UNWRITABLE, Stoppable

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:shop.db")
OWNED = "_info: {owner: payments}\n"
CUSTOMER = "customers: [{key: acme, name: Acme, grants: [{key: %s, name: Hi, amount: %s, currency: USD, %s}]}]\n"
HERE = "funding_method: none"


def meters(*keys: str) -> str:
    """A file with these meters."""
    rows = (f"{{key: {key}, name: {key}, event_type: e, aggregation: count}}" for key in keys)
    return f"{OWNED}meters: [{', '.join(rows)}]\n"


ACME = OWNED + CUSTOMER % ("a", "5", HERE)
EDITED = OWNED + CUSTOMER % ("a", "6", HERE)
RENAMED = OWNED + CUSTOMER % ("b", "5", HERE)
MANY = meters(*(f"m{number}" for number in range(12)))
ONE = meters("one")
CHEAP = """\
_info:
  owner: payments
  policy: {prices: [{plans: [pro], max_increase: 10%, usage: {from: 0, to: 1000}}]}
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    phases:
      - key: default
        name: Default
        rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "10"}, billing_cadence: P1M}]
"""
DEAR = CHEAP.replace('"10"', '"20"')
EDITED_AND_ONE = EDITED + ONE.removeprefix(OWNED)
NAMELESS = ONE.removeprefix(OWNED)
SYNC = ("sync", "shop.yaml", "--yes", *LOCAL)
DIFF = ("diff", "shop.yaml", *LOCAL)
STRICT = (*DIFF, "--exit-code")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A command and its exit codes: with a good stdout, with one that can't be written, and when nobody reads it."""

    command: tuple[str, ...]
    good: int
    unwritable: int
    unread: int
    text: str = ONE
    before: str = ""


OUTCOMES = {
    "validate": Outcome(("validate", "shop.yaml"), 0, 1, 0),
    "validate a wrong file": Outcome(("validate", "shop.yaml"), 1, 1, 1, meters("Not A Key")),
    "diff nothing": Outcome(STRICT, 0, 1, 0, before=ONE),
    "diff changes": Outcome(DIFF, 0, 1, 0),
    "diff changes strictly": Outcome(STRICT, 2, 1, 2),
    "diff a refusal": Outcome(DIFF, 4, 4, 4, EDITED, ACME),
    "diff a refusal and changes strictly": Outcome(STRICT, 4, 4, 4, EDITED_AND_ONE, ACME),
    "diff a guard": Outcome(DIFF, 4, 4, 4, RENAMED, ACME),
    "diff a guard strictly": Outcome((*DIFF, "--non-zero-exit-code"), 4, 4, 4, RENAMED, ACME),
    "diff a breach of a policy": Outcome(DIFF, 4, 4, 4, DEAR, CHEAP),
    "sync a breach of a policy": Outcome(SYNC, 4, 4, 4, DEAR, CHEAP),
    "diff without an owner": Outcome(DIFF, 1, 1, 1, NAMELESS),
    "diff without an owner strictly": Outcome(STRICT, 1, 1, 1, NAMELESS),
    "diff nothing without an owner": Outcome(STRICT, 0, 1, 0, NAMELESS, ONE),
    "sync nothing": Outcome(SYNC, 0, 1, 0, before=ONE),
    "sync nothing without an owner": Outcome(SYNC, 0, 1, 0, NAMELESS, ONE),
    "sync without an owner": Outcome(SYNC, 1, 1, 1, NAMELESS),
    "sync changes": Outcome(SYNC, 0, 3, 3),
    "apply changes": Outcome(("apply", *SYNC[1:]), 0, 3, 3),
    "sync a refusal": Outcome(SYNC, 4, 4, 4, EDITED, ACME),
    "sync a refusal and changes": Outcome(SYNC, 4, 3, 3, EDITED_AND_ONE, ACME),
    "sync a guard": Outcome(SYNC, 4, 4, 4, RENAMED, ACME),
    "sync without consent": Outcome(("sync", "shop.yaml", *LOCAL), 64, 64, 64),
    "dump": Outcome(("dump", *LOCAL), 0, 1, 0, before=ACME),
    "ledger": Outcome(("ledger", "acme", *LOCAL), 0, 1, 0, before=ACME),
    "ledger as CSV": Outcome(("ledger", "acme", "--format", "csv", *LOCAL), 0, 1, 0, before=ACME),
    "ledger of nobody": Outcome(("ledger", "nobody", *LOCAL), 1, 1, 1),
    "usage": Outcome(("usage", "acme", *LOCAL), 0, 1, 0, before=ACME),
    "forecast of nothing": Outcome(("forecast", "acme", *LOCAL), 1, 1, 1, before=ACME),
    "invoices": Outcome(("invoices", *LOCAL), 0, 1, 0),
    "ping": Outcome(("ping", *LOCAL), 0, 1, 0),
    "explain": Outcome(("explain", "plan"), 0, 1, 0),
    "explain what isn't": Outcome(("explain", "plam"), 64, 64, 64),
    "schema": Outcome(("schema",), 0, 1, 0),
}
OUTCOMES_IN_JSON = {
    name: outcome
    for name, outcome in OUTCOMES.items()
    if outcome.command[0] not in ("dump", "schema") and "csv" not in outcome.command
}


def prepared(shell: Shell, folder: Path, outcome: Outcome) -> Stoppable:
    """The folder as the outcome needs it, and what to run its command with."""
    if outcome.before:
        (folder / "shop.yaml").write_text(outcome.before)
        assert shell.run(*SYNC).code == 0
    (folder / "shop.yaml").write_text(outcome.text)
    return Stoppable(shell.clock)


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_has_its_code_on_every_stdout(shell: Shell, folder: Path, name: str) -> None:
    outcome = OUTCOMES[name]
    stdouts = {"fine": outcome.good, "nobody reads": outcome.unread, "a full disk": outcome.unwritable}

    codes = {}
    for number, stdout in enumerate(stdouts):
        apart = folder / str(number)
        apart.mkdir()
        with pytest.MonkeyPatch.context() as moved:
            moved.chdir(apart)
            codes[stdout] = prepared(shell, apart, outcome).run(*outcome.command, stdout=stdout).code

    assert codes == stdouts


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_stderr_that_takes_nothing_changes_no_code(shell: Shell, folder: Path, name: str) -> None:
    outcome = OUTCOMES[name]

    ran = prepared(shell, folder, outcome).run(*outcome.command, stderr="a terminal that is gone")

    assert ran.code == outcome.good


@pytest.mark.parametrize("name", OUTCOMES)
def test_without_any_stream_every_outcome_has_its_code(shell: Shell, folder: Path, name: str) -> None:
    outcome = OUTCOMES[name]

    ran = prepared(shell, folder, outcome).run(*outcome.command, stdout="closed under it", stderr="closed under it")

    assert ran.code == outcome.unwritable


@pytest.mark.parametrize("name", OUTCOMES_IN_JSON)
def test_json_is_whole_on_the_stream_that_is_left(shell: Shell, folder: Path, name: str) -> None:
    outcome = OUTCOMES[name]
    command = (*outcome.command, "--format", "json")

    ran = prepared(shell, folder, outcome).run(*command, stdout="a full disk")

    codes = {finding["code"] for finding in json.loads(ran.err)["diagnostics"]}
    assert (ran.code, "result-lost" in codes) == (outcome.unwritable, outcome.good not in (1, 64) or "diff" in command)


DONE = """\
creating meter one

Summary:
  Created: 1
  Updated: 0
  Deleted: 0
error[partly]: something may have been written
  Run it again.
error[result-lost]: the result can't be written to stdout
  {0}
"""


@pytest.mark.parametrize("stdout", UNWRITABLE)
def test_what_was_done_stands_on_stderr_when_stdout_takes_nothing(shell: Shell, folder: Path, stdout: str) -> None:
    ran = prepared(shell, folder, OUTCOMES["sync changes"]).run(*SYNC, stdout=stdout)

    reasons = {"a terminal that is gone": "EIO", "closed under it": "I/O operation on closed file"}
    assert (ran.code, ran.err) == (3, DONE.format(reasons.get(stdout, "ENOSPC")))


def test_what_was_done_stands_on_stderr_when_nobody_reads_stdout(shell: Shell, folder: Path) -> None:
    ran = prepared(shell, folder, OUTCOMES["sync changes"]).run(*SYNC, stdout="nobody reads")

    assert (ran.code, ran.err) == (3, DONE.format("EPIPE"))


def test_a_reader_that_goes_away_hears_of_no_error(shell: Shell, folder: Path) -> None:
    ran = prepared(shell, folder, OUTCOMES["diff changes strictly"]).run(*STRICT, stdout="nobody reads")

    assert (ran.code, ran.err) == (2, "")


@pytest.mark.parametrize("stdout", UNWRITABLE)
@pytest.mark.parametrize(("path", "code"), [("/openmeter", 1), ("/grants", 3)])
def test_a_failed_step_keeps_its_code_on_a_stdout_that_takes_nothing(
    folder: Path, stdout: str, path: str, code: int
) -> None:
    with serving(folder / "served.db", FakeClock(), failing("POST", path, "422 Unprocessable Entity")) as base:
        ran = Stoppable().run("sync", "shop.yaml", "--yes", "--server", base, stdout=stdout)

    assert ran.code == code


def test_a_question_that_cannot_be_shown_is_answered_with_no(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").write_text(ONE)

    ran = Stoppable(shell.clock, answer="yes\n").run("sync", "shop.yaml", *LOCAL, stderr="a terminal that is gone")

    assert (ran.code, shell.run(*STRICT).code) == (1, 2)
