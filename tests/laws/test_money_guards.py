"""Changes of subscriptions that move money: what stops them before the first write, and what lets them pass."""

from datetime import timedelta
from typing import Any

import pytest

from billsync.app.comparing.difference import DiffScope, difference, intended
from billsync.app.impact.scope import ImpactScope
from billsync.core.diffing.diff import Mode
from billsync.model.change import PlanFile
from billsync.report.billing.subscribed import moment_of, subscribed
from billsync.report.moves.guards import FLAGS
from tests.support.world import World, declared, rows_of

pytestmark = pytest.mark.thorough

DAY = timedelta(days=1).total_seconds()
ALL = dict.fromkeys(FLAGS, "")
HEAD = "_info: {owner: shop, defaults: {plan: {currency: USD, billing_cadence: P1M}}}\n"
BILLS_TWICE = (
    "the change from plan/team@1 to plan/business@1 at once bills 40 USD in advance, and nothing comes back of the "
    "25 USD billed until 2026-10-01T00:00:00Z (16.67 USD of it for the time after the change) once that invoice is "
    "final; `change: at_renewal` bills nothing twice"
)
DEARER = "a change from plan/team@1 to plan/business@1 would cost more: fees of 25 USD each P1M become 60 USD each P1M"


def fee(amount: str, term: str = "in_advance") -> str:
    price = f'price: {{type: flat, amount: "{amount}"}}'
    return f"{{key: base, name: Base, billing_cadence: P1M, {price}, payment_term: {term}}}"


def plan(key: str, amount: str, *, trial: bool = False, more: str = "") -> str:
    free = "{key: trial, name: Trial, duration: P7D, rate_cards: [{key: base, name: Base, price: {type: free}}]}, "
    phases = f"[{free if trial else ''}{{key: main, name: Main, rate_cards: [{fee(amount)}]}}]"
    return f"  - {{key: {key}, name: {key.title()}, {more}phases: {phases}}}\n"


def shop(*plans: str, acme: str) -> str:
    customers = f"customers:\n  - {{key: acme, name: Acme, subscription: {{{acme}}}}}\n"
    return f"{HEAD}plans:\n{''.join(plans)}{customers}"


TEAM, BUSINESS = plan("team", "25"), plan("business", "60")


@pytest.fixture
def world() -> World:
    return World()


def sold(world: World, text: str, days: int = 10) -> None:
    """What the text declares is sold, and days pass."""
    world.sync(declared(text))
    world.clock.advance(days * DAY)


def planned(world: World, text: str, **allow: str) -> PlanFile:
    flags = {name.replace("_", "-"): value for name, value in allow.items()}
    return intended(world.connection(), declared(text), Mode("sync", deletes=True, allow=flags)).plan


def stops(found: PlanFile) -> list[tuple[str, str]]:
    return [(guard.code, guard.reason) for guard in found.guards]


def test_a_guard_names_features_by_their_keys_where_no_file_declares_them(world: World) -> None:
    usage = (
        "meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]\n"
        "features: [{key: calls, name: Calls, meter: calls}]\n"
        "plans:\n"
        "  - {key: cheap, name: C, phases: [{key: d, name: D, rate_cards: [{feature: calls, price: {type: free}}]}]}\n"
        "  - {key: dear, name: D, phases: [{key: d, name: D, rate_cards: [{feature: calls, "
        'price: {type: unit, amount: "6"}}]}]}\n'
    )
    sold(world, f"{HEAD}{usage}customers: [{{key: acme, name: Acme, subscription: {{plan: cheap}}}}]")
    wanted = (
        f"{HEAD}external: {{plans: [cheap, dear]}}\n"
        "customers: [{key: acme, name: Acme, subscription: {plan: dear, change: at_renewal}}]"
    )

    found = planned(world, wanted)

    reason = "a change from plan/cheap@1 to plan/dear@1 would cost more: 1 of calls costs 0 → 6 USD"
    assert stops(found) == [("dearer-plan", reason)]


