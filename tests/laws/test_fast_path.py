"""A run that leaves out what is certainly equal says, byte for byte, what the full code says of everything."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="the sieve is made of typed rows")

from billsync.app.sieving import reads as sieved_reads
from billsync.app.sieving import sieve
from billsync.core.changes import read_set
from billsync.core.sieve.comparing import ByNames
from billsync.core.sieve.form import Form
from billsync.core.sieve.typed import is_compared
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.plain_mode import VARIABLE
from billsync.model.state import Desired
from tests.support import live_rows
from tests.support.budgets import examples
from tests.support.command import Ran, Shell
from tests.support.sieve_cases import (
    CUSTOMER_VALUES,
    GRANT_VALUES,
    LINKS,
    ROOT,
    SHOP,
    SUBSCRIPTION_VALUES,
    Case,
    in_files,
    mutated,
    outcomes,
    unchanged,
)

SEEDS = examples(50)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of customers that sieves of a test leave out."""
    counts: list[int] = []
    sift = sieved_reads.sift

    def counted(*arguments: object) -> tuple[sieve.Known, Desired]:
        known, left = sift(*arguments)  # type: ignore[arg-type]
        counts.append(left.passed.declared.get("customer", 0))
        return known, left

    monkeypatch.setattr(sieved_reads, "sift", counted)
    return counts


def check(case: Case) -> None:
    """Check that both say the same. A case whose files aren't valid says nothing."""
    desired = case.desired()
    if desired is not None:
        sieved, plain = outcomes(case, desired)
        assert sieved == plain, case.told


def test_most_of_a_synced_shop_is_left_out(passed: list[int]) -> None:
    check(unchanged())

    assert passed == [4]  # one has `version: latest`, one another settlement mode than its plan


@pytest.mark.parametrize("part", range(4))
def test_odd_files_and_rows_come_out_the_same(part: int, passed: list[int]) -> None:
    for seed in range(part, SEEDS, 4):
        check(mutated(Random(seed)))

    assert any(passed)


def test_a_label_of_ours_may_name_what_would_be_left_out(passed: list[int]) -> None:
    case = unchanged()
    grant = next(rows[0]["id"] for name, rows in case.rows.items() if name.endswith("/grants") and rows)
    case.rows[LINKS][-1]["labels"]["billsync_key"] = grant

    check(case)

    assert passed == []


