"""What credits pay for: holes, what comes back, and grants that start later."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billsync.rating.drawdown import Drawn, Grant, Step
from billsync.report.credits.credits import Expense, Funding
from tests.support.spending_oracle import spend

START = datetime(2026, 9, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def funding(key: str, amount: str, *, made: int = 0, starts: int | None = None, order: int = 1) -> Funding:
    grant = Grant(key, Decimal(amount), order, day(made if starts is None else starts))
    return Funding(day(made), grant)


def expense(number: int, amount: str, reference: str = "usage") -> Expense:
    return Expense(day(number), Decimal(amount), is_owed=True, reference=reference)


def test_what_comes_back_lowers_the_debt_before_grants() -> None:
    spent = spend([funding("a", "3")], [expense(1, "5"), expense(1, "-4")])

    assert spent.steps[1] == Step((Drawn("a", Decimal(-2)),), Decimal(-2))
    assert (dict(spent.left), spent.debt) == ({"a": Decimal(2)}, Decimal(0))


def test_what_comes_back_goes_to_the_grant_that_was_drawn_on_last() -> None:
    funded = [funding("a", "3"), funding("b", "9", order=2)]

    spent = spend(funded, [expense(1, "5"), expense(1, "-3")])

    assert dict(spent.left) == {"a": Decimal(1), "b": Decimal(9)}


def test_only_what_the_same_charge_took_comes_back() -> None:
    spent = spend([funding("a", "3")], [expense(1, "2", "one"), expense(2, "9", "two"), expense(3, "-2", "one")])

    assert (dict(spent.left), spent.debt) == ({"a": Decimal(2)}, Decimal(8))


def test_a_grant_that_starts_later_is_reserved_for_the_debts_there_are() -> None:
    funded = [funding("a", "8", made=2, starts=10)]

    spent = spend(funded, [expense(1, "5"), expense(3, "1", "later")])

    assert (dict(spent.left), spent.debt) == ({"a": Decimal(3)}, Decimal(1))
    assert (spent.debt_at(day(9)), spent.debt_at(day(10))) == (Decimal(6), Decimal(1))


def test_what_was_reserved_and_comes_back_is_no_debt_until_then() -> None:
    funded = [funding("a", "8", made=2, starts=10)]

    spent = spend(funded, [expense(1, "5"), expense(3, "-5")])

    assert (dict(spent.left), spent.debt_at(day(4))) == ({"a": Decimal(8)}, Decimal(0))
