"""Files to the desired state: what is expanded, what is named, and which files are read."""

from __future__ import annotations

import io
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.globs import Patterns
from billsync.model.state import Desired

METERS = "meters: [{key: requests, name: Requests, event_type: request, aggregation: count}]\n"
FEATURES = "features: [{key: requests, name: API requests, meter: requests}]\n"


def load_text(text: str) -> tuple[Desired, tuple[Diagnostic, ...]]:
    return load(["-"], registry=KINDS, stdin=io.StringIO(text))


def loaded(text: str) -> Desired:
    desired, diagnostics = load_text(text)
    assert diagnostics == ()
    return desired


def only(desired: Desired, kind: str) -> dict[str, object]:
    (entity,) = [entity for entity in desired.entities if entity.address.kind == kind]
    return dict(entity.fields)


def card(text: str) -> dict[str, object]:
    plan = (
        "plans: [{key: p, name: P, currency: USD, billing_cadence: P1M, phases: [{key: a, name: A, rate_cards: [%s]}]}]"
    )
    (phase,) = only(loaded(METERS + FEATURES + text.split("CARD")[0] + plan % text.split("CARD")[1]), "plan")["phases"]  # type: ignore[attr-defined]
    (found,) = phase["rate_cards"]
    return dict(found)


def test_an_entity_has_the_fields_as_declared_and_knows_their_places() -> None:
    desired = loaded("customers:\n  - key: acme\n    name: Acme\n    labels: {tier: 'no'}\n")

    (entity,) = desired.entities
    assert entity.address == Address("customer", ("acme",))
    assert entity.fields == {"key": "acme", "name": "Acme", "labels": {"tier": "no"}}
    assert entity.position == Position("-", 2, 5)
    assert entity.place(("labels", "tier")) == Position("-", 4, 20)
    assert entity.place(("labels", "absent")) == Position("-", 4, 13)
    assert dict(entity.places)[("name",)] == Position("-", 3, 11)


def test_numbers_are_exact_and_texts_stay_texts() -> None:
    grant = "{key: g, name: 'on', amount: %s, currency: USD, funding_method: none}"
    base = f"customers: [{{key: a, name: A, grants: [{grant}]}}]"

    amounts = [only(loaded(base % text), "grant")["amount"] for text in ("500", "500.10", '"500.10"')]

    assert amounts == [500, Decimal("500.10"), "500.10"]
    assert [type(amount) for amount in amounts] == [int, Decimal, str]


NESTED = """
customers:
  - key: acme
    name: Acme
    subscription: {plan: pro}
    grants: [{key: g, name: G, amount: 5, currency: USD, funding_method: none}]
external: {plans: [pro]}
"""
LISTED = NESTED.replace("subscription: {plan: pro}", "subscriptions: [{key: default, plan: pro}]")
FLAT = """
external: {plans: [p*]}
customers: [{key: acme, name: Acme}]
subscriptions: [{customer: acme, plan: pro}]
grants: [{customer: acme, key: g, name: G, amount: 5, currency: USD, funding_method: none}]
"""


@pytest.mark.parametrize("text", [NESTED, LISTED, FLAT])
def test_nested_and_top_level_forms_declare_the_same(text: str) -> None:
    desired = loaded(text)

    assert {entity.address.text: entity.fields for entity in desired.entities} == {
        "customer/acme": {"key": "acme", "name": "Acme"},
        "subscription/acme/default": {"key": "default", "plan": "pro"},
        "grant/acme/g": {"key": "g", "name": "G", "amount": 5, "currency": "USD", "funding_method": "none"},
    }
    assert desired.named == {"customer", "subscription", "grant"}


def test_a_collection_is_named_also_by_an_empty_list() -> None:
    desired = loaded("plans: []\ncustomers: [{key: acme, name: Acme, grants: []}]\n")

    assert desired.named == {"plan", "customer", "grant"}


