"""Billing profiles of customers are matched by name, and the data of their apps are set with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.api.documents import BILLING, UNDECLARED_APPS, UNDECLARED_PROFILES
from billsync.model.recovery import Fate, Header, Recovery
from billsync.model.state import Row, Snapshot
from billsync.report.recovery.facts.own_billing import billing_texts, own_billing
from billsync.report.recovery.restore.pins import NO_DEFAULT, Pin, pin_of
from billsync.report.recovery.restore.profiles import NO_TAX_CODE, Here, profiles

STRIPE = {"stripe": {"customer_id": "cus_1", "default_payment_method_id": ""}}
KEPT = {"stripe": {"customer_id": "cus_1"}}


def shown(name: str, profile: str, app: str, **fields: Any) -> dict[str, Any]:
    """A profile as a server shows it."""
    of = {purpose: {"id": app} for purpose in ("tax", "invoicing", "payment")}
    supplier = {"id": "", "name": "Acme", "addresses": {"billing_address": {"country": "DE"}}}
    tax = {"enabled": True, "enforced": False}
    return {
        "id": profile, "name": name, "default": False, "apps": of, "supplier": supplier, "workflow": {"tax": tax},
        "labels": {}, **fields,
    }  # fmt: skip


FRESH_SUPPLIER = {"id": "", "name": "OpenMeter", "addresses": {"billing_address": {"country": "US"}}}
APPS = ({"id": "s", "type": "sandbox", "name": "Sandbox"}, {"id": "x", "type": "stripe", "name": "Stripe"})
SANDBOX, PAYING = ({**APPS[0], "id": "S"},), tuple({**app, "id": str(app["id"]).upper()} for app in APPS)
OLD = (shown("Default", "d", "s", default=True), shown("EU", "e", "x"))
STANDARD, FRESH = (
    shown(name, "D", "S", default=True, supplier=FRESH_SUPPLIER) for name in ("Standard", "openmeter-sandbox")
)
SAME, EU = shown("Default", "D", "S", default=True), shown("EU", "E", "X")
NO_APP = "there is no app of the type stripe: install its app 'Stripe' first"


def billed(profile: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"billing_profile": {"id": profile}, "app_data": data}


def recovery(document: dict[str, Any]) -> Recovery:
    """The snapshot of an organization with a customer that is billed so."""
    at = datetime(2026, 9, 1, tzinfo=UTC)
    live = Snapshot(
        {"customer": (Row("customer", "c", {"key": "acme"}),)}, {}, {BILLING.replace("{parent}", "c"): document}
    )
    return Recovery(
        Header(at, at, "local", "openmeter", "openmeter@2026-08", "1"),
        live,
        {UNDECLARED_PROFILES: OLD, UNDECLARED_APPS: APPS},
    )


@pytest.mark.parametrize(
    ("document", "here", "wanted"),
    [
        (billed("e", {}), (SAME, EU), Pin("E", {}, is_pinned=True)),
        (billed("e", STRIPE), (SAME, EU), Pin("E", KEPT, is_pinned=True)),
        (billed("d", STRIPE), (SAME, EU), Pin("D", KEPT, is_pinned=False)),
        (billed("e", {}), (SAME,), Pin("", {}, is_pinned=True, made_for="e")),
        (billed("d", STRIPE), (FRESH,), Pin("", KEPT, is_pinned=False, made_for="d")),
        (billed("d", STRIPE), (STANDARD,), NO_DEFAULT),
        (
            billed("e", {}),
            (SAME, EU, {**EU, "id": "F"}),
            "its billing profile 'EU' can't be made here: there are several billing profiles named 'EU': give each a "
            "name of its own",
        ),
    ],
)
def test_a_profile_is_found_by_its_name_or_made(document: dict[str, Any], here: Any, wanted: Pin | str) -> None:
    old = recovery(document)

    assert pin_of(old, document, profiles(old, Here(None, here, PAYING))) == wanted


@pytest.mark.parametrize(
    ("here", "apps", "made", "fault"),
    [
        ((SAME,), PAYING, ("EU",), ""),
        ((SAME,), SANDBOX, (), ""),
        ((FRESH,), PAYING, ("Default", "EU"), ""),
        ((), PAYING, ("Default", "EU"), ""),
        ((STANDARD,), PAYING, ("EU",), "'Standard' is the default here: make 'Default', under this name, the default"),
        (
            ({**SAME, "default": False}, {**STANDARD, "id": "Z"}),
            PAYING,
            ("EU",),
            "'Default' is here, and isn't the default: make it that",
        ),
        ((FRESH,), None, (), "this server doesn't show its apps"),
        (None, PAYING, (), "this server doesn't show its billing profiles"),
    ],
)
def test_another_default_profile_is_never_taken_in_silence(here: Any, apps: Any, made: Any, fault: str) -> None:
    found = profiles(recovery(billed("d", {})), Here(None, here, apps))

    assert (tuple(sorted(one.name for one in found.new.values())), found.default_fault) == (made, fault)


def test_a_made_profile_has_its_old_content_and_is_known_by_its_label() -> None:
    """Even where another has its name; what no request can set is said, and so is what differs in one made by hand."""
    taxed = {"tax": {"enabled": True, "default_tax_config": {"behavior": "inclusive", "tax_code_id": "t"}}}
    old = replace(
        recovery(billed("e", {})),
        undeclared={UNDECLARED_PROFILES: (OLD[0], shown("EU", "e", "x", workflow=taxed)), UNDECLARED_APPS: APPS},
    )

    made = profiles(old, Here(None, (SAME,), PAYING))
    body = made.new["e"].body
    labelled = profiles(old, Here(None, (SAME, EU, {**EU, **body, "id": "F"}), PAYING))
    by_hand = profiles(old, Here(None, (SAME, {**EU, "apps": SAME["apps"]}), PAYING))
    no_app = profiles(old, Here(None, (SAME,), SANDBOX))

    assert body["workflow"] == {"tax": {"enabled": True, "default_tax_config": {"behavior": "inclusive"}}}
    assert (body["labels"], body["apps"]) == ({"billsync_restored": "e"}, EU["apps"])
    assert "id" not in body["supplier"]
    assert labelled.here["e"]["id"] == "F"
    assert [(one.fate, one.code, one.how) for found in (made, by_hand, no_app) for one in found.accounts[1:]] == [
        (Fate.DIFFERENT, "profile-differs", NO_TAX_CODE),
        (Fate.DIFFERENT, "profile-differs", f"the one here has another workflow, app; {NO_TAX_CODE}"),
        (Fate.LOST, "profile-not-made", NO_APP),
    ]


def test_a_default_profile_without_data_is_nobodys_own() -> None:
    assert (own_billing(recovery(billed("d", {}))), [*own_billing(recovery(billed("e", {})))]) == ({}, ["c"])


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (billed("e", {}), "EU"),
        (billed("e", STRIPE), "EU, stripe customer_id cus_1"),
        (billed("d", STRIPE), "the default, stripe customer_id cus_1"),
        (billed("d", {}), None),
    ],
)
def test_billing_has_the_same_words_on_every_server(document: dict[str, Any], text: str | None) -> None:
    found = recovery(document)

    assert (billing_texts(found) or {}).get("c") == text
    assert billing_texts(replace(found, undeclared={UNDECLARED_PROFILES: 403})) is None


def test_a_pin_sets_only_what_is_not_there() -> None:
    pin = Pin("E", KEPT, is_pinned=True)

    assert pin.body == {"billing_profile": {"id": "E"}, "app_data": KEPT}
    assert Pin("D", KEPT, is_pinned=False).body == {"app_data": KEPT}
    assert [pin.holds(billed("E", STRIPE)), pin.holds(billed("D", STRIPE)), pin.holds(billed("E", {}))] == [
        True,
        False,
        False,
    ]
