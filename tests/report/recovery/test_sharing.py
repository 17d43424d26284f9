"""Equal parts of a recovery snapshot's items are kept once, and nothing else is taken for them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billsync.model.recovery import Credit, Promise
from billsync.model.state import Row
from billsync.model.value import Plain
from billsync.report.recovery.snapshot import sharing
from billsync.report.recovery.snapshot.sharing import Sharing

CARD = {"key": "fee", "price": {"type": "flat", "amount": "31"}, "tiers": [{"to": "5"}, {"to": None}]}
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


def copy(value: Plain) -> Plain:
    """An equal value of which no part is the same object."""
    if isinstance(value, dict):
        return {"".join(name): copy(part) for name, part in value.items()}
    return [copy(part) for part in value] if isinstance(value, list) else value


def test_equal_parts_of_rows_are_one() -> None:
    shared = Sharing()

    first, second = (shared.row(Row("plan", name, {"id": name, "card": copy(CARD)})) for name in ("1", "2"))

    assert first == Row("plan", "1", {"id": "1", "card": CARD})
    assert second.fields["card"] is first.fields["card"]


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (Decimal("1.0"), Decimal("1.00")), ("1", 1), ([], {}), (None, ""), (["a"], {"a": "a"})],
)
def test_what_json_tells_apart_stays_apart(one: Plain, other: Plain) -> None:
    shared = Sharing()

    found = [shared.fields({"of": {"value": value}}) for value in (one, other, one)]

    assert [repr(row) for row in found] == [repr({"of": {"value": value}}) for value in (one, other, one)]


def test_credits_and_promises_stay_as_they_are() -> None:
    shared = Sharing()
    credit = Credit(({"currency": "USD", "settled": "1.10"},), {"g": Decimal(1)}, {"USD": Decimal("1.0")})
    promise = Promise(
        "pro", 1, None, MOMENT, MOMENT, None, {"seats": 1}, {"USD": Decimal("1.00")}, frozenset({"calls"})
    )

    assert repr((shared.credit(credit), shared.promise(promise))) == repr((credit, promise))
    assert repr(shared.promise(promise)) == repr(promise)


def test_values_stay_right_when_others_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST", 7)
    shared = Sharing()
    rows = [{"id": str(number), "card": copy(CARD), "n": [number, [number]]} for number in range(50)]

    assert [shared.fields(row) for row in rows] == rows
