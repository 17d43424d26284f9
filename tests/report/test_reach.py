"""Whom changes of prices reach, worked out from facts by hand: no server is asked."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.malformed import Malformed
from billsync.model.state import Entity, Row
from billsync.report.billing.attached import Attached, Segment
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import UNSHOWN, parse_subscription
from billsync.report.billing.usage import MeterSlice
from billsync.report.impact.live import Live, plan_version
from billsync.report.impact.moving import Begun
from billsync.report.impact.offers import Offer
from billsync.report.impact.periods import prepared
from billsync.report.impact.price_changes import AddonChange, PriceChanges
from billsync.report.impact.reach import NO_PLAN, reach
from billsync.report.impact.reached import MigrationStatus, Reached
from billsync.report.impact.reached_addons import Candidate, Unread, reached_with
from billsync.report.impact.repricing import plan_cards
from billsync.report.impact.subscribers import Identity, Subscriber
from billsync.report.impact.targets import Target
from billsync.report.impact.verdicts import verdict
from tests.support.subscription_rows import FEATURES, fee_card, plan_fields, subscription_row, usage_card

NOW = datetime(2026, 11, 16, tzinfo=UTC)
COMING = Address("plan", ("pro",), 2)
CATALOG = Catalog(FEATURES, {"api": MeterSlice("m-1", b"{}")}, frozenset(), {})
PLAN_ROW = {"key": "pro", "currency": "USD", "phases": [{"key": "default", "rate_cards": [fee_card("base", "10")]}]}
BOOST = AddonChange(Address("addon", ("boost",), 2), frozenset({"addon-1"}), ())
ACME = Identity("sub-1", "cus-1", ("acme", "default"), None, "plan-1", "pro", "1")


def declared(**fields: Any) -> Entity:
    """The declaration of acme's subscription."""
    address = Address("subscription", ("acme", "default"))
    return Entity(address, {"plan": "pro", **fields}, Position("shop.yaml", 1, 1))


def changes(*addons: AddonChange, everybody: bool = True) -> PriceChanges:
    """A coming version of the plan `pro`, which costs 12 instead of 10."""
    target = Target(
        COMING, plan_cards(plan_fields(fee_card("base", "12"))), "P1M", {"boost": Offer("default", 0, None)}
    )
    return PriceChanges({"pro": target}, frozenset({COMING}), {}, addons, {}, everybody)


def moving(changed: PriceChanges, entity: Entity, timing: str = "immediate", **more: Any) -> PriceChanges:
    """The same changes in a run that moves a subscription to the coming version."""
    begun = Begun(entity.address, more.get("plan", COMING), more.get("verb", "changing"), timing)
    return replace(changed, moved={entity.address: begun})


def live(*subscribers: Subscriber, offers: dict[str, Offer] | None = None, plan: Any = PLAN_ROW) -> Live:
    """A server with one plan version, whose subscribers these are."""
    plans = {"plan-1": plan_version(plan, FEATURES)} if plan else {}
    return Live(NOW, CATALOG, plans, {"plan-1": offers or {}}, {"addon-1": "boost"}, subscribers)


def subscriber(one: Identity = ACME, row: dict[str, Any] | None = None, *own: str) -> Subscriber:
    """Somebody who pays 10, with items that are not the plan's."""
    shown = row or subscription_row(fee_card("base", "10"))
    return Subscriber(one, parse_subscription(shown, FEATURES), frozenset(own))


def found(changed: PriceChanges, shown: Live) -> list[tuple[str, MigrationStatus, str]]:
    """What changes, the status, and the problem, of all that is reached."""
    return [(one.target, one.standing, one.problem) for one in reach(changed, shown) if isinstance(one, Reached)]


def test_a_coming_version_reaches_subscribers_who_stay() -> None:
    """A coming version reaches the plan's subscribers who stay on their version."""
    (one,) = reach(changes(), live(subscriber()))

    assert isinstance(one, Reached)
    assert (one.name, one.target, one.standing) == ("acme/default", "plan/pro@2", MigrationStatus.STAYING)
    assert [slot.item.card.price for slot in one.after.slots] != [slot.item.card.price for slot in one.before.slots]