def test_a_link_that_is_not_found_by_its_parent_is_seen(passed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    case = unchanged()
    beta = next(row["id"] for row in case.rows[ROOT] if row["key"] == "beta")
    link = next(row for row in case.rows[LINKS] if row["customer_id"] == beta)
    twin = {**link, "id": "01K0000000000000000000000Z"}
    case.rows[LINKS].append(twin)
    matches = live_rows._matches

    def hides_twin(row: dict[str, object], name: str, value: str) -> bool:
        return matches(row, name, value) and not (name.startswith("filter[") and row["id"] == twin["id"])

    monkeypatch.setattr(live_rows, "_matches", hides_twin)

    check(case)

    assert passed == []


DIFFERING: dict[str, dict[str, tuple[str, object]]] = {
    "customer": {
        "name": ("name", "Other"),
        "description": ("description", "Other"),
        "labels": ("labels", {"billsync_owner": "shop", "region": "eu", "segment": "SMB"}),
        "usage_attribution": ("usage_attribution", {"subject_keys": ["acme-a"]}),
        "primary_email": ("primary_email", "Billing@acme.example"),
        "currency": ("currency", "EUR"),
        "billing_address": ("billing_address", {"country": "DE", "city": "Bremen", "line1": "Am Markt 2"}),
    },
    "subscription": {
        "settlement_mode": ("settlement_mode", "credit_then_invoice"),
        "billing_anchor": ("billing_anchor", "2026-09-01T00:00:00.1Z"),
        "cost_basis_mode": ("cost_basis_mode", "pinned"),
        "labels": ("labels", {"billsync_owner": "shop", "billsync_key": "default", "deal": "d2"}),
        "plan": ("plan", {"id": "01K0", "key": "large", "version": 1}),
    },
    "grant": {
        "name": ("name", "Other"),
        "description": ("description", "Other"),
        "labels": ("labels", {"billsync_owner": "shop", "campaign": "q2"}),
        "amount": ("amount", "500.05"),
        "priority": ("priority", 6),
        "filters": ("filters", {"features": ["calls"]}),
        "currency": ("currency", "EUR"),
        "funding_method": ("funding_method", "external"),
        "purchase": ("purchase", {"currency": "USD", "per_unit_cost_basis": "2"}),
        "tax_config": ("tax_config", {"behavior": "exclusive"}),
        "effective_at": ("effective_at", "2026-09-02T00:00:00Z"),
        "expires_after": ("expires_at", "2027-09-02T00:00:00Z"),
        "expires_at": ("expires_at", None),
    },
}
"""For each field that is compared, one of a row and a value that differs from what is declared."""

OF_MEMBERS = {"customer": "acme", "subscription": "beta", "grant": "acme"}


def differing(kind: str, name: str) -> Case:
    """The shop, with one field of a row of another value."""
    case = unchanged()
    customer = next(row for row in case.rows[ROOT] if row["key"] == OF_MEMBERS[kind])
    lists = {"customer": [customer], "grant": case.rows[f"customers/{customer['id']}/credits/grants"]}
    links = [row for row in case.rows[LINKS] if row["customer_id"] == customer["id"]]
    row = lists.get(kind, links)[-1]
    where, value = DIFFERING[kind][name]
    row[where] = value
    return case


EVERY = [(kind, name) for kind, fields in DIFFERING.items() for name in fields]


def test_every_field_that_is_compared_is_among_those_that_differ() -> None:
    compared = {
        (kind, name)
        for kind in DIFFERING
        for name, known in KINDS[kind].record.fields.items()
        if is_compared(known) and name != KINDS[kind].key
    }

    assert set(EVERY) == compared
    for kind, values in (("customer", CUSTOMER_VALUES), ("subscription", SUBSCRIPTION_VALUES), ("grant", GRANT_VALUES)):
        assert {name for name, known in KINDS[kind].record.fields.items() if not known.refused} == values.keys()


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_field_that_differs_is_noticed_by_its_own_comparison(
    kind: str, name: str, passed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its comparison it isn't: the law has teeth."""
    case = differing(kind, name)
    desired = case.desired()
    assert desired is not None

    sieved, plain = outcomes(case, desired)
    made = sieve.form_of
    monkeypatch.setattr(sieve, "form_of", lambda *arguments, **more: blind(made(*arguments, **more), kind, name))
    blinded, _ = outcomes(case, desired)

    assert sieved == plain
    assert blinded != plain
    assert passed[0] == 3 < passed[1]


def blind(form: Form, kind: str, name: str) -> Form:
    """The form without the comparison of one field; fields that are compared together go together."""
    if form.kind.name != kind:
        return form
    if name in form.kind.joint:
        return replace(form, joint=Blind(form.joint))
    parts = {other: (get, (lambda *_: True) if other == name else same) for other, (get, same) in form.parts.items()}
    by_names = ByNames({other: same for other, (_, same) in parts.items()}, form.by_names.skipped)
    return replace(
        form, parts=parts, by_names=by_names, undeclared=tuple(one for one in form.undeclared if one[0] != name)
    )


class Blind:
    """Joint fields that are always equal."""

    def __init__(self, joint: Any) -> None:
        self._joint = joint
        self.attributes = joint.attributes

    def keeps(self, row: object) -> bool:
        return True

    def compared(self, want: object, row: object) -> object:
        return Address("plan", ("large",), 1) if "plan" in want else True


EDITS = {
    "nothing": ("", ""),
    "a name": ("name: Acme Inc.", "name: Acme GmbH"),
    "a price": ('amount: "10"', 'amount: "11"'),
    "a customer less": ("  - key: plain\n    name: Plain\n", ""),
    "a renamed customer": ("key: acme\n", "key: acme-2\n"),
}
COMMANDS = (("diff", "--exit-code"), ("diff", "--format", "json"), ("drift", "--exit-code"), ("apply", "--yes"))


@pytest.mark.parametrize("edit", EDITS)
def test_commands_print_the_same_in_every_format(
    edit: str, tmp_path: Path, passed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_set, "FEW", 1)
    monkeypatch.setattr("billsync.config.loading.SMALLEST", 0)
    before, after = EDITS[edit]
    in_files(tmp_path, SHOP.read_text("utf-8"))
    assert run(tmp_path, "sync", "--yes", plain=True).code == 0
    in_files(tmp_path, SHOP.read_text("utf-8").replace(before, after))

    for command in COMMANDS:
        shutil.copy(tmp_path / "db", tmp_path / "same")
        sieved = run(tmp_path, *command)
        shutil.copy(tmp_path / "same", tmp_path / "db")
        assert sieved == run(tmp_path, *command, plain=True)

    assert len(passed) == len(COMMANDS)
    assert all(passed)


def run(folder: Path, *command: str, plain: bool = False) -> Ran:
    """One command against the folder's database."""
    shell = Shell(environment={VARIABLE: "1"} if plain else {})
    return shell.run(*command, str(folder / "files"), "--server", f"local:{folder / 'db'}")
