"""Departures of a server from a recovery snapshot, and which of them a loss report explains."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billsync.api.documents import UNDECLARED_PROFILES
from billsync.api.generations import dated
from billsync.api.routes import routes_of
from billsync.kinds.registry import KINDS
from billsync.model.recovery import Accounted, Credit, Fate, Header, Promise, Recovery
from billsync.model.state import Row, Snapshot
from billsync.render.recovery.text import proof_text
from billsync.report.recovery.losses.accounting import DEBT, EVENT
from billsync.report.recovery.proof.departures import Aspect, Departure, Proof, departures
from tests.support.subscription_rows import fee_card

ROUTES = routes_of(dated("openmeter"))
NOW = datetime(2026, 9, 16, tzinfo=UTC)
BEGUN, RENEWAL = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
PROMISE = Promise(
    "pro", 2, "default", BEGUN, RENEWAL, None, {"boost": 2}, {"USD": Decimal("17.20")}, frozenset({"api"})
)


def plan(plan_id: str, version: int, amount: str) -> Row:
    """A version of the plan `pro` with one fee."""
    phases = [{"key": "default", "name": "Default", "rate_cards": [fee_card("base", amount)]}]
    fields = {"id": plan_id, "key": "pro", "name": "Pro", "version": version, "currency": "USD", "status": "active"}
    return Row("plan", plan_id, {**fields, "billing_cadence": "P1M", "phases": phases})


def subscription(row_id: str, plan_id: str, **more: Any) -> Row:
    """Acme's subscription."""
    fields = {"id": row_id, "customer_id": f"{row_id}-acme", "status": "active", "active_from": "2026-09-01T00:00:00Z"}
    return Row("subscription", row_id, {**fields, "plan": {"id": plan_id, "key": "pro", "version": 2}, **more})


def world(
    name: str, at: datetime, promise: Promise | None, plans: tuple[Row, ...], *more: Row, settled: str = "312.40"
) -> Recovery:
    """Acme with a balance and a subscription; its ids begin with a name."""
    balance = {"currency": "USD", "settled": settled, "live": settled, "pending": "0"}
    customer = Row("customer", f"{name}-acme", {"key": "acme"})
    subscriptions = (subscription(name, plans[0].id), *more) if promise else more
    rows = {"customer": (customer,), "plan": plans, "subscription": subscriptions}
    header = Header(at, at, "local", "openmeter", "openmeter@2026-08", "1")
    credit = {customer.id: Credit(balances=(balance,))}
    lists = {UNDECLARED_PROFILES: ()}
    return Recovery(header, Snapshot(rows), lists, credit, {name: promise} if promise else {})


BEFORE = world("old", NOW, PROMISE, (plan("p-2", 2, "10"),))


def after(promise: Promise | None = PROMISE, *more: Row, fee: str = "10", settled: str = "312.40") -> Recovery:
    """The restored server, whose first version of the plan has the snapshot's second one's content."""
    return world("new", NOW + timedelta(hours=2), promise, (plan("q-1", 1, fee),), *more, settled=settled)


def compared(live: Recovery, *accounts: Accounted, before: Recovery = BEFORE) -> Proof:
    return departures(before, live, accounts, kinds=KINDS, routes=ROUTES)


def line(kind: str, row_id: str, money: Mapping[str, Any], fate: Fate = Fate.DIFFERENT) -> Accounted:
    """A line of the loss report about acme."""
    amounts = {currency: Decimal(amount) for currency, amount in money.items()}
    return Accounted(kind, row_id, f"{kind} of acme", fate, "some-code", "some reason", "acme", amounts)


def test_other_ids_and_numbers_of_versions_are_no_departure() -> None:
    found = compared(after())

    assert (found.departures, found.unseen) == ((), {})
    assert found.compared == dict.fromkeys(
        set(Aspect) - {Aspect.GRANT, Aspect.START, Aspect.CHARGED, Aspect.RENEWED}, 1
    )