def test_declared_subscribers_are_meant_to_move_or_moving() -> None:
    """A subscriber declared to the coming version is meant to move, or moving if this run moves it."""
    entity = declared(version="latest")
    meant = live(subscriber(replace(ACME, entity=entity)))

    assert found(changes(), meant) == [("plan/pro@2", MigrationStatus.MEANT, "")]
    assert found(moving(changes(), entity), meant) == [("plan/pro@2", MigrationStatus.MOVING, "")]


def test_without_everybody_an_undeclared_subscriber_is_not_reached() -> None:
    """Without `everybody`, a subscriber that is not declared is not reached."""
    assert found(changes(everybody=False), live(subscriber())) == []


def test_who_can_not_be_rated_is_reached_with_the_reason() -> None:
    broken = subscriber(row={**subscription_row(), "billing_cadence": "monthly"})
    gone = live(subscriber(), plan=None)

    assert found(changes(), live(broken)) == [
        ("plan/pro@2", MigrationStatus.STAYING, "its row can't be read (billing_cadence is 'monthly')")
    ]
    assert found(changes(), gone) == [("plan/pro@2", MigrationStatus.STAYING, NO_PLAN)]


def test_who_has_ended_is_not_reached() -> None:
    ended = subscriber(row={**subscription_row(fee_card("base", "10")), "active_to": "2026-10-01T00:00:00Z"})

    assert found(changes(), live(ended)) == []


def test_only_subscribers_with_items_of_their_own_need_addons_read() -> None:
    """Add-ons are read only for subscribers whose items are not all the plan's."""
    offers = {"addon-1": Offer("default", 0, None)}
    nothing_coming = replace(changes(BOOST), targets={}, coming=frozenset())
    ordinary, other, unknown = subscriber(), subscriber(ACME, None, "boost"), Malformed("phases", None)

    asked = [
        [isinstance(one, Candidate) for one in reach(nothing_coming, live(each, offers=offers))]
        for each in (ordinary, other, replace(ordinary, own_items=unknown))
    ]

    assert asked == [[], [True], [True]]


def test_what_a_candidate_has_decides_what_reaches_it() -> None:
    offers = {"addon-1": Offer("default", 0, None)}
    nothing_coming = replace(changes(BOOST), targets={}, coming=frozenset())
    (one,) = reach(nothing_coming, live(subscriber(ACME, None, "boost"), offers=offers))
    assert isinstance(one, Candidate)
    has = Attached("addon-1", (), (Segment(datetime(2026, 9, 1, tzinfo=UTC), None, 1),))
    later = Attached("addon-1", (), (Segment(datetime(2026, 12, 1, tzinfo=UTC), None, 1),))

    problems = [
        [(each.target, each.problem) for each in reached_with(one, answer, CATALOG, NOW)]
        for answer in ((), (has,), (later,), Unread("its add-ons can't be read (404)"))
    ]

    assert problems == [
        [],
        [("addon/boost@2", "")],
        [("addon/boost@2", "it gets the add-on only later")],
        [("addon/boost@2", "its add-ons can't be read (404)")],
    ]


def test_a_move_at_renewal_says_from_when() -> None:
    """A move at once has no time; at renewal it is the end of the running period, or a time that was declared."""
    entity = declared(version="latest")
    shown = live(subscriber(replace(ACME, entity=entity)))
    timings = ("immediate", "at_renewal", "2027-01-01T00:00:00Z")

    found = [next(iter(reach(moving(changes(), entity, timing), shown))) for timing in timings]

    assert [one.since for one in found] == [
        None,
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    ]


def test_a_change_to_another_version_than_the_coming_one_is_no_move_to_it() -> None:
    entity = declared()
    shown = live(subscriber(replace(ACME, entity=entity)))

    other = moving(changes(), entity, plan=Address("plan", ("pro",), 1))

    assert found(other, shown) == [("plan/pro@2", MigrationStatus.STAYING, "")]


def test_a_move_to_a_plan_that_is_not_declared_reaches_its_live_version() -> None:
    entity = declared(plan="team")
    team = Address("plan", ("team",), 3)
    row = {"key": "team", "version": 3, "billing_cadence": "P1M", "currency": "USD", "phases": PLAN_ROW["phases"]}
    shown = live(subscriber(replace(ACME, entity=entity)))
    shown = replace(shown, plans={**shown.plans, "plan-t": plan_version(row, FEATURES)}, offers={})
    changed = replace(
        moving(changes(), entity, plan=team), versions={team.unversioned(): (Row("plan", "plan-t", row),)}
    )

    assert found(changed, shown) == [("plan/team@3", MigrationStatus.MOVING, "")]


