"""Billing profiles of customers are matched by name, and the data of their apps are set with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.api.documents import BILLING, UNDECLARED_PROFILES
from billsync.model.recovery import Header, Recovery
from billsync.model.state import Row, Snapshot
from billsync.report.recovery.facts.own_billing import billing_texts, own_billing
from billsync.report.recovery.restore.pins import Pin, pin_of

STRIPE = {"stripe": {"customer_id": "cus_1", "default_payment_method_id": ""}}
KEPT = {"stripe": {"customer_id": "cus_1"}}
OLD = ({"id": "d", "name": "Default", "default": True}, {"id": "e", "name": "EU", "default": False})
HERE = ({"id": "D", "name": "Standard", "default": True}, {"id": "E", "name": "EU", "default": False})


def billed(profile: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"billing_profile": {"id": profile}, "app_data": data}


def recovery(document: dict[str, Any]) -> Recovery:
    """The snapshot of an organization with a customer that is billed so."""
    at = datetime(2026, 9, 1, tzinfo=UTC)
    live = Snapshot(
        {"customer": (Row("customer", "c", {"key": "acme"}),)}, {}, {BILLING.replace("{parent}", "c"): document}
    )
    return Recovery(Header(at, at, "local", "openmeter", "openmeter@2026-08", "1"), live, {UNDECLARED_PROFILES: OLD})


@pytest.mark.parametrize(
    ("document", "here", "wanted"),
    [
        (billed("e", {}), HERE, Pin("E", {}, is_pinned=True)),
        (billed("e", STRIPE), HERE, Pin("E", KEPT, is_pinned=True)),
        (billed("d", STRIPE), HERE, Pin("D", KEPT, is_pinned=False)),
        (
            billed("e", {}),
            HERE[:1],
            "the new organization has no billing profile named 'EU': make it, or set it by hand",
        ),
        (
            billed("e", {}),
            (*HERE, {**HERE[1], "id": "F"}),
            "the new organization has several billing profiles named 'EU': make it, or set it by hand",
        ),
        (
            billed("d", STRIPE),
            HERE[1:],
            "the new organization has no default billing profile: make it before anything is invoiced",
        ),
    ],
)
def test_a_profile_of_the_same_name_is_taken(document: dict[str, Any], here: Any, wanted: Pin | str) -> None:
    assert pin_of(recovery(document), document, here) == wanted


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
