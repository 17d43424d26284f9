"""Laws of recovery snapshots, on the embedded server: nothing is left out, and what is left agrees with the balance."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import httpx
import pytest
from hypothesis import given, settings

from billsync.app.recovery.taking import take
from billsync.app.server.connection import Connection
from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.local import create_app
from billsync.model.moment import parse_moment
from billsync.model.recovery import Credit, Recovery
from tests.local.conftest import BASE, START, Hands
from tests.support.budgets import examples
from tests.support.clock import FakeClock
from tests.support.credit_lives import LIVES, Action, Use
from tests.support.prepaid import Account, account, feature, fee_card, plan, usage_card

pytestmark = pytest.mark.thorough


def lived(actions: list[Action]) -> Account:
    """A customer after a life. No two things happen in one second, as consumption is booked in seconds, and no usage
    comes late: it is booked back to a time before grants that can't pay for it (customer-facts.md §19.1)."""
    hands = Hands(START)
    app = create_app(":memory:", clock=hands, randomness=Random(1).randbytes)
    found = account(httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE))
    calls = usage_card("calls", feature(found.server, "calls"), commitments={"minimum_amount": "5"})
    found.subscribe(
        plan(found.server, calls, fee_card("seat", "10", "in_advance"), fee_card("desk", "3", "in_arrears"))
    )
    hands.move(seconds=1)
    for number, action in enumerate(actions):
        punctual = replace(action, late=0) if isinstance(action, Use) else action
        punctual(found, hands, number)
        hands.move(seconds=1)
    return found


def taken(server: httpx.Client) -> Recovery:
    """The recovery snapshot of a server."""
    clock = FakeClock()
    client = Client(Target("http://local/api/v3", database="test"), clock, Settings(transport=server._transport))
    return take(Connection(client, clock, "local:", "openmeter"))


def total(credit: Credit) -> Decimal:
    return sum(credit.left.values(), Decimal()) - sum(credit.debts.values(), Decimal())


@settings(max_examples=examples(25), deadline=None)
@given(LIVES)
def test_what_is_left_adds_up_to_the_balance_and_is_what_a_void_takes(actions: list[Action]) -> None:
    """A fee that comes back has no movement (customer-facts.md §5.8), so that it isn't known to which grant; only where
    that may be over is it unexplained."""
    found = lived(actions)
    before = voided(found)

    recovery = taken(found.server)

    assert recovery.header.moved == ()
    credit = recovery.credit[found.id]
    shown = (Decimal(row[name]) for row in credit.balances for name in ("settled", "pending"))
    assert not credit.unexplained or (credit.unlisted and before)
    assert total(credit) + sum(credit.unexplained.values(), Decimal()) == sum(shown, Decimal())
    taken_back = voided_by_now(found)
    assert credit.unlisted or {name: taken_back[name] for name in taken_back.keys() - before.keys()} == {
        name: amount for name, amount in credit.left.items() if amount and not waits(recovery, name)
    }


def voided(found: Account) -> dict[str, Decimal]:
    """The amounts that voids took from each grant."""
    params = {"page[size]": "100", "filter[type]": "voided"}
    rows = found.server.get(f"{found.path}/credits/transactions", params=params).json()["data"]
    return {row["labels"]["charge_id"]: -Decimal(row["amount"]) for row in rows}


def voided_by_now(found: Account) -> dict[str, Decimal]:
    """The same after all grants were taken back: only so the server shows what was left of each (customer-facts.md
    §9.2)."""
    for row in found.server.get(f"{found.path}/credits/grants", params={"page[size]": "100"}).json()["data"]:
        found.void(row["id"])
    return voided(found)


def waits(recovery: Recovery, grant: str) -> bool:
    """Whether a grant starts later, so that it can't be taken back yet (customer-facts.md §7.7)."""
    (row,) = (row for row in recovery.live.of("grant") if row.id == grant)
    starts = row.fields.get("effective_at")
    return starts is not None and parse_moment(starts) > recovery.header.taken_at
