"""Overlays change what other files declare, entity by entity, and nothing else; each mistake has its place in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.config import load
from billsync.config.documents.overlays import overlaid
from billsync.config.text.finding import Findings
from billsync.config.text.node import MapNode, plain
from billsync.config.text.reader import Role, read
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.state import Desired

BASE = """\
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}}, target: {dialect: openmeter}}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}, {key: seats, name: Seats}]
rate_cards:
  standard: {feature: calls, price: {type: unit, amount: "0.01"}}
plans:
- key: pro
  name: Pro
  phases:
  - key: trial
    name: Trial
    duration: P1M
    rate_cards: [{use: standard}]
  - key: main
    name: Main
    rate_cards:
    - {use: standard}
    - {feature: seats, price: {type: flat, amount: "9"}, billing_cadence: P1M}
customers:
- key: acme
  name: Acme
  labels: {tier: gold, region: eu}
  usage_attribution: {subject_keys: [a, b]}
  subscription: {plan: pro}
  grants: [{key: welcome, name: Welcome, amount: "5", currency: USD, funding_method: none}]
- {key: zorg, name: Zorg}
grants: [{customer: zorg, key: gift, name: Gift, amount: "7", currency: USD, funding_method: none}]
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


def over(base: Path, *texts: str) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """The state with overlays, whose first line says that they are."""
    names = []
    for number, text in enumerate(texts):
        path = base.parent / f"o{number}.yaml"
        path.write_text(f"_overlay: true\n{text}")
        names.append(str(path))
    return load([str(base)], registry=KINDS, overlays=names)


def fields(desired: Desired, text: str) -> dict[str, object]:
    return next(dict(entity.fields) for entity in desired.entities if entity.address.text == text)


@pytest.mark.parametrize(
    ("overlay", "entity", "path", "value"),
    [
        ("plans: [{key: pro, name: Pro EU}]", "plan/pro", "name", "Pro EU"),
        ("_info: {defaults: {plan: {currency: EUR}}}", "plan/pro", "currency", "EUR"),
        ("customers: [{key: acme, labels: {tier: iron}}]", "customer/acme", "labels", {"tier": "iron", "region": "eu"}),
        ("customers: [{key: acme, labels: {tier: !remove }}]", "customer/acme", "labels", {"region": "eu"}),
        (
            "customers: [{key: acme, usage_attribution: {subject_keys: [c]}}]",
            "customer/acme",
            "usage_attribution",
            {"subject_keys": ["c"]},
        ),
        ("customers: [{key: acme, grants: [{key: welcome, amount: 6}]}]", "grant/acme/welcome", "amount", 6),
        ("grants: [{customer: acme, key: welcome, amount: 6}]", "grant/acme/welcome", "amount", 6),
        ("customers: [{key: zorg, grants: [{key: gift, amount: 6}]}]", "grant/zorg/gift", "amount", 6),
        (
            "customers: [{key: acme, subscription: {version: latest}}]",
            "subscription/acme/default",
            "version",
            "latest",
        ),
        ("features: [{key: calls, meter: {filters: {x: {eq: y}}}}]", "feature/calls", "meter", None),
    ],
)
def test_an_overlay_changes_what_it_names(base: Path, overlay: str, entity: str, path: str, value: object) -> None:
    before, _ = over(base)
    after, found = over(base, overlay)

    expected = {"key": "calls", "filters": {"x": {"eq": "y"}}} if value is None else value
    assert [problem for problem in found if problem.code != "unknown-dimension"] == []
    assert fields(after, entity)[path] == expected
    changed = {kept.address.text for kept in after.entities} ^ {kept.address.text for kept in before.entities}
    assert changed == set()


def test_cards_and_phases_are_matched_by_their_keys(base: Path) -> None:
    desired, found = over(
        base,
        "rate_cards: {standard: {price: {amount: '0.02'}}}\n"
        "plans:\n- key: pro\n  phases:\n  - !remove trial\n  - key: main\n    rate_cards:\n"
        "    - {key: seats, price: {type: free}}\n    - {key: fee, name: Fee, price: {type: free}}\n",
    )

    assert found == ()
    (phase,) = fields(desired, "plan/pro")["phases"]  # type: ignore[misc]
    assert [(card["key"], card["price"]) for card in phase["rate_cards"]] == [
        ("calls", {"type": "unit", "amount": "0.02"}),
        ("seats", {"type": "free"}),
        ("fee", {"type": "free"}),
    ]


def test_what_is_removed_is_gone_and_its_collection_is_still_named(base: Path) -> None:
    desired, found = over(
        base,
        "customers: [!remove zorg, {key: acme, subscription: !remove , grants: [!remove welcome]}]\n"
        "grants: [!remove {customer: zorg, key: gift}]\n",
    )

    assert found == ()
    left = {entity.address.text for entity in desired.entities}
    assert left == {"meter/calls", "feature/calls", "feature/seats", "plan/pro", "customer/acme"}
    assert {"grant", "customer"} <= desired.named


