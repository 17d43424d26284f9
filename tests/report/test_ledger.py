import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.note import Note
from billsync.report.credits.ledger import Balance, Ledger, Movement, Statement, Usable, ledger

RECORDINGS = Path(__file__).parents[1] / "conformance" / "transcripts" / "money"


def row(type_: str, amount: str, at: str, **more: object) -> dict[str, object]:
    return {
        "id": f"{type_}{at}",
        "type": type_,
        "name": "Welcome",
        "currency": "USD",
        "amount": amount,
        "booked_at": at,
        "created_at": at,
        "labels": {},
        **more,
    }


def balance(at: str, **settled: str) -> dict[str, object]:
    rows = [{"currency": code, "settled": text, "live": text, "pending": "0"} for code, text in settled.items()]
    return {"retrieved_at": at, "balances": rows}


def said(currency: str, settled: str, *, added_up: str | None = None) -> Balance:
    amount = Decimal(settled)
    return Balance(currency, Decimal(settled if added_up is None else added_up), amount, amount, Decimal(0))


def moment(day: int, second: int = 0, microsecond: int = 0) -> datetime:
    return datetime(2026, 9, day, 0, 0, second, microsecond, tzinfo=UTC)


def test_movements_have_the_balance_before_and_after() -> None:
    """Movements run from the oldest, with the balance before and after each."""
    rows = (row("consumed", "-30.5", "2026-09-02T00:00:00Z"), row("funded", "100", "2026-09-01T00:00:00.5Z"))

    found = ledger(Statement(balance("2026-09-03T00:00:00.123456789Z", USD="69.5"), rows, ()))

    assert found == Ledger(
        datetime(2026, 9, 3, 0, 0, 0, 123456, tzinfo=UTC),
        (
            Movement(
                moment(1, 0, 500_000), "funded", "Welcome", "USD", Decimal(100), before=Decimal(0), after=Decimal(100)
            ),
            Movement(
                moment(2), "consumed", "Welcome", "USD", Decimal("-30.5"), before=Decimal(100), after=Decimal("69.5")
            ),
        ),
        (),
        (said("USD", "69.5"),),
    )


def test_each_currency_has_a_balance_of_its_own() -> None:
    rows = (
        row("funded", "5", "2026-09-01T00:00:02Z", currency="EUR"),
        row("funded", "10", "2026-09-01T00:00:01Z"),
    )

    found = ledger(Statement(balance("2026-09-03T00:00:00Z", USD="10", EUR="5"), rows, ()))

    assert [(move.currency, move.before, move.after) for move in found.movements] == [("USD", 0, 10), ("EUR", 0, 5)]
    assert found.balances == (said("EUR", "5"), said("USD", "10"))


def test_a_fee_in_the_second_of_its_grant_is_consumed_after_it() -> None:
    rows = (row("funded", "10", "2026-09-01T00:00:01.9Z"), row("consumed", "-4", "2026-09-01T00:00:01Z"))

    found = ledger(Statement(balance("2026-09-03T00:00:00Z", USD="6"), rows, ()))

    assert [(move.type, move.after) for move in found.movements] == [("funded", 10), ("consumed", 6)]


def test_credits_that_start_later_are_upcoming_and_do_not_count() -> None:
    later = {"id": "g1", "key": "new-year", "effective_at": "2026-10-01T00:00:00Z"}
    rows = (row("funded", "120", "2026-09-01T00:00:00Z", id="g1", labels={"charge_id": "g1"}),)

    found = ledger(Statement(balance("2026-09-03T00:00:00Z", USD="0"), rows, (later,)))

    start = datetime(2026, 10, 1, tzinfo=UTC)
    assert found.movements == ()
    assert found.upcoming == (Movement(start, "funded", "Welcome", "USD", Decimal(120), grant="new-year"),)
    assert found.balances == (said("USD", "0"),)


def test_back_dated_credits_count_from_when_they_were_granted() -> None:
    early = {"id": "g1", "key": "sorry", "effective_at": "2026-08-01T00:00:00Z"}
    rows = (row("funded", "7", "2026-09-01T00:00:00Z", id="g1"),)

    found = ledger(Statement(balance("2026-09-03T00:00:00Z", USD="7"), rows, (early,)))

    assert [(move.at, move.grant) for move in found.movements] == [(moment(1), "sorry")]


