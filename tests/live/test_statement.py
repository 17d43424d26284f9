from collections.abc import Callable

import httpx
import pytest

from billsync.live.client import Client
from billsync.live.lists.paging import Refused
from billsync.live.statement import StatementRoutes, read_statement
from billsync.model.ports import RemoteError
from billsync.model.routes import ListQuery, Routes
from billsync.report.credits.ledger import Statement
from tests.support.clock import FakeClock
from tests.support.mock_list import client, page_of

BALANCE = {"retrieved_at": "2026-09-01T00:00:00Z", "balances": []}
AT = "2026-09-01T00:00:00Z"
GRANTS = [{"id": "g1", "name": "Welcome", "status": "active", "currency": "USD", "amount": "5", "created_at": AT}]
CREDITS = "/openmeter/customers/{parent}/credits"
GRANTS_ROUTES = Routes(f"{CREDITS}/grants", ListQuery(None, 10), "key", ())
ROUTES = StatementRoutes(f"{CREDITS}/balance", f"{CREDITS}/transactions", GRANTS_ROUTES)


def source(transactions: Callable[[str | None], httpx.Response]) -> Client:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/c1/credits/balance"):
            return httpx.Response(200, json=BALANCE)
        if request.url.path.endswith("/c1/credits/grants"):
            return page_of(GRANTS, request)
        return transactions(request.url.params.get("filter[type]"))

    return client(handler, FakeClock())


def movement(one: str) -> dict[str, str]:
    shown = {"name": "Welcome", "currency": "USD", "amount": "5", "booked_at": AT, "created_at": AT}
    return {"id": one, "type": "funded", **shown}


def listed(*ids: str) -> httpx.Response:
    meta = {"page": {"size": 100, "next": None, "previous": None}}
    return httpx.Response(200, json={"data": [movement(one) for one in ids], "meta": meta})


def read(where: Client) -> Statement:
    return read_statement(where, FakeClock(), "c1", ROUTES)


def test_a_statement_is_the_balance_the_movements_and_the_grants() -> None:
    where = source(lambda type_: listed("t2", "t1"))

    statement = read(where)

    assert statement == Statement(BALANCE, (movement("t2"), movement("t1")), tuple(GRANTS))


def test_where_the_whole_list_is_broken_the_types_are_read_one_by_one() -> None:
    where = source(lambda type_: listed(type_) if type_ else httpx.Response(500, json={"title": "broken"}))

    statement = read(where)

    rows = (movement("consumed"), movement("expired"), movement("voided"))
    assert statement == Statement(BALANCE, rows, tuple(GRANTS), is_complete=False)


def test_any_other_refusal_is_an_error() -> None:
    where = source(lambda type_: httpx.Response(400, json={"detail": "no"}))

    with pytest.raises(Refused) as raised:
        read(where)

    assert str(raised.value) == "GET /openmeter/customers/c1/credits/transactions: 400 Bad Request: no"


@pytest.mark.parametrize(
    ("balance", "fault"),
    [
        ({"balances": []}, "retrieved_at is missing"),
        ({**BALANCE, "balances": [None]}, "balances.0 is not a map (it is: nothing)"),
        ({**BALANCE, "balances": {}}, "balances is not a list (it is: map)"),
        (
            {**BALANCE, "balances": [{"currency": "USD", "live": "1", "settled": "x", "pending": "NaN"}]},
            "balances.0.settled is not a number as text (it is: text)",
        ),
    ],
)
def test_a_balance_that_api_v3_does_not_have_is_the_servers_error(
    balance: dict[str, object], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "BALANCE", balance)
    where = source(lambda type_: listed("t1"))

    with pytest.raises(RemoteError) as raised:
        read(where)

    assert str(raised.value) == f"GET /openmeter/customers/c1/credits/balance: unexpected response: {fault}"
