"""Changes that bill the same time twice: amounts worked out by hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billsync.model.change import Guard
from billsync.model.malformed import Malformed
from billsync.report.billing.subscribed import Subscribed, moment_of, subscribed
from billsync.report.moves.addon_fees import AddonFees, alone
from billsync.report.moves.advance import billed_ahead, billed_at_start
from billsync.report.moves.quantity_notes import quantity_notes
from billsync.report.moves.terms import Start, begun
from billsync.report.moves.twice import (
    QuantityChange,
    billed_twice,
    credit_returned,
    quantity_billed_twice,
    twice_guards,
)
from tests.support.moves import ACME, MID_MONTH, NEW, OLD, ahead, move, running, terms
from tests.support.subscription_rows import FEATURES, fee_card, subscription_row, unit, usage_card, with_trial

VECTORS = Path(__file__).resolve().parents[2] / "conformance" / "vectors" / "proration.jsonl"
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
TEAM, BUSINESS = terms(OLD, ahead("25")), terms(NEW, ahead("60"))


def reasons(*moves: Any) -> list[str]:
    found = [billed_twice(one) for one in moves]
    return [guard.reason for guard in twice_guards(one for one in found if one)]


def test_a_change_at_once_shows_what_was_billed_and_what_will_be() -> None:
    """25 for September; on the 16th 60 × 15/30 = 30 is billed anew, and 12.50 of the 25 are for the other half."""
    found = billed_twice(move(TEAM, BUSINESS, running(ahead("25"))))

    assert found is not None
    assert twice_guards([found]) == (
        Guard(
            "bills-twice",
            "the change from plan/team@1 to plan/business@1 at once bills 30 USD in advance, and nothing comes "
            "back of the 25 USD billed until 2026-10-01T00:00:00Z (12.5 USD of it for the time after the change) once "
            "that invoice is final; `change: at_renewal` bills nothing twice",
            "--allow bills-twice",
            (ACME,),
        ),
    )


def test_a_change_in_place_of_an_end_proposes_another_end() -> None:
    at_start = datetime(2026, 9, 1, tzinfo=UTC)

    assert reasons(move(TEAM, BUSINESS, running(ahead("25")), at=at_start, is_instead_of_end=True)) == [
        "the change from plan/team@1 to plan/business@1 at once bills 60 USD in advance, and nothing comes back of the "
        "25 USD billed until 2026-10-01T00:00:00Z once that invoice is final; `ends: at_renewal` bills nothing twice"
    ]


def test_several_changes_of_one_sort_are_one_guard_with_sums() -> None:
    link = running(ahead("25"))

    assert reasons(*[move(TEAM, BUSINESS, link)] * 3) == [
        "each of 3 changes from plan/team@1 to plan/business@1 at once bills 90 USD in all in advance, and nothing "
        "comes back of the 75 USD billed for periods that aren't over (37.5 USD of it for the time after the change) "
        "once that invoice is final; `change: at_renewal` bills nothing twice"
    ]


@pytest.mark.parametrize(
    ("link", "more"),
    [
        (running(ahead("0")), {}),
        (running(fee_card("base", "25")), {}),
        (running(usage_card("api", unit("1"))), {}),
        (running(ahead("25"), settlement_mode="credit_only"), {}),
        (running(ahead("25")), {"timing": "at_renewal", "at": datetime(2026, 10, 1, tzinfo=UTC)}),
        (running(ahead("25", cadence=None)), {}),
        (None, {}),
    ],
    ids=["free", "in arrears", "by usage", "by credit alone", "at renewal", "paid once", "not begun"],
)
def test_nothing_is_billed_twice(link: Subscribed | None, more: dict[str, Any]) -> None:
    assert reasons(move(TEAM, BUSINESS, link, **more)) == []


def test_a_change_to_a_plan_without_fees_in_advance_gives_nothing_back() -> None:
    (reason,) = reasons(move(TEAM, terms(NEW, fee_card("base", "60")), running(ahead("25"))))

    assert reason.startswith("the change from plan/team@1 to plan/business@1 at once bills nothing in advance, and ")


def test_a_yearly_fee_counts_until_its_year_is_over() -> None:
    """1200 a year since September; a new year of 2400 from the same anchor costs 350/365 of it on the 16th."""
    year = terms(NEW, ahead("2400", cadence="P1Y"), billing_cadence="P1Y")

    found = billed_twice(move(TEAM, year, running(ahead("1200", cadence="P1Y"))))

    assert found is not None
    assert found.before is not None
    assert (found.before.amounts, found.before.until) == ({"USD": Decimal(1200)}, datetime(2027, 9, 1, tzinfo=UTC))
    assert found.now == {"USD": Decimal("2301.37")}


def test_without_proration_the_new_fee_is_billed_in_full() -> None:
    whole = terms(NEW, ahead("60"), pro_rating_enabled=False)

    assert [
        found.now for one in (BUSINESS, whole) if (found := billed_twice(move(TEAM, one, running(ahead("25")))))
    ] == [
        {"USD": Decimal(30)},
        {"USD": Decimal(60)},
    ]


def test_with_credit_alone_nothing_comes_back_without_proration() -> None:
    link = replace(running(ahead("25"), settlement_mode="credit_only"), pro_rated=False)

    assert reasons(move(TEAM, BUSINESS, link)) == [
        "the change from plan/team@1 to plan/business@1 at once bills 30 USD in advance, and nothing comes back of the "
        "25 USD billed until 2026-10-01T00:00:00Z, as it is not prorated; `change: at_renewal` bills nothing twice"
    ]


def test_no_seat_comes_back_as_credit_without_proration() -> None:
    change = quantity(2, 3, ahead("30", "seats"), settlement_mode="credit_only")
    whole = replace(change, running=replace(change.running, pro_rated=False))

    assert "nothing comes back of the 60 USD" in twice_text(whole)
    assert list(quantity_notes([whole])) == []


def test_a_one_time_fee_is_billed_by_each_beginning() -> None:
    found = billed_twice(move(TEAM, terms(NEW, ahead("60"), ahead("100", "setup", None)), running(ahead("25"))))

    assert found is not None
    assert found.now == {"USD": Decimal(130)}


def test_unknown_amounts_are_guarded_and_said() -> None:
    broken = Malformed("phases", None)

    assert reasons(
        move(TEAM, BUSINESS, running(ahead("25")), new=None),
        move(TEAM, BUSINESS, running(ahead("25")), new=broken),
        move(TEAM, BUSINESS, broken),
        move(TEAM, BUSINESS, running({**ahead("25"), "currency": "ZZZ"})),
    ) == [
        f"the change from plan/team@1 to plan/business@1 at once may bill the running period twice: {why}; "
        "`change: at_renewal` bills nothing twice"
        for why in (
            "the prices of plan/business@1 can't be read",
            "the prices of plan/business@1 can't be read (phases is missing)",
            "its row doesn't show its fees (phases is missing)",
            "the decimals of the currency ZZZ are not known",
        )
    ]


def test_a_link_without_phases_is_judged_by_its_plan_version() -> None:
    """Konnect's rows show no phases: only a plan with fees in advance may bill twice, at renewal a longer fee."""
    unshown = Malformed("phases", None)
    arrears = terms(OLD, fee_card("base", "25", "in_arrears"))
    renewal: dict[str, Any] = {"timing": "at_renewal", "at": datetime(2026, 10, 1, tzinfo=UTC)}
    yearly = terms(OLD, ahead("25"), ahead("100", "support", "P1Y"))

    assert reasons(
        move(arrears, BUSINESS, unshown), move(terms(OLD), BUSINESS, unshown), move(TEAM, BUSINESS, unshown, **renewal)
    ) == []  # fmt: skip
    assert reasons(move(yearly, BUSINESS, unshown, **renewal)) == [
        "the change from plan/team@1 to plan/business@1 at renewal may bill the running period twice: its row doesn't "
        "show its fees (phases is missing)"
    ]
    assert len(reasons(move(arrears, BUSINESS, Malformed("active_from", None)))) == 1