def test_an_immediate_change_to_a_dearer_plan_is_stopped_twice(world: World) -> None:
    """Ten days of thirty are over: 25 × 20/30 is unused, and 60 × 20/30 is billed."""
    sold(world, shop(TEAM, BUSINESS, acme="plan: team"))
    wanted = shop(TEAM, BUSINESS, acme="plan: business, change: immediate")

    found = planned(world, wanted)

    assert stops(found) == [("bills-twice", BILLS_TWICE), ("dearer-plan", DEARER)]
    assert [(guard.flag, [each.text for each in guard.addresses]) for guard in found.guards] == [
        ("--allow bills-twice", ["subscription/acme/default"]),
        ("--allow dearer-plan", ["subscription/acme/default"]),
    ]


def test_at_renewal_nothing_is_billed_twice(world: World) -> None:
    sold(world, shop(TEAM, BUSINESS, acme="plan: team"))

    assert stops(planned(world, shop(TEAM, BUSINESS, acme="plan: business, change: at_renewal"))) == [
        ("dearer-plan", DEARER)
    ]


@pytest.mark.parametrize("timing", ["immediate", "at_renewal"])
def test_what_is_allowed_is_done_and_then_nothing_is_left(world: World, timing: str) -> None:
    """With the flags the run is made; the next one, before and after the renewal, is stopped by nothing."""
    sold(world, shop(TEAM, BUSINESS, acme="plan: team"))
    wanted = shop(TEAM, BUSINESS, acme=f"plan: business, change: {timing}")

    run = world.sync(declared(wanted), allow=ALL)
    again = planned(world, wanted)
    world.clock.advance(30 * DAY)
    later = planned(world, wanted)

    assert (stops(run.plan), len(run.report.results)) == ([], 1)
    assert (stops(again), again.steps, stops(later), later.steps) == ([], (), [], ())


def test_a_cheaper_plan_at_renewal_is_not_stopped(world: World) -> None:
    sold(world, shop(TEAM, BUSINESS, acme="plan: business"))

    assert stops(planned(world, shop(TEAM, BUSINESS, acme="plan: team, change: at_renewal"))) == []


def test_a_cheaper_plan_at_once_still_bills_twice(world: World) -> None:
    sold(world, shop(TEAM, BUSINESS, acme="plan: business"))

    found = stops(planned(world, shop(TEAM, BUSINESS, acme="plan: team, change: immediate")))

    assert [code for code, _ in found] == ["bills-twice"]
    assert "bills 16.67 USD in advance, and nothing comes back of the 60 USD billed" in found[0][1]


def test_a_new_version_that_costs_more_is_dearer(world: World) -> None:
    """The version to come is compared, although only this run publishes it."""
    sold(world, shop(TEAM, acme="plan: team, version: latest"))

    dearer, cheaper = (
        stops(planned(world, shop(plan("team", amount), acme="plan: team, version: latest, change: at_renewal")))
        for amount in ("30", "20")
    )

    assert dearer == [
        (
            "dearer-plan",
            "a change from plan/team@1 to plan/team@2 would cost more: fees of 25 USD each P1M become 30 USD each P1M",
        )
    ]
    assert cheaper == []


def test_another_way_of_payment_at_once_bills_twice_too(world: World) -> None:
    """The plan stays, but the next link begins anew, and so do its fees."""
    sold(world, shop(TEAM, acme="plan: team, settlement_mode: credit_then_invoice"))

    found = stops(planned(world, shop(TEAM, acme="plan: team, settlement_mode: credit_only, change: immediate")))

    assert [code for code, _ in found] == ["bills-twice"]
    assert found[0][1].startswith("the change from plan/team@1 to plan/team@1 at once bills 16.67 USD in advance,")


