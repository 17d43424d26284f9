"""Parts of a customer's credit: what other grants pay in place of credits for fees is no loss, and no such credit is
unused that paid a debt."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billsync.report.recovery.losses.explaining import Explanations
from billsync.report.recovery.proof.parts import NEVER, Parts, Rest, unused
from billsync.report.recovery.proof.uneven import FOR_FEES, OWED, TAKEN, uneven

END = datetime(2026, 10, 1, tzinfo=UTC)
EARLY = END - timedelta(days=1)


def parts(
    g: int, debt: int = 0, *, ends: datetime = NEVER, features: frozenset[str] = frozenset(), **fee: int
) -> Parts:
    """A grant, a debt, and a credit of 20 for fees with what is `left` of it, of which fees took `paid`."""
    rests = {"g": Rest("g", "USD", Decimal(g), ends=ends, features=features)}
    if fee:
        left = Decimal(fee["left"])
        rests["restore:1"] = Rest("c", "USD", left, Decimal(20) - left, END, is_fee=True)
    debts = {"USD": Decimal(debt)} if debt else {}
    return Parts(rests, debts, paid={"USD": Decimal(fee.get("paid", 0))})


@pytest.mark.parametrize(
    ("want", "have", "said"),
    [
        (parts(50), parts(50, left=0, paid=20), {}),
        (parts(50, ends=EARLY), parts(30, ends=EARLY, left=20, paid=20), {}),  # which ends earlier is taken first
        (parts(50, ends=EARLY), parts(30, ends=EARLY, left=20, paid=0), {"g": -20, FOR_FEES: 20}),
        (parts(50), parts(30, left=20, paid=20), {"g": -20, FOR_FEES: 20}),
        (parts(50, ends=EARLY, features=frozenset({"calls"})), parts(30, left=20, paid=20), {"g": -20, FOR_FEES: 20}),
        (parts(50, 30), parts(50, 30, left=0, paid=20), {}),
        (parts(50, 30), parts(50, 25, left=0, paid=15), {FOR_FEES: 5}),
        (parts(50), parts(50, left=0, paid=0), {TAKEN: -20}),
        (parts(50, 20), parts(30), {"g": -20, OWED: 20}),
    ],
)
def test_a_part_is_uneven_where_somebody_may_lose(want: Parts, have: Parts, said: dict[str, int]) -> None:
    found = uneven("acme", "a", want, have, "USD", Explanations(()))

    assert {one.part: one.more for one in found} == said
    assert unused(want, have, "USD") == said.get(FOR_FEES, 0)