def test_with_credit_alone_the_unused_part_comes_back() -> None:
    link = running(ahead("25"), settlement_mode="credit_only")

    assert credit_returned(move(TEAM, BUSINESS, link)) == {"USD": Decimal("12.5")}
    assert credit_returned(move(TEAM, BUSINESS, link, timing="at_renewal", at=datetime(2026, 10, 1, tzinfo=UTC))) == {}
    assert credit_returned(move(TEAM, BUSINESS, running(ahead("25")))) == {}


def test_in_the_second_of_the_start_nothing_comes_back() -> None:
    """Source: customer-facts.md §5.8. A fee that began in the middle of a period is no exception."""
    link = running(ahead("25"), settlement_mode="credit_only")
    began = replace(link, timeline=replace(link.timeline, active_from=MID_MONTH))

    assert credit_returned(move(TEAM, BUSINESS, link, at=datetime(2026, 9, 1, 0, 0, 0, 5, tzinfo=UTC))) == {}
    assert credit_returned(move(TEAM, BUSINESS, began, at=MID_MONTH)) == {}


def quantity(old: int, new: int, *cards: dict[str, Any], **more: Any) -> QuantityChange:
    """A change of acme's seats, which it has had since the beginning."""
    terms = {name: more.pop(name) for name in ("at", "until", "is_immediate") if name in more}
    link = running(ahead("25"), **more)
    fees = AddonFees("seats", running(*cards).slots, old)
    return QuantityChange(ACME, link, fees, link.timeline.active_from, new, **{"at": MID_MONTH, **terms})