def test_from_credits_alone_the_unused_part_comes_back_as_a_note_says(world: World) -> None:
    mode = "settlement_mode: credit_only"
    sold(world, shop(TEAM, BUSINESS, acme=f"plan: team, {mode}"))

    found = planned(world, shop(TEAM, BUSINESS, acme=f"plan: business, {mode}, change: immediate"))

    assert stops(found) == [("dearer-plan", DEARER)]
    assert [(change.code, change.reason) for change in found.changes if not change.is_pending] == [
        (
            "credit-returned",
            "16.67 USD of its fees in advance are for the time after the change, and come back as credit",
        )
    ]


def test_a_trial_that_was_had_would_run_again(world: World) -> None:
    old, new = plan("team", "25", trial=True), plan("business", "20", trial=True)
    sold(world, shop(old, new, acme="plan: team"))

    found = stops(planned(world, shop(old, new, acme="plan: business, change: at_renewal")))

    assert found == [
        (
            "trial-again",
            "a change to plan/business@1 would begin with its phase trial (P7D), which costs less than what follows, "
            "and a trial was had before",
        )
    ]


def test_a_trial_that_was_had_in_an_earlier_link_counts(world: World) -> None:
    """The trial was in the first plan; the second had none, and the third has one again."""
    old, new = plan("team", "25", trial=True), plan("business", "20", trial=True)
    plain = plan("plain", "20")
    sold(world, shop(old, plain, new, acme="plan: team"))
    world.sync(declared(shop(old, plain, new, acme="plan: plain, change: immediate")), allow=ALL)

    found = stops(planned(world, shop(old, plain, new, acme="plan: business, change: at_renewal")))

    assert [code for code, _ in found] == ["trial-again"]


def test_a_beginning_needs_no_guard(world: World) -> None:
    assert stops(planned(world, shop(TEAM, BUSINESS, acme="plan: business"))) == []


def test_a_cancel_is_not_a_move(world: World) -> None:
    sold(world, shop(TEAM, acme="plan: team"))

    found = planned(world, shop(TEAM, acme="plan: team, ends: at_renewal"))

    assert [code for code, _ in stops(found) if code in FLAGS] == []


def test_a_cancel_at_once_shows_the_fee_that_it_loses(world: World) -> None:
    sold(world, shop(TEAM, acme="plan: team"))

    found = planned(world, shop(TEAM, acme="plan: team, ends: immediate"))

    assert stops(found) == [
        (
            "cancel",
            "subscription/acme/default would end at once; nothing comes back of the 25 USD billed until "
            "2026-10-01T00:00:00Z (16.67 USD of it for the time after the end)",
        )
    ]


