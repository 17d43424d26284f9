"""Timelines: what no vector reaches."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from billsync.model.duration import Duration
from billsync.rating.card import Card, PaymentTerm
from billsync.rating.periods import Period
from billsync.rating.prices import FlatPrice, FreePrice, UnitPrice
from billsync.rating.timeline import Item, Life, Phase, Subscription, phase_lives, timeline

MONTH = Duration(months=Decimal(1))
FEE = Card(FlatPrice(Decimal(10)))
IN_ADVANCE = Card(FlatPrice(Decimal(10)), payment_term=PaymentTerm.IN_ADVANCE)
USAGE = Card(UnitPrice(Decimal(1)))


def _day(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def _subscription(*phases: Phase, end: datetime | None = None) -> Subscription:
    return Subscription(_day(1, 1), end, _day(1, 1), MONTH, phases)


def test_a_free_item_is_not_billed_but_counts_as_a_version() -> None:
    days = Duration(days=Decimal(10))
    items = (Item("api", Card(FreePrice()), MONTH, to_offset=days), Item("api", USAGE, MONTH, from_offset=days))

    billed = timeline(_subscription(Phase("main", None, items)), until=_day(2, 1))

    assert [(one.unique_id, one.service_period) for one in billed] == [
        ("main/api/v[1]/period[0]", Period(_day(1, 11), _day(2, 1)))
    ]


def test_a_one_time_fee_in_arrears_is_billable_once_its_phase_ends() -> None:
    """A one-time fee in arrears is not billable while its phase has no end."""
    endless = timeline(_subscription(Phase("main", None, (Item("fee", FEE, None),))), until=_day(3, 1))
    ending = timeline(_subscription(Phase("main", None, (Item("fee", FEE, None),)), end=_day(1, 20)), until=_day(3, 1))

    assert [(one.unique_id, one.is_billable) for one in endless] == [("main/fee/v[0]", False)]
    assert [(one.full_service_period, one.is_billable) for one in ending] == [(Period(_day(1, 1), _day(1, 20)), True)]


def test_a_one_time_fee_in_advance_is_billable_at_once() -> None:
    billed = timeline(_subscription(Phase("main", None, (Item("fee", IN_ADVANCE, None),))), until=_day(1, 1))

    assert [(one.invoice_at, one.is_billable) for one in billed] == [(_day(1, 1), True)]


def test_a_phase_that_starts_after_the_subscription_ended_has_no_lines() -> None:
    first, second = Phase("a", MONTH, (Item("api", USAGE, MONTH),)), Phase("b", None, (Item("api", USAGE, MONTH),))
    ended = _subscription(first, second, end=_day(1, 20))

    billed = timeline(ended, until=_day(12, 1))

    assert [one.unique_id for one in billed] == ["a/api/v[0]/period[0]"]
    assert [phase.life for phase in phase_lives(ended)] == [
        Life(_day(1, 1), _day(1, 20)),
        Life(_day(2, 1), _day(2, 1)),
    ]


def test_a_flat_item_of_no_length_is_kept_and_a_usage_one_is_dropped() -> None:
    days = Duration(days=Decimal(5))
    items = (Item("api", USAGE, MONTH, days, days), Item("base", FEE, MONTH, days, days))

    billed = timeline(_subscription(Phase("main", None, items)), until=_day(3, 1))

    assert [(one.unique_id, one.service_period) for one in billed] == [
        ("main/base/v[0]/period[0]", Period(_day(1, 6), _day(1, 6)))
    ]


def test_a_phase_of_no_length_has_no_one_time_fee() -> None:
    nothing = Phase("a", Duration(), (Item("fee", IN_ADVANCE, None),))

    billed = timeline(_subscription(nothing, Phase("b", None, ())), until=_day(3, 1))

    assert billed == ()


def test_phases_that_end_with_months_do_not_drift() -> None:
    phases = (Phase("a", MONTH, ()), Phase("b", MONTH, ()), Phase("c", None, ()))
    subscription = Subscription(_day(1, 31), None, _day(1, 31), MONTH, phases)

    lives = [phase.life for phase in phase_lives(subscription)]

    assert lives == [Life(_day(1, 31), _day(2, 28)), Life(_day(2, 28), _day(3, 31)), Life(_day(3, 31), None)]