def test_overlays_are_merged_in_their_order_and_know_their_places(base: Path) -> None:
    desired, found = over(base, "plans: [{key: pro, name: One}]", "plans:\n- key: pro\n  name: Two")

    (plan,) = [entity for entity in desired.entities if entity.address.kind == "plan"]
    assert found == ()
    assert plan.fields["name"] == "Two"
    assert plan.place(("name",)) == Position(str(base.parent / "o1.yaml"), 4, 9)


@pytest.mark.parametrize(
    ("overlay", "place", "code"),
    [
        ("plans: [{key: prro, name: X}]", "2:9", "overlay-for-nothing"),
        ("plans: [{name: X}]", "2:9", "overlay-for-nothing"),
        ("customers: [{key: acme, grants: [{key: other, amount: 6}]}]", "2:34", "overlay-for-nothing"),
        ("customers: [{key: zorg, subscription: {plan: pro}}]", "2:39", "overlay-for-nothing"),
        ("plans: [!remove prro]", "2:9", "removal-of-nothing"),
        ("plans: [{key: pro, description: !remove }]", "2:33", "removal-of-nothing"),
        ("plans: [{key: pro, phases: [!remove x]}]", "2:29", "removal-of-nothing"),
        ("rate_cards: {standart: {price: {type: unit, amount: '2'}}}", "2:24", "overlay-for-nothing"),
        ("rate_cards: {other: !remove }", "2:21", "removal-of-nothing"),
        ("addons: !remove", "2:9", "removal-of-nothing"),
        ("plans: [{key: pro, labels: {a: !remove }}]", "2:32", "removal-of-nothing"),
        ("plans: [{key: pro, name: X}, {key: pro}]", "2:30", "declared-twice"),
        (
            "customers: [{key: acme, grants: [!remove welcome]}]\ngrants: [{customer: acme, key: welcome}]",
            "3:10",
            "declared-twice",
        ),
        ('_format_version: "9"', "2:18", "format-version"),
        ("_format_version: !remove", "2:18", "format-version"),
        ("plans: {pro: {name: X}}", "2:8", "overlay-type"),
        ("plans: [pro]", "2:9", "overlay-type"),
        ("plans: [{key: pro, phases: {main: {}}}]", "2:28", "overlay-type"),
        ("plans: [{key: pro, name: {a: b}}]", "2:26", "overlay-type"),
        ("customers: [{key: acme, labels: x}]", "2:33", "overlay-type"),
        ("customers: [{key: acme, labels: {tier: !remove x}}]", "2:40", "overlay-type"),
        ("plans: [{key: pro, name: !env UNSET}]", "2:26", "unset-variable"),
        ("plans: [{key: pro, name: 7}]", "2:26", "wrong-type"),
        ("plan: []", "2:1", "unknown-field"),
    ],
)
def test_a_mistake_in_an_overlay_has_its_place_in_it(base: Path, overlay: str, place: str, code: str) -> None:
    _, found = over(base, overlay)

    assert [(str(problem.position).rpartition("/")[2], problem.code) for problem in found] == [
        (f"o0.yaml:{place}", code)
    ]


def test_overlays_and_other_files_are_not_taken_for_each_other(base: Path) -> None:
    overlay, plain_file = base.parent / "a.yaml", base.parent / "b.yaml"
    overlay.write_text("_overlay: true\nplans: [!remove pro]\n")
    plain_file.write_text("meters: []\n")

    among = load([str(base), str(overlay)], registry=KINDS)[1]
    without = load([str(base)], registry=KINDS, overlays=[str(plain_file), str(base.parent / "no.yaml")])[1]

    assert [problem.code for problem in among] == ["misplaced-overlay"]
    assert [problem.code for problem in without] == ["not-an-overlay", "missing-path"]


def nodes(text: str) -> tuple[MapNode, ...]:
    return read(text, "x.yaml", role=Role.OVERLAY if text.startswith("_overlay") else Role.BASE).documents


VALUES = st.fixed_dictionaries(
    {}, optional={"name": st.sampled_from(["A", "B"]), "tier": st.sampled_from(["x", "y"]), "gone": st.booleans()}
)


def text_of_overlay(value: dict[str, object]) -> str:
    name = f", name: {value['name']}" if "name" in value else ""
    tier = f", labels: {{tier: {value['tier']}}}" if "tier" in value else ""
    return f"_overlay: true\ncustomers: [{{key: acme{name}{tier}}}]"


@given(first=VALUES, second=VALUES)
def test_overlays_compose_and_an_empty_one_changes_nothing(first: dict[str, object], second: dict[str, object]) -> None:
    findings = Findings()
    base, empty = nodes(BASE), nodes("_overlay: true")
    one, two = nodes(text_of_overlay(first)), nodes(text_of_overlay(second))

    both = overlaid(base, (*one, *two), KINDS, findings)
    at_once = overlaid(base, nodes(text_of_overlay({**first, **second})), KINDS, findings)

    assert [plain(document) for document in both] == [plain(document) for document in at_once]
    assert overlaid(base, empty, KINDS, findings) == base
    assert overlaid(overlaid(base, one, KINDS, findings), two, KINDS, findings) == both
    assert findings.all == ()
