"""What a dump leaves out, or changes, is a loss with its code, its sentence and its place in the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from billsync.api.routes import routes
from billsync.core.dump.dump import Dump, dump
from billsync.core.dump.losses import NAMED, Loss, told
from billsync.core.views.content import content_digest
from billsync.core.views.view import view
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.note import Note
from billsync.model.said import Said
from billsync.model.state import Row, Snapshot

TABLES = routes("openmeter")
OURS, THEIRS = {"billsync_owner": "payments"}, {"billsync_owner": "others"}
ACME = Row("customer", "C1", {"id": "C1", "key": "acme", "name": "Acme", "labels": OURS})
BIRCH = Row("customer", "C2", {"id": "C2", "key": "birch", "name": "Birch", "labels": THEIRS})
AT = Address("subscription", ("acme", "default"))
WHOLE_KIND = {"every", "unreadable"}


def grant(server_id: str, **fields: Any) -> Row:
    shown = {"name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none", "priority": 10}
    return Row("grant", server_id, {"id": server_id, "status": "active", "labels": OURS, **shown, **fields}, "C1")


def plan(version: int, status: str, **card: Any) -> Row:
    fee = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": str(version)}, **card}
    shown = {
        "id": f"P{version}",
        "key": "pro",
        "name": "Pro",
        "version": version,
        "status": status,
        "currency": "USD",
        "billing_cadence": "P1M",
        "phases": [{"key": "default", "name": "Default", "rate_cards": [fee]}],
        "addons": [],
    }
    return Row("plan", f"P{version}", shown)


def link(server_id: str, customer: str = "C1", **fields: Any) -> Row:
    shown = {
        "customer_id": customer,
        "status": "active",
        "labels": OURS,
        "plan": {"id": "P1"},
        "active_from": "2026-09-01T00:00:00Z",
    }
    return Row("subscription", server_id, {"id": server_id, **shown, **fields})


def addon(status: str) -> Row:
    fee = {"key": "seat", "name": "Seat", "price": {"type": "flat", "amount": "1"}}
    shown = {"key": "seats", "name": "Seats", "version": 1, "status": status, "labels": OURS}
    more = {"currency": "USD", "instance_type": "multiple", "rate_cards": [fee]}
    return Row("addon", "A1", {"id": "A1", **shown, **more})


def dumped(*rows: Row) -> Dump:
    kinds = {row.kind for row in rows}
    return dump(Snapshot({kind: tuple(row for row in rows if row.kind == kind) for kind in kinds}), KINDS, TABLES)


def lost(code: str, text: str, address: Address | None = None, field: str = "") -> tuple[str, str, object, str]:
    return code, text, address, field


def losses(found: Dump, *codes: str) -> set[tuple[str, str, object, str]]:
    """The losses with these codes."""
    return {lost(loss.code, loss.text, loss.address, loss.field) for loss in found.losses if loss.code in codes}


def test_several_owners_are_named_and_the_file_has_none() -> None:
    found = dumped(ACME, BIRCH)

    assert "_info" not in found.document
    assert losses(found, "owners", "owner") == {
        lost("owners", "several owners are live (others, payments): the file names none"),
        lost(
            "owner",
            "customer/acme is owned by 'payments': a sync that creates it again marks it as that sync's owner's",
            Address("customer", ("acme",)),
        ),
        lost(
            "owner",
            "customer/birch is owned by 'others': a sync that creates it again marks it as that sync's owner's",
            Address("customer", ("birch",)),
        ),
    }


def test_grants_without_a_key_or_that_are_over_are_left_out() -> None:
    found = dumped(ACME, grant("G1", name="By hand"), grant("G2", key="old", status="voided"), grant("G3", key="new"))

    [customer] = found.document["customers"]
    assert [one["key"] for one in customer["grants"]] == ["new"]
    at = Address("customer", ("acme",))
    assert losses(found, "no-key", "over") == {
        lost("no-key", "a grant named 'By hand' has no key, so no file can declare it", at),
        lost("over", "grant/acme/old is voided: left out", Address("grant", ("acme", "old"))),
    }


def test_of_several_links_the_last_one_is_declared() -> None:
    labels = {**OURS, str(KINDS["subscription"].predecessor): "S1"}
    moment = "2027-01-01T00:00:00Z"
    later = link("S2", active_from=moment, status="scheduled", plan={"id": "P2"}, labels=labels)

    found = dumped(ACME, plan(1, "archived"), plan(2, "active"), link("S1"), later)

    [customer] = found.document["customers"]
    assert customer["subscription"] == {"plan": "pro"}
    assert losses(found, "several-links", "price-of-an-older-version") == {
        lost("several-links", f"{AT.text}: only its last link is declared; it replaces the running one later", AT)
    }


def test_a_link_on_an_older_version_has_its_number_and_its_digest() -> None:
    older = plan(1, "archived")

    found = dumped(ACME, older, plan(2, "active"), link("S1"))

    digest = content_digest(KINDS["plan"], view(KINDS["plan"], older.fields, {}), TABLES["plan"])
    [customer] = found.document["customers"]
    assert customer["subscription"] == {"plan": "pro", "version": 1, "version_digest": digest}
    text = (
        f"{AT.text} is on plan/pro@1, which this file doesn't declare: a server that lacks it can't have {AT.text} "
        "at its price"
    )
    assert losses(found, "price-of-an-older-version") == {lost("price-of-an-older-version", text, AT, "version")}


def test_a_link_of_no_plan_is_declared_without_one() -> None:
    found = dumped(ACME, link("S1", plan=None))

    assert found.document["customers"] == [{"key": "acme", "name": "Acme", "subscription": {}}]


def test_a_plan_whose_addon_is_archived_says_that_it_cannot_be_synced() -> None:
    offer = {"id": "O1", "addon": {"id": "A1"}, "from_plan_phase": "default", "labels": {}}
    offering = plan(1, "active")
    offering = Row("plan", "P1", {**offering.fields, "addons": [offer]})

    found = dumped(addon("archived"), offering)

    at = Address("plan", ("pro",))
    text = "plan/pro has addon/seats@1, which has no active version: the file can't be synced like this"
    assert losses(found, "outdated-reference") == {lost("outdated-reference", text, at)}


def test_what_refers_to_what_is_gone_is_left_out_with_what_belongs_to_it() -> None:
    """An entity that refers to a deleted one is left out, and so is an entity of a customer that is left out."""
    found = dumped(ACME, plan(1, "active", feature={"id": "F9"}), link("S1", plan={"id": "P9"}))

    assert "plans" not in found.document
    assert found.document["customers"] == [{"key": "acme", "name": "Acme"}]
    assert losses(found, "refers-to-gone") == {
        lost(
            "refers-to-gone",
            "plan/pro refers to something that was deleted or archived, so no file can declare it",
            Address("plan", ("pro",)),
        ),
        lost(
            "refers-to-gone",
            f"{AT.text} refers to something that was deleted or archived, so no file can declare it",
            AT,
        ),
    }


def test_a_link_on_an_older_version_of_gone_things_has_no_digest() -> None:
    """The content of a version that refers to a deleted entity can't be said."""
    found = dumped(ACME, plan(1, "archived", feature={"id": "F9"}), plan(2, "active"), link("S1"))

    [customer] = found.document["customers"]
    assert customer["subscription"] == {"plan": "pro", "version": 1}


def test_what_belongs_to_a_customer_of_the_servers_own_is_left_out() -> None:
    own = replace(ACME, fields={**ACME.fields, "labels": {"openmeter_managed_by": "system"}})

    found = dumped(own, grant("G1", key="new"))

    assert "customers" not in found.document
    text = "grant/acme/new belongs to something that no file can declare: left out"
    assert losses(found, "no-parent") == {lost("no-parent", text, Address("grant", ("acme", "new")))}


def test_a_custom_currency_that_a_plan_uses_is_external() -> None:
    """A currency that no file declares stands under `external`, where a price is in it."""
    offering = plan(1, "active")

    found = dumped(replace(offering, fields={**offering.fields, "currency": "COINS"}))

    assert found.document["external"] == {"currencies": ["COINS"]}


@pytest.mark.parametrize("number", [NAMED, NAMED + 1, NAMED + 3])
def test_more_losses_of_one_code_are_counted(number: int) -> None:
    texts = [f"loss {place:02}" for place in range(number)]

    said = told([Loss("over", Said(text)) for text in (*texts, texts[0])])

    more = () if number == NAMED else (f"{number - NAMED} more losses `over`: each is a comment in the file",)
    assert said == tuple(Note("over", text) for text in (*texts[:NAMED], *more))
