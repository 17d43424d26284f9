"""A comparison since a commit that leaves out what is certainly equal, or not read, says what the full code says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("msgspec", reason="the sieve is made of typed rows")

from billsync.app.comparing.difference import intended
from billsync.app.server.connection import Connection
from billsync.app.sieving import links
from billsync.core.changes import read_set
from billsync.core.declared.dependents import with_dependents
from billsync.core.declared.selecting import selected
from billsync.core.declared.since import counts_of_all, reached, touched, with_counts
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.plain_mode import VARIABLE
from billsync.model.since import Since
from billsync.model.state import Desired
from tests.support.budgets import examples
from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.live_rows import ServedRows
from tests.support.repositories import SETTINGS, repository
from tests.support.sieve_cases import SHOP, Case, crowded, in_files, mutated, outcomes, unchanged

SEEDS = examples(32)


def since(case: Case, before: Desired, random: Random) -> Desired | None:
    """What a case's files declare, with the selection of what they change, and of more at random; None for invalid
    ones."""
    after = case.desired()
    if after is None:
        return None
    found = touched(before, after, KINDS)
    assert touched(crowded(before), crowded(after), KINDS) == found
    addresses = [entity.address for entity in after.entities]
    gone = [Address("customer", (row["key"],)) for row in case.rows["customers"] if isinstance(row.get("key"), str)]
    more = random.sample([*addresses, *gone], min(len(addresses), random.choice((0, 0, 1, 2, 4))))
    chosen = found | with_dependents(more, after, KINDS)
    assert with_dependents(more, crowded(after), KINDS) == with_dependents(more, after, KINDS)
    return selected(after, replace(after.selection, chosen=chosen, since=Since("main", "0" * 40)), KINDS)


def check(case: Case, desired: Desired) -> None:
    """Check that both say the same. A row that the full code refuses may stand in a list that is not read."""
    sieved, plain = outcomes(case, desired)
    assert plain.startswith("RemoteError: GET ") or sieved == plain, (case.told, desired.selection.names)


@pytest.mark.parametrize("part", range(4))
def test_a_part_that_is_read_quickly_comes_out_the_same(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "TIMES_FEWER", 0)
    before = unchanged().desired()
    assert before is not None
    for seed in range(part, SEEDS, 4):
        random = Random(seed)
        case = mutated(random)
        case.mode = random.choice(("diff", "diff", "diff", "impact", "impact-all"))
        desired = since(case, before, random)
        if desired is not None:
            case.told.append(f"seed {seed}")
            check(case, desired)


def test_a_chosen_customer_with_another_subscription_has_all_of_them_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a server allows several may only show in the subscriptions of others."""
    monkeypatch.setattr(links, "TIMES_FEWER", 0)
    case = unchanged()
    ids = {row["key"]: row["id"] for row in case.rows["customers"]}
    for number, key in enumerate(("acme", "beta")):
        row = next(row for row in case.rows["subscriptions"] if row["customer_id"] == ids[key])
        other = {**row, "id": f"01ZZ{number:022d}", "labels": {**row["labels"], "billsync_key": "other"}}
        case.rows["subscriptions"] += [other] if key == "acme" else []
        row["labels"] = other["labels"]
    desired = case.desired()
    assert desired is not None
    chosen = frozenset({Address("subscription", ("beta", "default"))})
    part = selected(desired, replace(desired.selection, chosen=chosen), KINDS)

    check(case, part)


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ("customer/beta", {"beta"}),
        ("grant/acme/welcome", {"acme"}),
        ("subscription/beta/default", set()),
        ("customer/gone", {"acme", "beta", "delta"}),
    ],
)
def test_only_lists_of_chosen_customers_are_read(chosen: str, asked: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of `epsilon`, which is in doubt, too. What a commit took out of the files may be named anywhere."""
    monkeypatch.setattr(read_set, "FEW", 1)
    case = unchanged()
    case.rows["customers"].append({**case.rows["customers"][-1], "id": "01ZZ" + "0" * 22, "key": "gone"})
    desired = case.desired()
    assert desired is not None
    kind, *names = chosen.split("/")
    part = selected(desired, replace(desired.selection, chosen=frozenset({Address(kind, tuple(names))})), KINDS)
    served = ServedRows(case.rows, {})

    found = intended(Connection(served, FakeClock(), "local:test", "openmeter"), crowded(part), Mode("sync", True, {}))

    ids = {row["id"]: row["key"] for row in case.rows["customers"]}
    assert {ids[path.split("/")[1]] for path in served.asked if path.endswith("/grants")} - {"gone", "epsilon"} == asked
    assert found.plan


EDITS = {
    "Acme GmbH": (("name: Acme Inc.", "name: Acme GmbH"), ('amount: "10"', 'amount: "11"')),
    "customer/plain": (("  - key: plain\n    name: Plain\n", ""),),
}


@pytest.mark.parametrize("marker", EDITS)
def test_a_branch_is_compared_in_the_same_words(marker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_set, "FEW", 1)
    monkeypatch.setattr(links, "TIMES_FEWER", 0)
    monkeypatch.setattr("billsync.config.loading.SMALLEST", 0)
    text = SHOP.read_text("utf-8")
    in_files(tmp_path, text)
    repo = repository(tmp_path / "files")
    repo.commit()
    shell = Shell(environment=SETTINGS)
    server = ("--server", f"local:{tmp_path / 'db'}")
    assert shell.run("sync", str(repo.folder), *server, "--yes").code == 0
    for before, after in EDITS[marker]:
        text = text.replace(before, after)
    in_files(tmp_path, text)
    command = ("diff", str(repo.folder), *server, "--since", "HEAD", "--format", "json")

    quick = shell.run(*command)
    shell.environment = {**SETTINGS, VARIABLE: "1"}

    assert marker in quick.out
    assert quick == shell.run(*command)


def test_a_crowd_is_counted_and_reached_as_its_entities_are() -> None:
    desired = unchanged().desired()
    assert desired is not None
    chosen = frozenset({Address("grant", ("acme", "welcome")), Address("plan", ("small",))})
    part = selected(desired, replace(desired.selection, chosen=chosen, since=Since("main", "")), KINDS)
    there = crowded(part)

    assert counts_of_all(there, KINDS) == counts_of_all(part, KINDS)
    assert selected(reached(there, KINDS), there.selection, KINDS).selection == part.selection
    assert part.selection.since is not None
    assert with_counts(part.selection.since, there, KINDS) == with_counts(part.selection.since, part, KINDS)