def test_owner_external_and_adopted_are_gathered_from_all_documents() -> None:
    text = "_info: {owner: payments}\nexternal: {meters: [b, a]}\n---\n" + METERS
    text += "external: {meters: [a], tax_codes: [vat]}\nadopted: {plans: [pro], features: [tokens]}\n"

    desired = loaded(text)

    assert desired.owner == "payments"
    assert desired.external == Patterns({"meter": ("a", "b"), "tax_code": ("vat",)})
    assert desired.adopted == Patterns({"feature": ("tokens",), "plan": ("pro",)})


def test_a_card_takes_key_and_name_from_its_feature() -> None:
    found = card("CARD{feature: requests, price: {type: free}}")

    assert found == {"feature": "requests", "price": {"type": "free"}, "key": "requests", "name": "API requests"}


def test_a_card_without_a_feature_has_the_key_of_its_library_card() -> None:
    """A card without a feature takes the name of its library card as its key."""
    found = card("rate_cards: {base_fee: {name: Base, price: {type: flat, amount: 5}}}\nCARD{use: base_fee}")

    assert found == {"name": "Base", "price": {"type": "flat", "amount": 5}, "key": "base_fee"}


def test_a_field_beside_use_replaces_the_whole_field_of_the_library() -> None:
    library = "rate_cards: {std: {feature: requests, discounts: {percentage: 5}, price: {type: unit, amount: 1}}}\n"

    found = card(library + "CARD{use: std, name: Mine, price: {type: flat, amount: 2}, discounts: {percentage: 10}}")

    assert found == {
        "feature": "requests",
        "key": "requests",
        "name": "Mine",
        "discounts": {"percentage": 10},
        "price": {"type": "flat", "amount": 2},
    }


def test_defaults_fill_what_is_absent_in_entities_phases_and_cards() -> None:
    header = (
        "_info: {defaults: {plan: {currency: USD, billing_cadence: P1M}, phase: {name: Default},"
        " rate_card: {price: {type: free}}, feature: {name: A feature}}}\n"
    )
    plan = "plans: [{key: p, name: P, currency: EUR, phases: [{key: a, rate_cards: [{feature: seats}]}]}]\n"

    found = only(loaded(header + "features: [{key: seats}]\n" + plan), "plan")

    assert found == {
        "key": "p",
        "name": "P",
        "currency": "EUR",
        "billing_cadence": "P1M",
        "phases": [
            {
                "key": "a",
                "name": "Default",
                "rate_cards": [
                    {"feature": "seats", "price": {"type": "free"}, "key": "seats", "name": "A feature"},
                ],
            }
        ],
    }


def test_what_a_default_gives_has_the_place_of_the_default() -> None:
    desired = loaded(
        "_info:\n  defaults:\n    meter: {aggregation: count}\n" + METERS.replace(", aggregation: count", "")
    )

    (meter,) = desired.entities
    assert meter.place(("aggregation",)) == Position("-", 3, 26)
    assert meter.place(("name",)) == Position("-", 4, 32)


def test_a_customers_null_is_kept_and_a_catalog_null_is_an_error() -> None:
    cleared = loaded("customers: [{key: a, name: A, description: null}]\n")
    _, diagnostics = load_text("features: [{key: a, name: A, description: null}]\n")

    assert only(cleared, "customer") == {"key": "a", "name": "A", "description": None}
    assert [str(found.position) for found in diagnostics] == ["-:1:43"]


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def meter(key: str) -> str:
    return METERS.replace("key: requests", f"key: {key}")


def test_a_directory_is_read_whole_and_sorted_without_hidden_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        b_DOT_yaml=meter("b"),
        a__z_DOT_yml=meter("a"),
        c_DOT_json='{"meters": [{"key": "c", "name": "C", "event_type": "x", "aggregation": "count"}]}',
        notes_DOT_txt="no: [yaml",
        _DOT_hidden_DOT_yaml="no: [yaml",
        _DOT_git__x_DOT_yaml="no: [yaml",
    )

    desired, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert [found.severity for found in diagnostics] == [Severity.NOTE]
    assert diagnostics[0].detail == "not read, as their names don't end in .yaml, .yml or .json: notes.txt."
    assert [entity.address.text for entity in desired.entities] == ["meter/a", "meter/b", "meter/c"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, a_DOT_yaml=meter("a"))

    desired, diagnostics = load([str(tmp_path), str(tmp_path / "a.yaml")], registry=KINDS)

    assert diagnostics == ()
    assert len(desired.entities) == 1