@pytest.mark.parametrize(
    ("live", "aspect", "want", "have", "difference"),
    [
        (after(settled="312.41"), Aspect.BALANCE, "312.4", "312.41", "0.01"),
        (after(replace(PROMISE, due={"USD": Decimal("17.19")})), Aspect.DUE, "17.2", "17.19", "-0.01"),
        (after(fee="11"), Aspect.PLAN, "pro@2", "pro@2 with other content", None),
        (after(replace(PROMISE, phase="trial")), Aspect.PHASE, "default", "trial", None),
        (
            after(replace(PROMISE, period_to=RENEWAL + timedelta(days=1))),
            Aspect.PERIOD, "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z", None,
        ),
        (after(replace(PROMISE, ends_at=RENEWAL)), Aspect.END, "none", "2026-10-01T00:00:00Z", None),
        (after(replace(PROMISE, addons={"boost": 1})), Aspect.ADDONS, "boost × 2", "boost × 1", None),
        (after(replace(PROMISE, access=frozenset())), Aspect.ACCESS, "api", "none", None),
        (after(None), Aspect.SUBSCRIPTION, "pro@2", "none", None),
    ],
)  # fmt: skip
def test_each_departure_is_found_and_unexplained_by_nothing(
    live: Recovery, aspect: Aspect, want: str, have: str, difference: str | None
) -> None:
    (found,) = compared(live).unexplained

    assert (found.customer, found.aspect, found.want, found.have) == ("acme", aspect, want, have)
    assert found.difference == (None if difference is None else Decimal(difference))


def test_a_subscription_that_the_snapshot_does_not_have_is_a_departure() -> None:
    (found,) = compared(after(PROMISE, subscription("new-2", "q-1", customer_id="new-acme"))).departures

    assert (found.aspect, found.want, found.have) == (Aspect.SUBSCRIPTION, "none", "pro@2")


def test_a_subscription_that_waits_for_its_period_departs_in_its_start() -> None:
    """The report explains it with the subscription's line."""
    later = subscription("new", "q-1", active_from="2026-10-01T00:00:00Z", status="scheduled")
    (found,) = compared(after(None, later), line("subscription", "old", {})).departures

    assert (found.aspect, found.want, found.have) == (Aspect.START, "in force", "2026-10-01T00:00:00Z")
    assert found.why


def test_a_customer_who_is_missing_is_explained_by_being_lost() -> None:
    lost = line("customer", "old-acme", {}, Fate.LOST)
    empty = Recovery(after().header, Snapshot())

    assert compared(empty).departures == (Departure("acme", "", Aspect.CUSTOMER, "acme", "none"),)
    assert compared(empty, lost).unexplained == ()


@pytest.mark.parametrize(
    ("live", "accounts", "is_explained"),
    [
        (after(settled="312.41"), (line("grant", "g", {"USD": "-0.01"}),), True),
        (after(settled="312.41"), (line("grant", "g", {"USD": "0.01"}),), False),
        (after(settled="312.41"), (line("grant", "g", {"USD": "-0.02"}),), False),
        (after(settled="312.41"), (line("grant", "g", {"EUR": "-0.01"}),), False),
        (after(settled="0"), (line("grant", "g", {}, Fate.LOST),), True),
        (after(settled="312.41"), (line("grant", "g", {}, Fate.LOST),), False),
        (after(settled="0"), (line("grant", "g", {}),), False),
        (after(settled="332.40"), (line(DEBT, "old-acme/USD", {"USD": "-20"}, Fate.LOST),), True),
        (after(settled="322.40"), (line("grant", "g", {"USD": "10"}), line(DEBT, "d", {"USD": "-20"})), True),
        (after(replace(PROMISE, due={"USD": Decimal(12)})), (line("subscription", "old", {"USD": "-5.2"}),), True),
        (after(replace(PROMISE, due={"USD": Decimal(12)})), (line(EVENT, "old", {"USD": "-5.2"}),), True),
        (after(replace(PROMISE, due={"USD": Decimal(12)})), (line("subscription", "old", {"USD": "-5"}),), False),
        (after(replace(PROMISE, due={"USD": Decimal(12)})), (line("grant", "g", {"USD": "-5.2"}),), False),
        (after(replace(PROMISE, phase="trial")), (line("subscription", "old", {}),), True),
        (after(replace(PROMISE, phase="trial")), (line("subscription", "another", {}),), False),
        (after(replace(PROMISE, access=frozenset())), (line(EVENT, "old-acme", {}),), True),
        (after(fee="11"), (line("subscription", "old", {}),), False),
        (after(fee="11"), (line("plan", "p-2", {}),), True),
        (after(None), (line("subscription", "old", {}),), False),
        (after(None), (line("subscription", "old", {}, Fate.LOST),), True),
    ],
)
def test_a_loss_report_explains_money_only_to_the_cent(
    live: Recovery, accounts: tuple[Accounted, ...], is_explained: bool
) -> None:
    found = compared(live, *accounts)

    assert len(found.departures) == 1
    assert (found.unexplained == ()) is is_explained


