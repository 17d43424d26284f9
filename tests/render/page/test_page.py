"""The page: a line of totals and money, what needs a decision, and no personal data unless asked for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billsync.model.address import Address
from billsync.model.change import Action, Change, Effect, FieldChange, Guard, Outcome, PlanFile
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.source import Source
from billsync.model.value import Masked
from billsync.render.page.amounts import money, percent_text, signed
from billsync.render.page.compose import PageOptions, page_of
from billsync.render.page.decisions import decisions
from billsync.render.page.headline import headline_text
from billsync.render.page.page import Bars, DecisionKind, Page, Table, text_of, texts
from billsync.render.page.personal import without_values
from billsync.render.plan.nameless import without_names
from billsync.render.plan.outline import outline
from billsync.render.plan.text import as_text
from billsync.report.impact.impact import Impact, Looked, impact_of
from billsync.report.impact.reached import COMBINED, MigrationStatus
from billsync.report.impact.redact import redact
from billsync.report.impact.totals import totals
from tests.support.curves import PLAN, curves_of, impact_with, judged, prices, repricing
from tests.support.plans import GUARD, broken_report, plan_file, step
from tests.support.subscription_rows import unit

OLD, NEW = prices(unit("1")), prices(unit("1.5"))
MOVING, STAYING = MigrationStatus.MOVING, MigrationStatus.STAYING


def pending(kind: str, name: str, action: Action = Action.UPDATE, **more: Any) -> Change:
    return Change(Address(kind, tuple(name.split("/"))), action, "updating", **more)


def headline(*changes: Change, impact: Impact | None = None) -> str:
    return headline_text(outline(PlanFile("local:", "o", "diff", changes, ())), impact)


def impact(**standings: MigrationStatus) -> Impact:
    found = tuple(judged(name, OLD, NEW, "1000", standing) for name, standing in standings.items())
    return impact_of({PLAN.text: found}, Looked(True, 1, len(found)))


def bars(page: Page) -> list[Bars]:
    return [block for section in page.sections for block in section.blocks if isinstance(block, Bars)]


def test_the_headline_counts_changes_subscriptions_and_money() -> None:
    plans = [pending("plan", f"p{number}") for number in range(3)]

    assert headline(*plans, impact=impact_with(OLD, NEW, "1000", "4000")) == (
        "3 plans change · 2 subscriptions reached · +2,500.00 USD a month (+50.0 %) · 2 pay over 20 % more"
    )
    assert headline(*plans[:1], impact=impact(a=MOVING, b=STAYING)) == (
        "1 plan changes · 2 subscriptions reached · +500.00 USD a month (+50.0 %) · "
        "+1,000.00 USD a month (+50.0 %) if everybody moved · 2 would pay over 20 % more"
    )
    assert headline(*plans[:1], impact=impact(a=STAYING)) == (
        "1 plan changes · 1 subscription reached · no change now · "
        "+500.00 USD a month (+50.0 %) if everybody moved · 1 would pay over 20 % more"
    )


def test_those_who_stay_and_would_pay_the_same_are_no_second_sum() -> None:
    verdicts = (judged("a", OLD, NEW, "1000"), judged("b", OLD, NEW, "0", STAYING))

    shown = headline(pending("plan", "p"), impact=impact_of({PLAN.text: verdicts}, Looked(True, 1, 2)))

    assert shown == ("1 plan changes · 2 subscriptions reached · +500.00 USD a month (+50.0 %) · 1 pays over 20 % more")


def test_the_headline_counts_changes_by_kind_up_to_three_sorts() -> None:
    some = (pending("meter", "m", Action.CREATE), pending("feature", "f", Action.DELETE), pending("tax_code", "t"))

    assert headline() == "no changes"
    assert headline(*some) == "1 meter is new · 1 feature is removed · 1 tax code changes"
    assert headline(*some, pending("plan", "p")) == "4 changes"


def test_a_subscription_that_two_changes_reach_is_counted_once() -> None:
    one = judged("a", OLD, NEW, "10")
    other = replace(one, reached=replace(one.reached, target="addon/x@2"))
    both = replace(
        one, reached=replace(one.reached, target=COMBINED), paid={key: (Decimal(10), Decimal(90)) for key in one.paid}
    )

    found = totals(impact_of({"plan/pro@2": (one,), "addon/x@2": (other,), COMBINED: (both,)}, Looked(True, 1, 1)))

    assert (found.reached, [(sum_.before, sum_.after) for sum_ in found.moving]) == (1, [(10, 90)])


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("2310.4", "USD", "2,310.40"),
        ("-0.005", "USD", "-0.005"),
        ("1000", "JPY", "1,000"),
        ("1.5", "XXX", "1.5"),
        ("1E+3", "EUR", "1,000.00"),
        ("1.500000", "EUR", "1.50"),
        ("1000.000", "XXX", "1,000"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(amount: str, currency: str, shown: str) -> None:
    assert money(Decimal(amount), currency) == shown


def test_signs_and_percentages() -> None:
    assert (signed(Decimal(0), "USD"), signed(Decimal("-1"), "USD")) == ("+0.00", "-1.00")
    shown = [percent_text(Decimal(before), Decimal(after)) for before, after in
             ((100, 101), (3, 2), (0, 5), (100000, 100001), (7, 7), (-5, -6))]  # fmt: skip
    assert shown == ["+1.0 %", "-33.3 %", "", "less than 0.1 %", "+0.0 %", ""]


def test_decisions_are_in_order_of_urgency() -> None:
    plan = replace(
        plan_file(guards=(GUARD,)),
        changes=(
            *plan_file().changes,
            pending("grant", "acme/a", Action.CREATE, effect=Effect.IRREVERSIBLE),
            pending("grant", "acme/b", Action.CREATE, effect=Effect.IRREVERSIBLE),
            replace(pending("grant", "acme/c", Action.CREATE, effect=Effect.IRREVERSIBLE), verb="granting"),
            pending("plan", "pro", effect=Effect.NEW_VERSION, staying=12),
        ),
    )
    wrong = Diagnostic("owner-missing", "no owner", hint="name one", severity=Severity.ERROR)

    found = [
        (one.kind, text_of(one.text), one.code, text_of(one.way_out)) for one in decisions(outline(plan), (wrong,))
    ]

    assert found == [
        (DecisionKind.STOPPED, "error[owner-missing]: no owner", "owner-missing", "name one"),
        (
            DecisionKind.STOPPED,
            "12 deletes exceed the limit of 10: feature/old",
            "deletes",
            "allow it with --allow deletes=12",
        ),
        (DecisionKind.REFUSED, "feature/tokens: it is not owned", "not-owned", "list it under `adopted`"),
        (DecisionKind.IRREVERSIBLE, "updating 2 grants can't be undone: grant/acme/a, grant/acme/b", "", ""),
        (DecisionKind.IRREVERSIBLE, "granting can't be undone: grant/acme/c", "", ""),
        (DecisionKind.GRANDFATHERED, "plan/pro: 12 subscribers stay on the old one", "grandfathered", ""),
    ]


def test_refusals_that_differ_in_the_name_are_one_decision() -> None:
    codes = [
        pending("tax_code", name, outcome=Outcome.REFUSED, reason=f"tax_code/{name} is shared", code="x")
        for name in ("a", "b")
    ]
    found = outline(PlanFile("local:", "o", "diff", tuple(codes), ()))

    assert [text_of(one.text) for one in decisions(found)] == ["tax_code/a, tax_code/b: it is shared"]
    assert [text_of(one.text) for one in decisions(without_names(found, {"tax_code"}))] == ["tax_code × 2: x"]
    assert "refused[x]: 2 tax codes: it is shared" in as_text(found)


def test_refusals_that_differ_in_what_a_decision_does_not_show_are_one() -> None:
    def refused(name: str, field: str) -> Change:
        changed = (FieldChange(("name",), field, "X"),)
        texts = {"reason": "it differs", "hint": f"list it under `adopted: {{customers: [{name}]}}`"}
        return pending("customer", name, outcome=Outcome.REFUSED, code="not-owned", fields=changed, **texts)

    changes = tuple(refused(name, name.upper()) for name in "abcdef")

    (found,) = decisions(outline(PlanFile("local:", "o", "diff", changes, ())))

    names = "customer/a, customer/b, customer/c, customer/d, customer/e and 1 more"
    assert text_of(found.text) == f"{names}: it differs"
    assert text_of(found.way_out) == "list it under `adopted: {customers: [a, b, c, d, e, …]}`"


def test_guards_that_differ_in_the_name_are_one_decision() -> None:
    addresses = [Address("grant", ("acme", name)) for name in ("a", "b")]
    guards = tuple(Guard("void", f"{each.text} would end", "--allow void", (each,)) for each in addresses)

    (found,) = decisions(outline(PlanFile("local:", "o", "sync", (), (), guards)))

    assert text_of(found.text) == "it would end: grant/acme/a, grant/acme/b"


def personal_plan() -> PlanFile:
    """A customer whose name, e-mail address and address change, and texts that repeat them."""
    old = {"name": "Anna Ahlgren", "primary_email": "anna@ahlgren.example", "labels": {"team": "sales"}}
    new = {**old, "name": "Anna Berg", "billing_address": {"city": "Umeå stad", "country": "SE"}}
    where = Address("customer", ("anna@home.example",))
    fields = tuple(FieldChange((name,), old.get(name), new[name]) for name in ("name", "billing_address"))
    moved = step(where, "update", old=old, new=new)
    change = Change(
        where, Action.UPDATE, "updating", fields=fields, steps=(moved.id,), reason="Anna Berg was Anna Ahlgren"
    )
    told = Change(Address("meter", ("m",)), Action.NONE, "note", Outcome.NOTE, reason="write to anna@ahlgren.example")
    guard = Guard(
        "doubled-customer", "customer/anna@home.example looks like Anna Ahlgren of Umeå stad", "--allow x", (where,)
    )
    return PlanFile("local:", "o", "diff", (change, told), (moved,), (guard,))


def said(page: Page) -> str:
    return "\n".join(texts(page))


def test_personal_data_are_left_out_of_every_text_unless_asked_for() -> None:
    shown = outline(personal_plan())
    secrets = ("Anna", "Ahlgren", "Berg", "Umeå", "ahlgren.example", "home.example")

    hidden, open_ = page_of(shown), page_of(shown, options=PageOptions(shows_personal_data=True))

    assert [secret for secret in secrets if secret in said(hidden)] == []
    assert [secret for secret in secrets if secret not in said(open_)] == []
    assert "customer/(e-mail 1)" in said(hidden)
    assert "write to (e-mail 2)" in said(hidden)


def test_a_plan_version_is_no_e_mail_address() -> None:
    assert "plan/pro@2" in said(page_of(outline(repricing(OLD, NEW))))


def test_a_page_has_money_first_then_curves_then_changes_in_folds() -> None:
    found = impact_with(OLD, NEW, "1000", "4000")

    page = page_of(outline(repricing(OLD, NEW)), found, curves_of(OLD, NEW))

    assert [(text_of(one.title), one.is_fold) for one in page.sections] == [
        ("Who pays what", False),
        ("API: what it costs a month, plan/pro@2", False),
        ("1 plan changes", True),
        ("plan/pro@2: which line makes the difference", True),
        ("Who pays more and less", True),
    ]


def test_an_anonymous_page_names_nobody_and_sums_nothing_small() -> None:
    page = page_of(outline(repricing(OLD, NEW)), redact(impact_with(OLD, NEW, "1000", "4000")))

    assert "c00" not in said(page)
    assert text_of(page.headline) == "1 plan changes · some subscriptions reached"


def test_lines_and_bars_of_everybody_say_so_where_not_all_move() -> None:
    page = page_of(outline(repricing(OLD, NEW)), impact(a=MOVING, b=STAYING))

    assert "plan/pro@2: which line makes the difference, if everybody moved" in texts(page)
    assert [one.title for one in bars(page)] == ["plan/pro@2, USD a month, if everybody moved"]


def test_an_anonymous_page_has_groups_of_those_who_move_and_who_stay() -> None:
    move, stay = (dict.fromkeys((f"{status.value}{n}" for n in range(5)), status) for status in (MOVING, STAYING))

    page = page_of(outline(repricing(OLD, NEW)), redact(impact(**move, **stay)))

    assert [(one.label, one.amount) for found in bars(page) for one in found.bars] == [("5 subscriptions", 2500)] * 2


def test_an_anonymous_headline_has_the_sum_that_is_shown() -> None:
    found = redact(impact_with(OLD, NEW, *["1000"] * 6))

    assert headline(pending("plan", "p"), impact=found) == (
        "1 plan changes · 6 subscriptions reached · +3,000.00 USD a month (+50.0 %)"
    )


def test_after_a_run_the_page_says_what_failed_and_asks_nothing() -> None:
    page = page_of(outline(plan_file(), broken_report()))

    assert text_of(page.headline) == "4 changes · 1 already done · 1 failed · 1 not done · 1 refused"
    assert [(one.kind, text_of(one.text)) for one in page.decisions] == [
        (DecisionKind.FAILED, "customer/acme: 409 Conflict: taken"),
        (DecisionKind.REFUSED, "feature/tokens: it is not owned"),
        (DecisionKind.BLOCKED, "grant/acme/welcome: customer acme was not done"),
    ]


def test_lines_of_a_command_come_first_and_masked_values_name_their_source() -> None:
    secret = FieldChange(("name",), "old", Masked(Source("env", "NAME")))
    page = page_of(
        outline(PlanFile("", "o", "diff", (pending("meter", "m", fields=(secret,)),), ())), above=("Wave 1%: 3",)
    )

    assert said(page).splitlines()[1:3] == ["About this run", "Wave 1%: 3"]
    assert "(from env NAME)" in said(page)


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        (Outcome.WAITING, ("Waiting: 1", "effect", "waiting: until March")),
        (Outcome.UNMANAGEABLE, ("Can't be managed here: 1", "effect", "unmanageable here because until March")),
        (Outcome.NOTE, ("Notes: 1", "because", "until March")),
    ],
)
def test_what_isnt_changed_says_its_effect_or_why(outcome: Outcome, shown: tuple[str, str, str]) -> None:
    told = pending("meter", "m", Action.NONE, outcome=outcome, reason="until March")

    (section,) = page_of(outline(PlanFile("", "o", "diff", (told,), ()))).sections

    (table,) = section.blocks
    assert isinstance(table, Table)
    assert (text_of(section.title), table.columns[1].title, text_of(table.rows[0][1])) == shown


def test_a_page_is_quiet_where_nothing_is_to_be_decided() -> None:
    note = pending("meter", "m", Action.NONE, outcome=Outcome.NOTE)
    waiting = replace(note, outcome=Outcome.WAITING)

    quiet = [
        page_of(outline(PlanFile("local:", "o", "diff", changes, ()))).is_quiet
        for changes in ((), (note,), (waiting,), (pending("meter", "m"),))
    ]

    assert quiet == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Acme Inc. is Acme Inc", "(personal data left out). is (personal data left out)"),
        ("acme/Acme, Inc", "acme/Acme, Inc"),
        ("Main Street 5 and Mainz", "(personal data left out) and Mainz"),
        ("Main Street 5a", "(personal data left out) 5a"),
        ("Straße Main Streets", "Straße Main Streets"),
    ],
)
def test_values_are_found_as_whole_words(text: str, shown: str) -> None:
    assert without_values(text, frozenset({"Acme Inc", "Main Street", "Main Street 5"}), 3) == shown