@pytest.mark.parametrize(("new", "billed"), [(1, "15"), (3, "45"), (0, None)])
def test_any_change_of_a_quantity_bills_the_new_one_again(new: int, billed: str | None) -> None:
    """2 × 30 are paid: each other quantity is billed for the rest of the month, also a lower one (§6.3)."""
    found = quantity_billed_twice(quantity(2, new, ahead("30", "seats")))

    assert found is not None
    assert found.before is not None
    assert (found.what, found.before.amounts) == (f"from 2 to {new} of addon/seats at once", {"USD": Decimal(60)})
    assert found.now == ({"USD": Decimal(billed)} if billed else {})


def test_quantities_that_bill_nothing_again() -> None:
    seats = ahead("30", "seats")

    found = [
        quantity_billed_twice(one)
        for one in (
            quantity(0, 2, seats),
            quantity(2, 2, seats),
            quantity(2, 1, fee_card("seats", "30")),
            quantity(1, 0, usage_card("api", unit("1"))),
            quantity(2, 1, seats, settlement_mode="credit_only"),
            quantity(2, 3, seats, at=OCTOBER, is_immediate=False),
            quantity(2, 2, seats, at=datetime(2026, 10, 16, tzinfo=UTC), until=MID_MONTH),
        )
    ]

    assert found == [None] * 7


def twice_text(change: QuantityChange) -> str:
    found = quantity_billed_twice(change)
    assert found is not None
    (guard,) = twice_guards([found])
    return guard.reason


def test_what_was_detached_and_is_attached_again_was_billed_before() -> None:
    """2 × 30 were billed for September; detached on the 10th, two more on the 16th cost 30 for the other half."""
    change = quantity(2, 2, ahead("30", "seats"), until=datetime(2026, 9, 10, tzinfo=UTC))

    assert twice_text(change) == (
        "the change from 0 to 2 of addon/seats at once bills 30 USD in advance, and nothing comes back of the 60 USD "
        "billed until 2026-10-01T00:00:00Z (30 USD of it for the time after the change) once that invoice is final; "
        "`change: at_renewal` bills nothing twice"
    )


def test_a_quantity_paid_for_longer_is_billed_again_at_renewal_too() -> None:
    """2 × 365 for a year; from October on three cost 3 × 335, and 2 × 335 of what was billed are lost."""
    change = quantity(2, 3, ahead("365", "seats", "P1Y"), at=OCTOBER, is_immediate=False)

    assert twice_text(change) == (
        "the change from 2 to 3 of addon/seats at renewal bills 1005 USD in advance, and nothing comes back of the "
        "730 USD billed until 2027-09-01T00:00:00Z (670 USD of it for the time after the change) once that invoice is "
        "final; from 2027-09-01T00:00:00Z on nothing is billed twice"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (quantity(0, 2, ahead("30", "seats")), "from 0 to 2 of addon/seats at once bills 30 USD in advance"),
        (
            quantity(2, 3, ahead("30", "seats"), settlement_mode="credit_only"),
            "from 2 to 3 of addon/seats at once bills 45 USD in advance, and 30 USD of what was billed come back as "
            "credit",
        ),
        (quantity(2, 3, ahead("30", "seats")), None),
        (quantity(0, 2, ahead("30", "seats"), at=OCTOBER, is_immediate=False), None),
        (quantity(0, 2, usage_card("api", unit("1"))), None),
    ],
    ids=["first", "by credit alone", "guarded", "at renewal", "by usage"],
)
def test_what_no_guard_shows_of_a_quantity_is_a_note(change: QuantityChange, reason: str | None) -> None:
    found = [one.reason for one in quantity_notes([change])]

    assert found == ([f"the change {reason}"] if reason else [])


def test_the_amounts_billed_by_a_new_beginning_are_those_of_the_vectors() -> None:
    """Each vector for a month's period, from a moment within it to its end, is a beginning at that moment."""
    checked = 0
    for row in map(json.loads, VECTORS.read_text().splitlines()):
        full, service = row["full_service_period"], row["service_period"]
        anchor, start, end = moment_of(full["from"]), moment_of(service["from"]), moment_of(full["to"])
        plan = terms(
            NEW, {**ahead(row["amount"]), "currency": row["currency"]}, pro_rating_enabled=row["pro_rating"]["enabled"]
        )
        link = begun(plan, Start(start, anchor, "credit_then_invoice"))
        is_month = link.period_at(start).end == end and service["to"] == full["to"] and anchor <= start < end
        if not is_month or row["currency"] not in ("USD", "JPY", "KWD"):
            continue
        expected = Decimal(row["expected"]["charge_amount"])
        assert billed_at_start(link) == ({row["currency"]: expected} if expected else {}), row["id"]
        checked += 1
    assert checked > 15