@pytest.mark.parametrize(
    ("verb", "addons", "dropped"),
    [
        ("changing", (), [("addon/boost", "not attached again")]),
        ("changing", ({"addon": "boost", "quantity": 1},), []),
        ("migrating", (), []),
    ],
)
def test_a_move_drops_the_addons_that_no_file_declares(verb: str, addons: Any, dropped: list[tuple[str, str]]) -> None:
    """A change drops the add-ons that aren't declared; a migration in place keeps all."""
    entity = declared(version="latest", addons=addons)
    offers = {"addon-1": Offer("default", 0, None)}
    own = subscriber(replace(ACME, entity=entity), None, "boost")
    has = Attached("addon-1", (), (Segment(datetime(2026, 9, 1, tzinfo=UTC), None, 1),))

    (one,) = reach(moving(changes(), entity, "at_renewal", verb=verb), live(own, offers=offers))
    reached = list(reached_with(one, (has,), CATALOG, NOW)) if isinstance(one, Candidate) else [one]

    assert [(each.target, each.because) for each in reached if each.is_part and each.because] == dropped
    assert reached[0].notes == tuple(
        f"{target[6:]}, which is {why}: here counted on both sides" for target, why in dropped
    )
    assert {each.since for each in reached} == {datetime(2026, 12, 1, tzinfo=UTC)}


def test_an_addon_that_may_be_dropped_is_not_called_lost() -> None:
    """A server that shows neither phases nor add-ons, as Konnect: it isn't known whether the subscription has it."""
    entity = declared(version="latest")
    unshown = replace(subscriber(replace(ACME, entity=entity)), subscribed=UNSHOWN, own_items=UNSHOWN)
    shown = live(unshown, offers={"addon-1": Offer("default", 0, None)})

    found = [one for one in reach(moving(changes(), entity, "immediate"), shown) if isinstance(one, Reached)]

    assert [(one.target, one.because, one.problem) for one in found if one.is_part] == [
        ("addon/boost", "", "its add-ons can't be read: if it has this one, it is not attached again")
    ]


def to_cadence(cadence: str, *new: dict[str, Any]) -> PriceChanges:
    """The changes, with a coming version that is billed by another cadence."""
    changed = changes()
    target = replace(changed.targets["pro"], cadence=cadence, cards=plan_cards(plan_fields(*new)))
    return replace(changed, targets={"pro": target})


def paid(changed: PriceChanges, shown: Live) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    (one,) = reach(changed, shown)
    assert isinstance(one, Reached)
    found = verdict(prepared(one, NOW, 1), {})
    assert found.problem == ""
    return {(cadence.text, currency): pair for (cadence, currency), pair in found.paid.items()}


def test_fees_that_move_from_a_month_to_a_year_are_summed_each_by_itself() -> None:
    yearly = fee_card("base", "100", cadence="P1Y")

    assert paid(to_cadence("P1Y", yearly), live(subscriber())) == {
        ("P1M", "USD"): (Decimal(10), Decimal(0)),
        ("P1Y", "USD"): (Decimal(0), Decimal(100)),
    }


def test_fees_that_move_from_a_year_to_a_month_are_summed_over_a_year() -> None:
    """100 a year become 12 × 12 a year; the subscription is more than a year old."""
    card = fee_card("base", "100", cadence="P1Y")
    row = {**subscription_row(card, start="2025-09-01T00:00:00Z"), "billing_cadence": "P1Y"}
    plan = {**PLAN_ROW, "phases": [{"key": "default", "rate_cards": [card]}]}

    found = paid(to_cadence("P1M", fee_card("base", "12")), live(subscriber(ACME, row), plan=plan))

    assert found == {("P1Y", "USD"): (Decimal(100), Decimal(144))}


def test_usage_that_moves_to_another_cadence_is_not_estimated() -> None:
    card = usage_card("api", {"type": "unit", "amount": "1"})
    plan = {**PLAN_ROW, "phases": [{"key": "default", "rate_cards": [card]}]}
    yearly = {**card, "billing_cadence": "P1Y"}

    shown = live(subscriber(ACME, subscription_row(card)), plan=plan)

    assert found(to_cadence("P1Y", yearly), shown) == [
        (
            "plan/pro@2",
            MigrationStatus.STAYING,
            "usage of api would be billed by another cadence, so that no period is the same",
        )
    ]
