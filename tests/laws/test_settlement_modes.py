"""A plan's settlement mode that live subscriptions of it don't have is noted, with their number."""

import pytest

from billsync.app.comparing.difference import intended
from billsync.app.reading import settlement as settlement_facts
from billsync.core.diffing.diff import Mode
from billsync.model.address import Address
from billsync.report.moves.settlement import Settled, settlement_notes
from tests.support.world import World, declared, rows_of

TEXT = """
_info: {{owner: shop, defaults: {{plan: {{currency: USD, billing_cadence: P1M}}}}}}
plans:
  - {{key: pro, name: Pro, settlement_mode: {mode}, phases: [{{key: default, name: Default, rate_cards: [
      {{key: base, name: Base, billing_cadence: P1M, price: {{type: flat, amount: "25"}}}}]}}]}}
customers:
  - {{key: acme, name: Acme}}
  - {{key: birch, name: Birch{own}}}
"""


def text(mode: str, own: str = "") -> str:
    return TEXT.format(mode=mode, own=own)


def notes(world: World, desired: str) -> list[str]:
    plan = intended(world.connection(), declared(desired), Mode("sync", deletes=True, allow={})).plan
    return [change.reason for change in plan.changes if change.code == "settlement-mode"]


@pytest.fixture
def sold() -> World:
    """Acme is subscribed outside of billsync, with invoices."""
    world = World()
    world.sync(declared(text("credit_only")))
    with world.http() as http:
        (plan,) = rows_of(http, "plans")
        body = {"customer": {"key": "acme"}, "plan": {"id": plan["id"]}, "settlement_mode": "credit_then_invoice"}
        assert http.post("/subscriptions", json=body).status_code == 201
    return world


def test_subscriptions_with_another_mode_are_counted(sold: World) -> None:
    assert notes(sold, text("credit_only")) == [
        "it declares settlement_mode credit_only; of 1 live subscription 1 has credit_then_invoice: running ones keep "
        "theirs"
    ]
    assert notes(sold, text("credit_then_invoice")) == []


def test_of_too_many_only_those_that_were_read_are_counted(sold: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement_facts, "FEW", 0)
    alone = text("credit_only").partition("customers:")[0]

    assert notes(sold, alone) == []
    (note,) = settlement_notes([Settled(Address("plan", ("pro",)), "a", ("b", "b", "a"), 7)])
    assert note.reason == (
        "it declares settlement_mode a; of 3 live subscriptions 2 have b (7 more were not looked at): running ones "
        "keep theirs"
    )


def test_subscribers_of_customers_in_no_file_are_read(sold: World) -> None:
    assert len(notes(sold, text("credit_only").partition("customers:")[0])) == 1


def test_a_mode_that_all_have_is_not_noted(sold: World) -> None:
    own = ", subscription: {plan: pro}"
    sold.sync(declared(text("credit_only", own)))

    assert notes(sold, text("credit_only", own)) == [
        "it declares settlement_mode credit_only; of 2 live subscriptions 1 has credit_then_invoice: running ones keep "
        "theirs"
    ]
