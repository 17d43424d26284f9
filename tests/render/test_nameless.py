from dataclasses import replace

import pytest

from billsync.model.address import Address
from billsync.model.change import Action, FieldChange, Guard, Outcome
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.render.plan.nameless import finding_without_names, without_names
from billsync.render.plan.outline import Item, Outline, Summary

PRIVATE = frozenset({"customer", "grant"})
SUMMARY = Summary(created=3)


def outline(*changes: Item, told: tuple[Item, ...] = (), guards: tuple[Guard, ...] = ()) -> Outline:
    return Outline("local:", "payments", "diff", changes, told, guards, SUMMARY)


def item(kind: str, name: str, outcome: Outcome = Outcome.PENDING, **more: str) -> Item:
    fields = (FieldChange(("name",), {"old": [name]}, name),)
    return Item(kind, name, Action.CREATE, "creating", outcome, fields, old={"name": name}, **more)


def test_private_changes_are_counted_where_the_first_of_them_stands() -> None:
    meter, plan = item("meter", "api"), item("plan", "pro@1")

    found = without_names(outline(meter, item("customer", "acme"), item("customer", "zeta"), plan), PRIVATE)

    counted = Item("customer", "× 2", Action.CREATE, "creating", Outcome.PENDING, count=2)
    assert found == outline(meter, counted, plan)


def test_private_things_that_are_told_differ_by_their_code_alone() -> None:
    told = (
        item("grant", "acme/a", Outcome.NOTE, code="kept", reason="acme keeps it"),
        item("grant", "acme/b", Outcome.NOTE, code="voided", reason="voided for acme"),
        item("grant", "zeta/a", Outcome.NOTE, code="kept", reason="zeta keeps it", hint="ask zeta"),
    )

    found = without_names(outline(told=told), PRIVATE).told

    assert [(one.name, one.reason, one.hint, one.fields) for one in found] == [
        ("× 2", "kept", "", ()),
        ("× 1", "voided", "", ()),
    ]


@pytest.mark.parametrize(
    "reason", ["customer/acme still uses it", "it belongs to customer 'acme'", "grant/a/b is there"]
)
def test_a_reason_that_names_a_customer_is_left_out_of_what_is_nobodys(reason: str) -> None:
    waiting = item("feature", "api", Outcome.WAITING, code="in-use", reason=reason, hint="ask acme")

    (found,) = without_names(outline(told=(waiting,)), PRIVATE).told

    assert (found.name, found.reason, found.hint) == ("api", "in-use (customers left out)", "")


def test_a_reason_that_names_nobody_stays() -> None:
    note = item("plan", "pro@1", Outcome.NOTE, code="grandfathered", reason="5 customers stay; a grant's plan too")

    assert without_names(outline(told=(note,)), PRIVATE).told == (note,)


def test_guards_count_whom_they_are_about() -> None:
    acme, zeta, gift = (
        Address("customer", ("acme",)),
        Address("customer", ("zeta",)),
        Address("grant", ("acme", "gift")),
    )
    plan = Address("plan", ("pro",))
    guards = (
        Guard("customer-credit", "customer/acme has a balance of 5 USD", "--allow customer-credit", (acme,)),
        Guard("deletes", "3 deletes exceed the limit of 2", "--allow deletes=3", (acme, gift, zeta, plan)),
        Guard("odd", "zeta is odd", "--allow odd", (zeta,)),
        Guard("price-policy", "plan/pro is dearer", "", (plan,)),
    )

    assert without_names(outline(guards=guards), PRIVATE).guards == (
        Guard("customer-credit", "customer-credit: customer × 1", "--allow customer-credit"),
        Guard("deletes", "3 deletes exceed the limit of 2: customer × 2, grant × 1", "--allow deletes=3", (plan,)),
        Guard("odd", "odd: customer × 1", "--allow odd"),
        Guard("price-policy", "plan/pro is dearer", "", (plan,)),
    )


def test_a_selection_says_kinds_of_customers_alone() -> None:
    shown = replace(outline(), selection=("plan/pro", "customer/acme", "cust*/zorg", "customer/zorg"))

    assert without_names(shown, PRIVATE).selection == (
        "plan/pro",
        "customer/ (customers left out)",
        "cust*/ (customers left out)",
    )


def test_of_a_finding_its_code_and_fixed_sentence_stay() -> None:
    place = Position("customers/acme.yaml", 3, 4)
    finding = Diagnostic("unknown", "nothing has this key", "acme names it", "ask acme", place, Severity.WARNING)

    assert finding_without_names(finding) == Diagnostic(
        "unknown",
        "nothing has this key",
        hint="Its place and detail may name a customer; `billsync validate` shows them.",
        severity=Severity.WARNING,
    )