def test_the_same_entity_in_two_files_is_an_error_that_names_both(tmp_path: Path) -> None:
    write(tmp_path, a_DOT_yaml=meter("a"), b_DOT_yaml=meter("a"))

    _, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert diagnostics == (
        Diagnostic(
            "declared-twice",
            "the same entity is declared twice",
            f'meter "a" is already declared at {tmp_path}/a.yaml:1.',
            "Remove one of them.",
            Position(f"{tmp_path}/b.yaml", 1, 10),
        ),
    )


def test_a_path_that_is_not_there_and_an_empty_directory_are_errors(tmp_path: Path) -> None:
    _, missing = load([str(tmp_path / "absent.yaml")], registry=KINDS)
    _, empty = load([str(tmp_path)], registry=KINDS)

    assert [(found.code, found.detail) for found in (*missing, *empty)] == [
        ("missing-path", f"{tmp_path}/absent.yaml doesn't exist."),
        ("no-files", f"{tmp_path} holds none."),
    ]


def test_a_file_that_can_not_be_read_hides_no_reference_that_it_might_hold(tmp_path: Path) -> None:
    write(tmp_path, a_DOT_yaml="meters: [", b_DOT_yaml=FEATURES)

    _, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert [found.code for found in diagnostics] == ["not-yaml"]


def test_a_suggestion_names_the_file_where_it_is_declared(tmp_path: Path) -> None:
    write(tmp_path, meters_DOT_yaml=METERS, shop_DOT_yaml=FEATURES.replace("meter: requests", "meter: request"))

    _, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert [(found.code, found.hint) for found in diagnostics] == [
        ("unknown-reference", f'Did you mean "requests" ({tmp_path}/meters.yaml:1)?')
    ]


def test_the_order_of_files_changes_no_diagnostic(tmp_path: Path) -> None:
    write(tmp_path, a_DOT_yaml="meters: [{kei: a}]", b_DOT_yaml=FEATURES + "plans: {}\n")
    paths = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]

    _, forward = load(paths, registry=KINDS)
    _, backward = load(paths[::-1], registry=KINDS)

    assert forward == backward
    assert len(forward) > 3


def test_a_directory_that_can_not_be_listed_does_not_seem_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a_DOT_yaml=meter("a"), closed__b_DOT_yaml=meter("b"))
    listdir = os.listdir

    def closed(path: str) -> list[str]:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", closed)

    _, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert diagnostics == (
        Diagnostic(
            "unreadable-file",
            "this can't be read",
            f"{tmp_path}/closed: Permission denied.",
            "",
            Position(f"{tmp_path}/closed", 1, 1),
        ),
    )


def test_the_schema_that_a_json_file_names_for_editors_means_nothing() -> None:
    desired = loaded('{"$schema": "billsync.schema.json", "customers": [{"key": "a", "name": "A"}]}')

    assert [entity.address.text for entity in desired.entities] == ["customer/a"]


def test_json_may_come_through_the_standard_input() -> None:
    desired = loaded('{"customers": [{"key": "a\\/b", "name": "A"}]}')

    assert [entity.address.names for entity in desired.entities] == [("a/b",)]


TOP = ["meters", "plans", "customers", "features", "grants", "subscriptions", "rate_cards", "_info", "external"]
INNER = ["owner", "defaults", "key", "name", "phases", "use", "feature", "price", "type", "tiers", "unit", "amount"]
WORDS = st.sampled_from([*TOP, *INNER, "subscription", "plan", "labels", "adopted", "null", "5", "1.50", "true", "a"])
VALUES = st.recursive(
    st.one_of(WORDS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_nothing_that_a_person_can_write_raises(document: object) -> None:
    _, diagnostics = load_text(json.dumps(document))

    assert all(found.position is not None for found in diagnostics)