@pytest.mark.parametrize(("settled", "is_explained"), [("322.40", True), ("322.41", False), ("312.39", False)])
def test_a_fee_that_is_not_booked_yet_explains_no_more_than_was_given(settled: str, is_explained: bool) -> None:
    given = replace(line("grant", "c", {"USD": "-10"}), code="fee-not-booked")

    assert (compared(after(settled=settled), given).unexplained == ()) is is_explained


@pytest.mark.parametrize("code", ["credit-not-taken", "invoiced-twice"])
def test_a_customer_who_may_pay_twice_is_never_explained(code: str) -> None:
    """The line names the departure; the proof fails."""
    given = replace(line("grant", "c", {"USD": "-10"}), code=code)

    found = compared(after(settled="322.40"), given)

    assert [[one.code for one in departure.why] for departure in found.unexplained] == [[code]]
    assert f"+10 USD  {code}, NOT EXPLAINED" in proof_text(found, taken_at=NOW, target="local:")


def test_an_open_payment_explains_no_balance() -> None:
    """Its credit is there in full: a balance that is higher by as much is a credit that was given twice."""
    payment = replace(line("grant", "p", {"USD": "-9"}), code="payment-open")
    fee = replace(line("grant", "c", {"USD": "-10"}), code="fee-not-booked")

    assert compared(after(settled="321.40"), payment).unexplained != ()
    assert compared(after(settled="322.40"), payment, fee).unexplained == ()


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("1.03", {"fee-smaller"}),
        ("21.03", {"debt", "fee-smaller"}),
        ("25", {"debt", "fee-smaller", "fee-not-booked"}),
        ("31.03", {"debt", "fee-smaller", "fee-not-booked"}),
        ("31.04", set()),
        ("0.50", set()),
    ],
)
def test_what_is_left_of_a_credit_counts_before_what_is_not_booked(more: str, codes: set[str]) -> None:
    """A fee that isn't booked yet explains no more than its own part, above the sum of all other lines."""
    lines = (
        replace(line(DEBT, "old-acme/USD", {"USD": "-20"}, Fate.LOST), code="debt"),
        replace(line("subscription", "old", {"USD": "-1.03"}), code="fee-smaller", count=0),
        replace(line("grant", "c", {"USD": "-10"}), code="fee-not-booked"),
    )

    (found,) = compared(after(settled=str(Decimal("312.40") + Decimal(more))), *lines).departures

    assert {one.code for one in found.why} == codes


def test_what_one_side_does_not_show_is_counted_as_not_compared() -> None:
    bare = replace(PROMISE, due=None, addons=None, access=None)

    found = compared(after(bare))

    assert found.departures == ()
    assert found.unseen == {Aspect.ADDONS: 1, Aspect.DUE: 1, Aspect.ACCESS: 1}


def test_a_charge_whose_period_has_ended_is_not_compared() -> None:
    """Its period is a departure by itself."""
    old = replace(PROMISE, period_to=NOW + timedelta(hours=1))

    found = compared(after(), before=world("old", NOW, old, (plan("p-2", 2, "10"),)))

    assert [one.aspect for one in found.departures] == [Aspect.PERIOD]
    assert found.unseen == {Aspect.DUE: 1}


def test_a_proof_as_text_names_what_nothing_explains() -> None:
    text = proof_text(compared(after(settled="312.41")), taken_at=NOW, target="local:")

    assert text == (
        "NOT verified: local: against the snapshot of 2026-09-16 00:00:00Z: 1 departure, 1 not explained.\n\n"
        "Customer  Subscription  What     Snapshot  Server  Difference  Explained by\n"
        "acme                    balance  312.4     312.41   +0.01 USD  NOT EXPLAINED\n\n"
        "Compared: customer 1, balance 1, pending credit 1, billing 1, subscription 1, plan version 1, phase 1, "
        "period end 1, end 1, add-ons 1, next charge 1, access 1.\n"
    )
