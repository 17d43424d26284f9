"""A purse comes to what the plain way does, which looks at every grant and every debt for each expense."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.rating.drawdown import Grant
from billsync.report.credits.credits import Expense, Funding, Purse
from tests.support.budgets import examples
from tests.support.spending_oracle import spend, spend_plainly

START = datetime(2026, 9, 1, tzinfo=UTC)
FEATURES = ("api", "gb")

days = st.integers(0, 12).map(lambda number: START + timedelta(days=number))
amounts = st.integers(1, 40).map(lambda number: Decimal(number) / 4)
features = st.none() | st.sampled_from(FEATURES)


@st.composite
def funding(draw: st.DrawFn, number: int) -> Funding:
    """A grant that may start later than it is booked, expire, be voided, and be for some features only."""
    booked, later = draw(days), draw(st.sampled_from([0, 0, 0, 3, 9]))
    life = draw(st.none() | st.integers(1, 9))
    start = booked + timedelta(days=later)
    grant = Grant(
        key=f"grant-{number}",
        amount=draw(amounts),
        created=number,
        effective_at=start,
        expires_at=None if life is None else start + timedelta(days=life),
        priority=draw(st.sampled_from([1, 10])),
        features=draw(st.frozensets(st.sampled_from(FEATURES), max_size=2)),
        cost_basis=draw(st.sampled_from([Decimal(0), Decimal(1)])),
    )
    return Funding(booked, grant, draw(st.none() | st.none() | days))


@st.composite
def fundings(draw: st.DrawFn) -> list[Funding]:
    """Grants in the order of their creation."""
    return [draw(funding(number)) for number in range(draw(st.integers(0, 7)))]


@st.composite
def expenses(draw: st.DrawFn) -> list[Expense]:
    """Expenses in order of time, a few of which give back."""
    one = st.builds(
        Expense,
        days,
        st.one_of(amounts, amounts, amounts, amounts.map(lambda amount: -amount), st.just(Decimal(0))),
        features,
        st.booleans(),
        st.sampled_from(["", "fee", "usage"]),
    )
    return sorted(draw(st.lists(one, max_size=14)), key=lambda expense: expense.at)


@settings(max_examples=examples(60))
@given(fundings(), expenses())
def test_what_is_spent_is_what_looking_at_everything_each_time_comes_to(
    funded: list[Funding], spent: list[Expense]
) -> None:
    assert spend(funded, spent) == spend_plainly(funded, spent)


@settings(max_examples=examples(60))
@given(fundings(), expenses(), st.randoms(use_true_random=False))
def test_expenses_out_of_order_are_spent_as_the_plain_way_spends_them(
    funded: list[Funding], spent: list[Expense], random: Random
) -> None:
    """An expense that is given after a later expense is spent as the plain way spends it."""
    places = sorted(range(len(spent)), key=lambda place: place + random.choice([0, 0, 0, 2]))
    given_ = [spent[place] for place in places]

    assert spend(funded, given_) == spend_plainly(funded, given_)


@settings(max_examples=examples(50))
@given(fundings(), expenses(), expenses(), expenses())
def test_a_copy_goes_on_by_itself(
    funded: list[Funding], before: list[Expense], one: list[Expense], other: list[Expense]
) -> None:
    purse = Purse(funded)
    known = tuple(purse.pay(expense) for expense in before)

    ends = []
    for future in (one, other, one):
        copy = purse.copy()
        ends.append(copy.spent((*known, *(copy.pay(expense) for expense in future))))

    assert ends == [spend_plainly(funded, [*before, *future]) for future in (one, other, one)]
    assert purse.spent(known) == spend_plainly(funded, before)
