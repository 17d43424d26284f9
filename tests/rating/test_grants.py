"""Drawing down grants: of credit, and of metered entitlements."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.model.duration import Duration
from billsync.rating.drawdown import Drawn, Grant, Spending, Step, in_order
from billsync.rating.entitlement_grants import (
    Burndown,
    EntitlementGrant,
    Metered,
    Recurrence,
    Segment,
    Span,
    burn_down,
)
from billsync.rating.periods import Period
from billsync.rating.stock import Stock
from tests.support.budgets import examples
from tests.support.ratings import GrantState, draw, draw_plainly, grants, spendings, states

ZERO = Decimal(0)


def _day(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


def test_a_copy_of_a_stock_goes_on_by_itself() -> None:
    stock = Stock([Grant("welcome", Decimal(10), 0, _day(1))])
    stock.put("welcome", Decimal(10))

    stock.copy().draw(Spending(_day(2), Decimal(4)))

    assert stock.left == {"welcome": Decimal(10)}


def test_an_earlier_spending_draws_from_the_grants_of_its_own_time() -> None:
    ended, later = Grant("ended", Decimal(10), 0, _day(1), expires_at=_day(5)), Grant("later", Decimal(10), 0, _day(6))
    spent = Grant("spent", Decimal(3), 1, _day(1), priority=1)
    stock = Stock([spent, ended, later])
    for grant in (ended, later, spent):
        stock.put(grant.key, grant.amount)

    stock.draw(Spending(_day(7), Decimal(5)))
    earlier = stock.draw(Spending(_day(2), Decimal(4)))

    assert earlier == Step((Drawn("ended", Decimal(4)),), Decimal(0))
    assert stock.left == {"spent": Decimal(0), "ended": Decimal(6), "later": Decimal(8)}


@settings(max_examples=examples(50))
@given(grants(), spendings())
def test_nothing_is_drawn_twice_and_nothing_is_lost(given_: list[Grant], spent: list[Spending]) -> None:
    steps = draw(given_, spent)

    drawn = [sum((one.amount for one in step.drawn), ZERO) for step in steps]
    assert [amount + step.shortfall for amount, step in zip(drawn, steps, strict=True)] == [one.amount for one in spent]
    ended = states(given_, steps, as_of=datetime(2027, 1, 1, tzinfo=UTC))
    assert [one.available + one.used + one.expired for one in ended] == [grant.amount for grant in given_]
    assert min(one.available for one in ended) >= 0


@settings(max_examples=examples(50))
@given(grants(), spendings())
def test_a_draw_takes_nothing_from_grants_that_do_not_count_or_do_not_fit(
    given_: list[Grant], spent: list[Spending]
) -> None:
    by_key = {grant.key: grant for grant in given_}

    steps = draw(given_, spent)

    for spending, step in zip(spent, steps, strict=True):
        drawn_on = [by_key[one.grant] for one in step.drawn]
        assert all(grant.counts_at(spending.at) and grant.pays_for(spending.feature) for grant in drawn_on)


@settings(max_examples=examples(200))
@given(grants(), spendings(), st.randoms(use_true_random=False))
def test_what_is_drawn_is_what_looking_at_every_grant_each_time_draws(
    given_: list[Grant], spent: list[Spending], random: Random
) -> None:
    """Also where a spending comes after a later one."""
    places = sorted(range(len(spent)), key=lambda place: place + random.choice([0, 0, 0, 2]))
    ordered, left = in_order(given_), {grant.key: grant.amount for grant in given_}

    steps = draw(given_, [spent[place] for place in places])

    for place, step in zip(places, steps, strict=True):
        assert step == draw_plainly(ordered, left, spent[place])
        left.update({one.grant: left[one.grant] - one.amount for one in step.drawn})


def test_a_grant_counts_from_its_start_and_not_at_its_end() -> None:
    grant = Grant("a", Decimal(10), 1, _day(2), _day(4))

    steps = draw([grant], [Spending(_day(day), Decimal(1)) for day in (1, 2, 3, 4)])

    assert [step.shortfall for step in steps] == [Decimal(1), ZERO, ZERO, Decimal(1)]
    assert states([grant], steps, as_of=_day(4)) == (GrantState("a", ZERO, Decimal(2), Decimal(8)),)
    assert states([grant], steps, as_of=_day(1)) == (GrantState("a", ZERO, Decimal(2), ZERO),)


def test_an_expired_grant_still_says_which_route_came_first() -> None:
    paid, free = Decimal(1), ZERO
    given_ = [
        Grant("expired", Decimal(5), 1, _day(1), _day(2), cost_basis=paid),
        Grant("free", Decimal(5), 2, _day(1), cost_basis=free),
        Grant("paid", Decimal(5), 3, _day(1), cost_basis=paid),
    ]

    steps = draw(given_, [Spending(_day(3), Decimal(6))])

    assert steps == (Step((Drawn("paid", Decimal(5)), Drawn("free", Decimal(1))), ZERO),)


def _grant(key: str, amount: int, **more: object) -> EntitlementGrant:
    return EntitlementGrant(key, Decimal(amount), _day(1), **({"effective_at": _day(1)} | more))  # type: ignore[arg-type]


def _segment(start: int, end: int, usage: int, drawn: dict[str, int], overage: int) -> Segment:
    entries = tuple(Drawn(key, Decimal(amount)) for key, amount in drawn.items())
    return Segment(Period(_day(start), _day(end)), Decimal(usage), entries, Decimal(overage))


def test_overage_that_is_kept_is_drawn_at_the_reset() -> None:
    grant = _grant("a", 10, least_rollover=Decimal(8), most_rollover=Decimal(8))
    span = Span(Period(_day(1), _day(9)), (_day(5),), preserve_overage=True)

    answer = burn_down([grant], [Metered(_day(2), Decimal(13))], span)

    segments = (_segment(1, 5, 13, {"a": 10}, 3), _segment(5, 5, 0, {"a": 3}, 0), _segment(5, 9, 0, {"a": 0}, 0))
    assert answer == Burndown(segments, {"a": Decimal(5)}, ZERO)


def test_overage_that_is_not_kept_is_dropped_at_the_reset() -> None:
    grant = _grant("a", 10, least_rollover=Decimal(2), most_rollover=Decimal(8))
    span = Span(Period(_day(1), _day(9)), (_day(5),))

    answer = burn_down([grant], [Metered(_day(2), Decimal(13))], span)

    segments = (_segment(1, 5, 13, {"a": 10}, 3), _segment(5, 5, 0, {}, 0), _segment(5, 9, 0, {"a": 0}, 0))
    assert answer == Burndown(segments, {"a": Decimal(2)}, ZERO)


def test_overage_that_the_rollover_does_not_cover_is_carried_on() -> None:
    grant = _grant("a", 10, least_rollover=Decimal(2), most_rollover=Decimal(8))
    span = Span(Period(_day(1), _day(9)), (_day(5),), preserve_overage=True)

    answer = burn_down([grant], [Metered(_day(2), Decimal(13))], span)

    segments = (_segment(1, 5, 13, {"a": 10}, 3), _segment(5, 5, 0, {"a": 2}, 1), _segment(5, 9, 0, {}, 1))
    assert answer == Burndown(segments, {"a": ZERO}, Decimal(1))


def test_a_recurrence_at_the_moment_of_a_reset_fills_the_grant_again() -> None:
    grant = _grant("a", 10, recurrence=Recurrence(_day(1), Duration(days=Decimal(4))))
    span = Span(Period(_day(1), _day(7)), (_day(5),))

    answer = burn_down([grant], [Metered(_day(2), Decimal(6))], span)

    segments = (_segment(1, 5, 6, {"a": 6}, 0), _segment(5, 5, 0, {}, 0), _segment(5, 7, 0, {"a": 0}, 0))
    assert answer == Burndown(segments, {"a": Decimal(10)}, ZERO)


def test_a_recurrence_at_the_end_of_the_span_is_a_segment_of_its_own() -> None:
    grant = _grant("a", 10, recurrence=Recurrence(_day(1), Duration(days=Decimal(4))))

    answer = burn_down([grant], [Metered(_day(2), Decimal(12))], Span(Period(_day(1), _day(5))))

    segments = (_segment(1, 5, 12, {"a": 10}, 2), _segment(5, 5, 0, {"a": 2}, 0))
    assert answer == Burndown(segments, {"a": Decimal(8)}, ZERO)


def test_a_reset_at_the_end_is_followed_by_a_segment_of_length_0() -> None:
    """A reset at the end of the span is followed by a segment of length 0."""
    grant = _grant("a", 10, most_rollover=Decimal(3))

    answer = burn_down([grant], [Metered(_day(2), Decimal(4))], Span(Period(_day(1), _day(5)), (_day(5),)))

    segments = (_segment(1, 5, 4, {"a": 4}, 0), _segment(5, 5, 0, {}, 0), _segment(5, 5, 0, {"a": 0}, 0))
    assert answer == Burndown(segments, {"a": Decimal(3)}, ZERO)


def test_a_grant_from_before_the_span_has_what_the_opening_says() -> None:
    grant = _grant("a", 10, effective_at=datetime(2025, 12, 1, tzinfo=UTC))
    span = Span(Period(_day(1), _day(5)), opening={"a": Decimal(4)})

    answer = burn_down([grant], [Metered(_day(2), Decimal(5))], span)

    assert answer == Burndown((_segment(1, 5, 5, {"a": 4}, 1),), {"a": ZERO}, Decimal(1))


def test_usage_between_two_segments_belongs_to_the_second() -> None:
    grant = _grant("a", 10, recurrence=Recurrence(_day(1), Duration(days=Decimal(4))))

    answer = burn_down([grant], [Metered(_day(5), Decimal(3))], Span(Period(_day(1), _day(7))))

    segments = (_segment(1, 5, 0, {"a": 0}, 0), _segment(5, 7, 3, {"a": 3}, 0))
    assert answer == Burndown(segments, {"a": Decimal(7)}, ZERO)


def test_a_reset_may_drop_or_keep_overage_by_itself() -> None:
    grant = _grant("a", 10, least_rollover=Decimal(8), most_rollover=Decimal(8))
    usage = [Metered(_day(2), Decimal(13)), Metered(_day(6), Decimal(11))]
    span = Span(Period(_day(1), _day(9)), (_day(5), _day(7)), exceptions={_day(5): True})

    answer = burn_down([grant], usage, span)

    overages = [(segment.period.start.day, segment.overage) for segment in answer.segments]
    assert overages == [(1, 3), (5, 0), (5, 6), (7, 0), (7, 0)]


def test_a_voided_grant_keeps_what_was_drawn_from_it_and_its_place() -> None:
    voided = _grant("b", 10, voided_at=_day(4))
    usage = [Metered(_day(2), Decimal(12)), Metered(_day(5), Decimal(1))]

    answer = burn_down([_grant("a", 10), voided], usage, Span(Period(_day(1), _day(9))))

    segments = (_segment(1, 4, 12, {"a": 10, "b": 2}, 0), _segment(4, 9, 1, {}, 1))
    assert answer == Burndown(segments, {"a": ZERO, "b": ZERO}, Decimal(1))


def test_a_cut_begins_a_segment_with_what_is_left_until_then() -> None:
    answer = burn_down(
        [_grant("a", 10)], [Metered(_day(2), Decimal(4))], Span(Period(_day(1), _day(9)), cuts=frozenset({_day(5)}))
    )

    assert answer == Burndown((_segment(1, 5, 4, {"a": 4}, 0), _segment(5, 9, 0, {"a": 0}, 0)), {"a": Decimal(6)}, ZERO)
    assert [segment.opened for segment in answer.segments] == [{"a": Decimal(10)}, {"a": Decimal(6)}]