def test_billed_ahead_of_a_running_period_is_what_its_charge_was() -> None:
    """A link that began in the middle of a period was billed for its part only: 31 for 20 of 30 days is 20.67."""
    link = running(ahead("31"), start="2026-09-11T00:00:00Z", billing_anchor="2026-09-01T00:00:00Z")

    found = billed_ahead(link, datetime(2026, 9, 21, tzinfo=UTC))

    assert found is not None
    assert (found.amounts, found.unused) == ({"USD": Decimal("20.67")}, {"USD": Decimal("10.34")})


def test_addons_that_are_attached_again_are_billed_again() -> None:
    """2 × 10 for the add-on, for the other half of the month, in addition to 30 for the plan."""
    seats = AddonFees("seats", running(ahead("10", "seats")).slots, 2)
    unknown = AddonFees("seats", Malformed("rate_cards", None), 2)

    found = billed_twice(move(TEAM, BUSINESS, running(ahead("25")), addons=(seats,)))
    problem = billed_twice(move(TEAM, BUSINESS, running(ahead("25")), addons=(unknown,)))

    assert found is not None
    assert found.now == {"USD": Decimal(40)}
    assert problem is not None
    assert problem.problem == "the prices of addon/seats can't be read (rate_cards is missing)"


def test_the_fee_of_an_addon_ends_with_its_phase() -> None:
    """An add-on attached in the middle of a phase of ten days is billed for those days that are left: 31 × 5/31."""
    row = with_trial(subscription_row(ahead("25"), start="2026-10-01T00:00:00Z"), "2026-10-11T00:00:00Z")
    fees = AddonFees("seats", running(ahead("31", "seats")).slots, 1)

    found = billed_at_start(alone(subscribed(row, FEATURES), fees, datetime(2026, 10, 6, tzinfo=UTC)))

    assert found == {"USD": Decimal(5)}


def test_a_fee_paid_for_longer_is_billed_again_at_renewal_too() -> None:
    """A monthly plan with 1200 a year in advance, left after a month: 335 of 365 days were paid for nothing."""
    renewal = datetime(2026, 10, 1, tzinfo=UTC)
    link = running(ahead("25"), ahead("1200", "licence", "P1Y"))
    later = {"timing": "at_renewal", "at": renewal}
    new = terms(NEW, ahead("60"), ahead("1200", "licence", "P1Y"))

    once, renewed = (
        twice_guards([found])
        for found in (billed_twice(move(TEAM, new, link)), billed_twice(move(TEAM, new, link, **later)))
        if found
    )
    several = [found for found in [billed_twice(move(TEAM, new, link, **later))] * 2 if found]

    assert once[0].reason.rpartition("; ")[2] == "from 2027-09-01T00:00:00Z on nothing is billed twice"
    assert renewed[0].reason == (
        "the change from plan/team@1 to plan/business@1 at renewal bills 1161.37 USD in advance, and nothing comes "
        "back of the 1200 USD billed until 2027-09-01T00:00:00Z (1101.37 USD of it for the time after the change) once "
        "that invoice is final; from 2027-09-01T00:00:00Z on nothing is billed twice"
    )
    assert twice_guards(several)[0].reason.endswith("is final; later changes bill nothing twice")


def test_with_credit_alone_what_is_paid_for_longer_comes_back_at_renewal() -> None:
    renewal = {"timing": "at_renewal", "at": datetime(2026, 10, 1, tzinfo=UTC)}
    link = running(ahead("25"), ahead("1200", "licence", "P1Y"), settlement_mode="credit_only")

    assert credit_returned(move(TEAM, BUSINESS, link, **renewal)) == {"USD": Decimal("1101.37")}
    assert billed_twice(move(TEAM, BUSINESS, link, **renewal)) is None


def test_a_period_that_ends_within_a_second_is_not_billed_for_the_next() -> None:
    """Invoices are dated in whole seconds; a fee that would be due in the second of the renewal isn't billed before."""
    link = running(ahead("300", cadence="P1Y"), start="2026-09-01T00:00:00.28Z", billing_cadence="P1Y")
    renewal = link.period_at(MID_MONTH).end

    assert renewal == datetime(2027, 9, 1, 0, 0, 0, 280_000, tzinfo=UTC)
    assert billed_twice(move(TEAM, BUSINESS, link, timing="at_renewal", at=renewal)) is None