@pytest.mark.parametrize("start", ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"])
def test_a_scheduled_first_link_that_becomes_dearer_is_stopped(world: World, start: str) -> None:
    """It was agreed at 25; nothing was billed yet, so nothing is billed twice."""
    sold(world, shop(TEAM, BUSINESS, acme="plan: team, start: 2026-10-01T00:00:00Z"))

    dearer, cheaper = (
        stops(planned(world, shop(TEAM, BUSINESS, plan("small", "9"), acme=f"plan: {key}, start: {start}")))
        for key in ("business", "small")
    )

    assert (dearer, cheaper) == ([("dearer-plan", DEARER)], [])


def test_a_change_that_is_refused_needs_no_guard(world: World) -> None:
    """Without a timing nothing changes, and nothing is billed."""
    sold(world, shop(TEAM, BUSINESS, acme="plan: team"))

    assert stops(planned(world, shop(TEAM, BUSINESS, acme="plan: business"))) == []


def shown(world: World, text: str, **more: Any) -> Any:
    return difference(world.connection(), declared(text), DiffScope({}, **more))


def test_the_impact_shows_the_move_and_the_guard_real_usage(world: World) -> None:
    """A month after the start the last full period is September: 25, and 60 on the new plan, from December on."""
    sold(world, shop(TEAM, BUSINESS, acme="plan: team"), days=45)

    found = shown(
        world, shop(TEAM, BUSINESS, acme="plan: business, change: at_renewal"), impact=ImpactScope("declared")
    )

    assert stops(found.plan) == [("dearer-plan", f"{DEARER}; at the usage of the last periods 25 → 60 USD each P1M")]
    (change,) = found.impact.changes
    assert [(one.reached.standing.value, str(one.reached.since)) for one in change.verdicts] == [
        ("moving", "2026-11-01 00:00:00+00:00")
    ]


def test_without_names_no_amount_is_shown(world: World) -> None:
    sold(world, shop(TEAM, BUSINESS, acme="plan: team"), days=45)

    wanted = shop(TEAM, BUSINESS, acme="plan: business, change: immediate")
    found = shown(world, wanted, impact=ImpactScope("declared"), is_anonymous=True)

    assert stops(found.plan) == [
        ("bills-twice", "changes at once would bill running periods again"),
        ("dearer-plan", "changes would cost more"),
    ]


ADDON = (
    "addons:\n  - {key: seats, name: Seats, currency: USD, instance_type: multiple, rate_cards: [{key: seats, "
    'name: Seats, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "9"}}]}\n'
)
OFFERING = "addons: [{addon: seats}], "


def with_seats(acme: str) -> str:
    plans = (plan("team", "25", more=OFFERING), plan("business", "60", more=OFFERING))
    return shop(*plans, acme=acme).replace("plans:\n", f"{ADDON}plans:\n")


def seats(quantity: int) -> str:
    return f"addons: [{{addon: seats, quantity: {quantity}}}]"


def test_addons_that_are_attached_again_are_billed_again(world: World) -> None:
    """Of 25 + 2 × 9 a month, two thirds are for the time after the change: 60 × 2/3 + 2 × 9 × 2/3 = 52 are billed."""
    sold(world, with_seats(f"plan: team, {seats(2)}"))

    found = stops(planned(world, with_seats(f"plan: business, change: immediate, {seats(2)}")))

    assert [code for code, _ in found] == ["bills-twice", "dearer-plan"]
    assert found[0][1].startswith(
        "the change from plan/team@1 to plan/business@1 at once bills 52 USD in advance, and nothing comes back of "
        "the 43 USD billed until 2026-10-01T00:00:00Z (28.67 USD of it for the time after the change)"
    )


@pytest.mark.parametrize(("quantity", "billed"), [(1, "6 USD"), (3, "18 USD"), (0, "nothing")])
def test_any_quantity_at_once_bills_the_add_on_again(world: World, quantity: int, billed: str) -> None:
    """2 × 9 are paid for the month, of which a third is over."""
    sold(world, with_seats(f"plan: team, {seats(2)}"))

    found = stops(planned(world, with_seats(f"plan: team, change: immediate, {seats(quantity)}")))

    assert found == [
        (
            "bills-twice",
            f"the change from 2 to {quantity} of addon/seats at once bills {billed} in advance, and nothing comes "
            "back of the 18 USD billed until 2026-10-01T00:00:00Z (12 USD of it for the time after the change) once "
            "that invoice is final; `change: at_renewal` bills nothing twice",
        )
    ]


def test_a_quantity_at_renewal_and_a_first_one_bill_nothing_twice(world: World) -> None:
    sold(world, with_seats("plan: team"))
    plan = planned(world, with_seats(f"plan: team, change: immediate, {seats(2)}"))
    first = stops(plan)
    world.sync(declared(with_seats(f"plan: team, change: immediate, {seats(2)}")))
    world.clock.advance(DAY)

    later = stops(planned(world, with_seats(f"plan: team, change: at_renewal, {seats(1)}")))

    assert (first, later) == ([], [])
    assert [(change.code, change.reason) for change in plan.changes if not change.is_pending] == [
        ("bills-in-advance", "the change from 0 to 2 of addon/seats at once bills 12 USD in advance")
    ]


def test_what_was_detached_is_billed_again(world: World) -> None:
    """2 × 9 are paid for September; a day after they are detached, on the 12th, 19 of 30 days are left."""
    sold(world, with_seats(f"plan: team, {seats(2)}"))
    world.sync(declared(with_seats("plan: team, change: immediate, addons: []")), allow=ALL)
    world.clock.advance(DAY)

    found = stops(planned(world, with_seats(f"plan: team, change: immediate, {seats(2)}")))

    assert [code for code, _ in found] == ["bills-twice"]
    assert found[0][1].startswith(
        "the change from 0 to 2 of addon/seats at once bills 11.4 USD in advance, and nothing comes back of the 18 USD "
        "billed until 2026-10-01T00:00:00Z (11.4 USD of it for the time after the change)"
    )


def test_what_is_scheduled_and_changed_at_once_instead_bills_twice(world: World) -> None:
    """The running link has an end, as another is scheduled after it; what it billed in advance stays billed."""
    huge = plan("huge", "90")
    sold(world, shop(TEAM, BUSINESS, huge, acme="plan: team"), days=0)
    world.sync(declared(shop(TEAM, BUSINESS, huge, acme="plan: business, change: at_renewal")), allow=ALL)
    world.clock.advance(10 * DAY)

    found = stops(planned(world, shop(TEAM, BUSINESS, huge, acme="plan: huge, change: immediate")))

    assert [(code, reason.partition(" at once")[0]) for code, reason in found] == [
        ("bills-twice", "the change from plan/team@1 to plan/huge@1"),
        ("dearer-plan", DEARER.replace("business", "huge").replace("60", "90")),
    ]
    assert "bills 60 USD in advance, and nothing comes back of the 25 USD billed" in found[0][1]


@pytest.mark.parametrize("days", [3, 10, 40])
def test_at_renewal_is_when_the_server_begins_the_next_link(world: World, days: int) -> None:
    """In a trial of seven days it is the trial's end, afterwards the end of the billing period."""
    old, new = plan("team", "25", trial=True), BUSINESS
    sold(world, shop(old, new, acme="plan: team"), days=days)
    with world.http() as http:
        (row,) = rows_of(http, "subscriptions")
    renewal = subscribed(row, {}).renewal_after(world.clock.now())

    world.sync(declared(shop(old, new, acme="plan: business, change: at_renewal")), allow=ALL)

    with world.http() as http:
        (following,) = (one for one in rows_of(http, "subscriptions") if one["status"] == "scheduled")
    assert moment_of(following["active_from"]) == renewal == moment_of(row["current_period"]["to"])


GRANTED = "grants: [{key: welcome, name: Welcome, amount: 100, currency: USD, funding_method: none}]"


def deleted_in_a_portal(world: World) -> None:
    """Acme's subscription is ended, and acme deleted, by somebody else."""
    with world.http() as http:
        (customer,) = (row["id"] for row in rows_of(http, "customers") if row["key"] == "acme")
        for row in rows_of(http, "subscriptions"):
            if row["status"] == "active":
                assert http.post(f"/subscriptions/{row['id']}/cancel", json={}).is_success
        assert http.delete(f"/customers/{customer}").is_success


def test_a_deleted_customer_is_not_created_again_in_silence(world: World) -> None:
    """It is named with what it would be granted and billed; a customer that was never there is not."""
    wanted = shop(TEAM, acme=f"plan: team}}, {GRANTED}").replace("]}}", "]}")
    sold(world, wanted)
    deleted_in_a_portal(world)
    wanted += "  - {key: birch, name: Birch, subscription: {plan: team}}\n"

    found = planned(world, wanted)
    allowed = world.sync(declared(wanted), allow=ALL)

    assert stops(found) == [
        (
            "recreated",
            "customer/acme was deleted at 2026-09-11T00:00:00Z, here or elsewhere; it would be created again, granted "
            "100 USD and subscribed to plan/team@1 (25 USD billed in advance): what the deleted one had was granted "
            "and billed before",
        )
    ]
    assert (stops(allowed.plan), stops(planned(world, wanted))) == ([], [])
