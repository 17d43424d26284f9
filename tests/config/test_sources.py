"""`!env` and `!file`: values from outside of the files, with their types, and every way in which there is none."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic
from billsync.model.source import Source
from billsync.model.state import Desired

CANARY = "sk_live_canary-0123456789"
GRANT = (
    "customers:\n- key: acme\n  name: Acme\n  grants:\n"
    "  - {key: w, name: W, currency: USD, funding_method: none, amount: %s}\n"
)


def load_text(text: str, **environment: str) -> tuple[Desired, tuple[Diagnostic, ...]]:
    return load(["-"], registry=KINDS, stdin=io.StringIO(text), environment=environment)


def fields(desired: Desired, kind: str) -> Mapping[str, object]:
    return next(entity.fields for entity in desired.entities if entity.address.kind == kind)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("!env AMOUNT", Decimal("12.50")),
        ("!env {name: AMOUNT, default: 3}", Decimal("12.50")),
        ("!env {name: UNSET, default: '3'}", "3"),
        ("!env {name: EMPTY, default: 3}", 3),
    ],
)
def test_a_number_from_a_variable_is_exact(tag: str, value: object) -> None:
    desired, found = load_text(GRANT % tag, AMOUNT="12.50", EMPTY="")

    assert found == ()
    assert fields(desired, "grant")["amount"] == value


def test_a_text_stays_text_and_its_source_is_known() -> None:
    text = "customers: [{key: acme, name: !env NAME, labels: {tier: !env TIER}}]\n"

    desired, found = load_text(text, NAME="2024", TIER="true")

    (customer,) = desired.entities
    assert found == ()
    assert customer.fields == {"key": "acme", "name": "2024", "labels": {"tier": "true"}}
    assert customer.sources == {("name",): Source("env", "NAME"), ("labels", "tier"): Source("env", "TIER")}
    assert desired.sourced == {Source("env", "NAME"): "2024", Source("env", "TIER"): "true"}


def test_a_cards_name_from_its_feature_has_its_source() -> None:
    text = (
        "features: [{key: seats, name: !env NAME}]\n"
        "plans: [{key: p, name: P, currency: USD, billing_cadence: P1M, phases: [{key: a, name: A, rate_cards: "
        "[{feature: seats, price: {type: flat, amount: '1'}}]}]}]\n"
    )

    desired, found = load_text(text, NAME="Secret seats")

    plan = next(entity for entity in desired.entities if entity.address.kind == "plan")
    assert found == ()
    assert plan.sources == {("phases", 0, "rate_cards", 0, "name"): Source("env", "NAME")}


def test_a_file_is_read_from_the_folder_of_the_file_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    (folder / "secrets").mkdir(parents=True)
    (folder / "team").mkdir()
    (folder / "secrets" / "name.txt").write_text("Acme Inc.\n")
    (folder / "team" / "a.yaml").write_text("customers: [{key: acme, name: !file ../secrets/name.txt}]\n")

    desired, found = load([str(folder)], registry=KINDS)

    (customer,) = desired.entities
    assert found == ()
    assert customer.fields["name"] == "Acme Inc."
    assert customer.sources == {("name",): Source("file", f"{folder}/secrets/name.txt")}


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("!env UNSET", "unset-variable"),
        ("!env EMPTY", "empty-source"),
        ("!env BELL", "forbidden-character"),
        ("!env a-b", "bad-source"),
        ("!env ''", "bad-source"),
        ("!env {name: X, fallback: 1}", "bad-source"),
        ("!env {name: X, default: [1]}", "bad-source"),
        ("!env {default: 1}", "bad-source"),
        ("!env [X]", "tag"),
        ("!file ''", "bad-source"),
        ("!file {name: a}", "bad-source"),
        ("!file missing.txt", "unreadable-source"),
        ("!file folder", "unreadable-source"),
        ("!file empty.txt", "empty-source"),
        ("!file latin.txt", "source-not-utf-8"),
        ("!file long.txt", "source-too-long"),
        ("!file ../outside.txt", "source-outside"),
        ("!file link-outside.txt", "source-outside"),
        ("!file linked/outside.txt", "source-outside"),
        ("!file circle.txt", "source-cycle"),
        ("!file shop.yaml", "source-cycle"),
        ("!secret x", "tag"),
        ("!remove", "stray-remove"),
    ],
)
def test_a_source_without_a_value_is_an_error(tmp_path: Path, tag: str, code: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "folder").mkdir()
    (tmp_path / "outside.txt").write_text(CANARY)
    (folder / "empty.txt").write_text(" \n")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "long.txt").write_text("x" * 70_000)
    os.symlink("../outside.txt", folder / "link-outside.txt")
    os.symlink("..", folder / "linked")
    os.symlink("circle.txt", folder / "circle.txt")
    file = folder / "shop.yaml"
    file.write_text(f"customers:\n- key: acme\n  name: {tag}\n")

    _, found = load([str(file)], registry=KINDS, environment={"EMPTY": "", "BELL": "a\x07"})

    assert [(str(finding.position), finding.code) for finding in found] == [(f"{file}:3:9", code)]


@pytest.mark.parametrize(
    "text",
    [
        "customers: [{key: !env X, name: A}]",
        "customers: [{key: a, name: A, subscription: {plan: !env X}}]",
        "customers: [{? !env X : a, key: b, name: A}]",
        "_info: {owner: !env X}\ncustomers: [{key: a, name: A}]",
        "external: {plans: [!env X]}\ncustomers: [{key: a, name: A}]",
        "plans: [{key: p, name: P, currency: USD, billing_cadence: P1M, phases: [{key: !env X, name: A}]}]",
    ],
)
def test_a_name_of_something_can_not_come_from_outside(text: str) -> None:
    _, found = load_text(text, X=CANARY)

    assert "sourced-key" in {finding.code for finding in found}
    assert CANARY not in str(found)


@pytest.mark.parametrize("amount", [CANARY, "1e5", "-7.25", "7" * 200, "line\n" + CANARY * 3])
def test_a_finding_names_the_source_and_never_the_value(amount: str) -> None:
    _, found = load_text(GRANT % "!env AMOUNT", AMOUNT=amount)

    assert [str(finding.position) for finding in found] == ["-:5:68"]
    assert not any(piece in str(found) for piece in (amount, amount[-8:], CANARY[:8], "1e5", "7.25"))


def test_json_has_no_tags() -> None:
    _, found = load_text('{"customers": [{"key": "acme", "name": "!env NAME"}]}', NAME="x")

    assert found == ()