def test_a_sum_that_differs_from_the_servers_balance_is_said() -> None:
    rows = (row("funded", "10", "2026-09-01T00:00:00Z"), row("consumed", "-4.00", "2026-09-02T00:00:00Z"))

    found = ledger(Statement(balance("2026-09-03T00:00:00Z", USD="10"), rows, ()))

    assert found.balances == (said("USD", "10", added_up="6"),)
    text = (
        "USD: the movements add up to 6, the server says 10, which counts: it lists no movement "
        "when it gives credits back (for a deleted draft invoice, say)."
    )
    assert found.notes == (Note("balance-differs", text),)


def test_a_ledger_that_the_server_cannot_list_is_built_from_the_grants() -> None:
    grant = {"name": "Top-up", "currency": "USD", "amount": "10", "created_at": "2026-09-02T00:00:00Z"}
    grants = (
        {**grant, "id": "g1", "key": "top-up", "status": "expired"},
        {**grant, "id": "g2", "key": "unpaid", "status": "pending"},
    )
    rows = (row("consumed", "-12", "2026-09-01T00:00:00Z"),)

    found = ledger(Statement(balance("2026-09-03T00:00:00Z", USD="-2"), rows, grants, is_complete=False))

    assert [(move.type, move.name, move.after, move.grant) for move in found.movements] == [
        ("consumed", "Welcome", -12, None),
        ("funded", "Top-up", -2, "top-up"),
    ]
    text = "The server can't list this customer's movements in full; the funded ones come from the grants."
    assert found.notes == (Note("movements-not-listed", text),)


def test_a_customer_without_credits_has_an_empty_ledger() -> None:
    found = ledger(Statement({"retrieved_at": "2026-09-03T00:00:00Z", "balances": []}, (), ()))

    assert found == Ledger(moment(3), (), (), ())


@given(st.permutations(range(6)))
def test_the_order_of_the_rows_changes_nothing(order: list[int]) -> None:
    rows = [row("funded", str(10 + n), f"2026-09-01T00:00:0{n % 3}Z", id=str(n)) for n in range(6)]
    whole = Statement(balance("2026-09-03T00:00:00Z", USD="75"), tuple(rows), ())

    shuffled = replace(whole, transactions=tuple(rows[n] for n in order))

    assert ledger(shuffled) == ledger(whole)


def recorded_statements() -> Iterator[object]:
    """Every recorded list of transactions that follows at once on the recorded balance of the same customer."""
    for path in sorted(RECORDINGS.glob("*.jsonl")):
        grants: dict[str, dict[str, dict[str, object]]] = {}
        balances: dict[tuple[str, int], dict[str, object]] = {}
        for line in path.read_text().splitlines()[1:]:
            exchange = json.loads(line)
            request, body = exchange["request"], exchange["response"]["body"]
            if exchange["response"]["status"] not in (200, 201) or request.get("query"):
                continue
            parts = request["path"].split("/")
            customer, leaf = parts[5] if len(parts) > 5 else "", "/".join(parts[6:8])
            if leaf == "credits/grants":
                seen = body.get("data", [body])
                grants.setdefault(customer, {}).update({grant["id"]: grant for grant in seen})
            elif leaf == "credits/balance":
                balances[(customer, exchange["n"])] = body
            elif leaf == "credits/transactions" and (last := balances.get((customer, exchange["n"] - 1))):
                rows, known = tuple(body["data"]), tuple(grants.get(customer, {}).values())
                yield pytest.param(Statement(last, rows, known), id=f"{path.stem}-{exchange['n']}")


@pytest.mark.parametrize("statement", list(recorded_statements()))
def test_what_a_real_server_listed_adds_up_to_what_it_said(statement: Statement) -> None:
    found = ledger(statement)

    assert [one for one in found.balances if not one.agrees] == []


def test_there_are_recordings_to_add_up() -> None:
    assert len(list(recorded_statements())) >= 20


def test_credits_for_one_feature_are_told_apart() -> None:
    grant = {"id": "g1", "key": "tokens", "filters": {"features": ["tokens"]}}
    rows = (row("funded", "20", "2026-09-01T00:00:00Z", id="g1", labels={"charge_id": "g1"}),)
    at = "2026-09-03T00:00:00Z"
    restricted = {"tokens": balance(at, USD="127"), None: balance(at, USD="100", EUR="3")}

    found = ledger(Statement(balance(at, USD="20"), rows, (grant,), restricted=restricted))

    assert [move.features for move in found.movements] == [("tokens",)]
    assert found.usable == (
        Usable(None, "EUR", Decimal(3), Decimal(3)),
        Usable(None, "USD", Decimal(100), Decimal(100)),
        Usable("tokens", "USD", Decimal(127), Decimal(127)),
    )
