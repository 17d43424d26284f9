"""What customers may use, and what happens to it as they use it."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.events import send
from tests.support.prepaid import Account, account, feature, plan

USED_UP = {"code": "usage_limit_reached", "message": "the usage limit is reached"}


def limited(server: httpx.Client, **template: Any) -> Account:
    """A customer that may use 10 calls a month."""
    card = {"key": "calls", "name": "Calls", "feature": {"id": feature(server, "calls")}, "billing_cadence": "P1M"}
    entitlement = {"type": "metered", "usage_period": "P1M", "limit": 10, **template}
    found = account(server)
    found.subscribe(plan(server, {**card, "price": {"type": "free"}, "entitlement": entitlement}))
    return found


def has_access(found: Account) -> bool:
    (row,) = found.server.get(f"{found.path}/entitlement-access").json()["data"]
    return bool(row["has_access"])


def test_a_limit_keeps_a_customer_out_until_its_next_period(server: httpx.Client, hands: Hands) -> None:
    found = limited(server)
    send(server, "1", data={"n": 9})
    below = has_access(found)

    send(server, "2", data={"n": 1})
    reached = has_access(found)
    hands.move(days=30)

    assert (below, reached, has_access(found)) == (True, False, True)


def test_a_soft_limit_keeps_nobody_out(server: httpx.Client) -> None:
    found = limited(server, is_soft_limit=True)

    send(server, "1", data={"n": 99})

    assert has_access(found)


@pytest.mark.parametrize(("n", "answer"), [(9, {"has_access": True}), (10, {"has_access": False, "reason": USED_UP})])
def test_a_query_says_that_the_limit_is_reached(server: httpx.Client, n: int, answer: dict[str, Any]) -> None:
    limited(server)
    send(server, "1", data={"n": n})

    body = {"customer": {"keys": ["acme"]}, "feature": {"keys": ["calls"]}}
    (row,) = server.post("/entitlement-access/query", json=body).json()["data"]

    assert row["features"] == {"calls": answer}
