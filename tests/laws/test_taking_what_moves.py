"""Recovery snapshots of a server that changes under the reading, and of one that lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from billsync.app.recovery.taking import take
from billsync.model.ports import RemoteError
from billsync.model.recovery import Recovery
from tests.support.world import World, Wrap, declared

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
plans:
  - key: pro
    name: Pro
    settlement_mode: credit_only
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: fee, name: Fee, price: {type: flat, amount: 10}, billing_cadence: P1M, payment_term: in_advance}
customers:
  - key: acme
    name: Acme
    subscription: {plan: pro}
    grants: [{key: welcome, name: Welcome, amount: 100, currency: USD, funding_method: none}]
"""
CUSTOMERS, BALANCE, GRANTS = "/openmeter/customers", "/credits/balance", "/credits/grants"
Change = Callable[[httpx.Client, int], None]


@pytest.fixture
def world() -> World:
    found = World()
    found.sync(declared(SHOP))
    found.clock.advance(5)
    return found


class Meddling(httpx.BaseTransport):
    """Changes the server before reads of a path, but for those of one row: each time, or the second time only."""

    def __init__(self, world: World, inner: httpx.BaseTransport, path: str, change: Change, often: bool) -> None:
        self._world, self._inner, self._path, self._change, self._often = world, inner, path, change, often
        self._count = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(self._path) and request.url.params.get("page[size]") != "1":
            self._count += 1
            if self._count == 2 or self._often:
                with self._world.http() as server:
                    self._change(server, self._count)
        return self._inner.handle_request(request)


def taken(world: World, path: str, change: Change, *, often: bool = False) -> Recovery:
    return take(world.connection(lambda inner: Meddling(world, inner, path, change, often)))


def acme(server: httpx.Client) -> dict[str, Any]:
    (row,) = server.get("/customers", params={"filter[key][eq]": "acme"}).json()["data"]
    found: dict[str, Any] = row
    return found


def rename(server: httpx.Client, number: int) -> None:
    row = acme(server)
    assert server.put(f"/customers/{row['id']}", json={"name": f"Acme {number}"}).is_success


def come(server: httpx.Client, number: int) -> None:
    assert server.post("/customers", json={"key": f"new{number}", "name": "New"}).is_success


def leave(server: httpx.Client, number: int) -> None:
    (row,) = server.get("/subscriptions").json()["data"]
    assert server.post(f"/subscriptions/{row['id']}/cancel", json={"timing": "immediate"}).is_success
    assert server.delete(f"/customers/{row['customer_id']}").is_success


def top_up(server: httpx.Client, number: int) -> None:
    body = {"name": "More", "funding_method": "none", "currency": "USD", "amount": "5", "key": f"more{number}"}
    assert server.post(f"/customers/{acme(server)['id']}/credits/grants", json=body).is_success


def test_a_customer_that_changes_is_read_again_and_named(world: World) -> None:
    found = taken(world, CUSTOMERS, rename)

    assert found.header.moved == ("customer acme changed",)
    assert [row.fields["name"] for row in found.live.of("customer")] == ["Acme 2"]


def test_a_customer_that_comes_is_there_with_its_credit(world: World) -> None:
    found = taken(world, CUSTOMERS, come)

    assert found.header.moved == ("customer new2 came", "the credit of customer new2 came")
    assert {row.id for row in found.live.of("customer")} == found.credit.keys()


def test_a_customer_that_goes_leaves_nothing(world: World) -> None:
    found = taken(world, CUSTOMERS, leave)

    assert {"customer acme went", "the credit of customer acme went"} < set(found.header.moved)
    assert (found.live.of("customer"), found.live.of("grant"), found.credit, found.promises) == ((), (), {}, {})


def test_a_grant_that_comes_is_read_again_with_the_balance(world: World) -> None:
    found = taken(world, BALANCE, top_up)

    assert found.header.moved == ("the credit of customer acme changed",)
    (credit,) = found.credit.values()
    assert sorted(credit.left.values()) == [Decimal(5), Decimal(90)]
    assert credit.unexplained == {}


@pytest.mark.parametrize(("path", "change"), [(CUSTOMERS, rename), (GRANTS, top_up)])
def test_what_never_rests_is_named(world: World, path: str, change: Change) -> None:
    found = taken(world, path, change, often=True)

    (name,) = found.header.moved
    assert name.endswith("customer acme still moved when it was read for the last time")
    (credit,) = found.credit.values()
    assert credit.unexplained == {}


class Lying(httpx.BaseTransport):
    """Answers reads of a path with something else."""

    def __init__(self, inner: httpx.BaseTransport, path: str, lie: Callable[[httpx.Request, Any], Any]) -> None:
        self._inner, self._path, self._lie = inner, path, lie

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if request.method != "GET" or not request.url.path.endswith(self._path):
            return answer
        lie = self._lie(request, json.loads(answer.read()))
        if isinstance(lie, int):
            return httpx.Response(
                lie, json={"status": lie, "title": "no"}, headers={"content-type": "application/json"}
            )
        return httpx.Response(200, json=lie)


def lying(path: str, lie: Callable[[httpx.Request, Any], Any]) -> Wrap:
    return lambda inner: Lying(inner, path, lie)


def refusing(status: int, *, unless: str = "never") -> Callable[[httpx.Request, Any], Any]:
    return lambda request, body: body if unless in str(request.url.params) else status


def with_status(request: httpx.Request, body: Any) -> Any:
    return {**body, "data": [{**row, "status": "frozen"} for row in body["data"]]}


def doubled(request: httpx.Request, body: Any) -> Any:
    return {"data": body["data"] * 2, "meta": {"page": {**body["meta"]["page"], "total": 2 * len(body["data"])}}}


def test_the_list_of_all_movements_is_not_needed(world: World) -> None:
    """It may be broken for good (customer-facts.md §9.2)."""
    found = take(world.connection(lying("/transactions", refusing(500, unless="consumed"))))

    (credit,) = found.credit.values()
    assert (list(credit.left.values()), credit.unexplained) == ([Decimal(90)], {})


@pytest.mark.parametrize(
    ("path", "lie"), [("/transactions", refusing(500)), (GRANTS, with_status)], ids=["no-movements", "unknown-status"]
)
def test_credit_that_cant_be_computed_is_unexplained(
    world: World, path: str, lie: Callable[[httpx.Request, Any], Any]
) -> None:
    found = take(world.connection(lying(path, lie)))

    (credit,) = found.credit.values()
    amounts = sum(credit.debts.values(), Decimal())
    assert (credit.left, credit.unexplained["USD"] - amounts) == ({}, Decimal(90))
    assert len(found.live.of("grant")) == 1


def test_a_server_without_credits_has_none(world: World) -> None:
    no_credits = refusing(501)

    found = take(world.connection(lambda inner: Lying(Lying(inner, GRANTS, no_credits), BALANCE, no_credits)))

    assert (found.credit, found.live.of("grant"), len(found.promises)) == ({}, (), 1)


@pytest.mark.parametrize(
    ("path", "lie"),
    [(CUSTOMERS, doubled), (BALANCE, refusing(403)), (GRANTS, refusing(500)), (CUSTOMERS, lambda *_: {"data": 1})],
    ids=["a-row-twice", "may-not-read", "broken", "no-list"],
)
def test_a_part_that_cant_be_read_is_no_snapshot(
    world: World, path: str, lie: Callable[[httpx.Request, Any], Any]
) -> None:
    with pytest.raises(RemoteError):
        take(world.connection(lying(path, lie)))
