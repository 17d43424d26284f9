"""Add-ons of subscriptions on the local server, where the recordings say nothing."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands, Serve
from tests.support.events import send
from tests.support.prepaid import Account, account, feature, fee_card, posted, usage_card

pytestmark = pytest.mark.thorough

START = "2026-09-01T12:00:00Z"
MIDDLE = "2026-09-16T12:00:00Z"
END = "2026-10-01T12:00:00Z"
NOBODY = "01J00000000000000000000000"
V1 = "http://local/api/v1/subscriptions"


def addon(server: httpx.Client, key: str, *cards: dict[str, Any], instances: str = "multiple", **more: Any) -> str:
    """The id of a published add-on with these cards."""
    body = {"key": key, "name": key.title(), "currency": "USD", "instance_type": instances, "rate_cards": list(cards)}
    made = str(posted(server, "/addons", {**body, **more})["id"])
    posted(server, f"/addons/{made}/publish", None)
    return made


def sold_with(server: httpx.Client, addons: dict[str, dict[str, Any]], *phases: dict[str, Any]) -> str:
    """The id of a published plan of these phases that allows these add-ons, on these terms."""
    body = {"key": "plan", "name": "Plan", "currency": "USD", "billing_cadence": "P1M", "phases": list(phases)}
    made = str(posted(server, "/plans", body)["id"])
    for addon_id, terms in addons.items():
        given = {"name": "A", "addon": {"id": addon_id}, "from_plan_phase": phases[0]["key"], **terms}
        posted(server, f"/plans/{made}/addons", given)
    posted(server, f"/plans/{made}/publish", None)
    return made


def phase(key: str, *cards: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"key": key, "name": key.title(), "rate_cards": list(cards), **more}


@dataclass
class Subscribed:
    """A subscription on a server, and its add-ons."""

    server: httpx.Client
    id: str

    def attach(self, addon_id: str, quantity: int = 1, timing: str = "immediate", **more: Any) -> httpx.Response:
        body = {"addon": {"id": addon_id}, "quantity": quantity, "timing": timing, **more}
        return self.server.post(f"/subscriptions/{self.id}/addons", json=body)

    def change(self, attached: str, quantity: int, timing: str = "immediate") -> httpx.Response:
        return self.server.patch(f"{V1}/{self.id}/addons/{attached}", json={"quantity": quantity, "timing": timing})

    def addons(self, **query: str) -> list[dict[str, Any]]:
        return list(self.server.get(f"/subscriptions/{self.id}/addons", params=query).json()["data"])

    def phases(self) -> list[dict[str, Any]]:
        return list(self.server.get(f"/subscriptions/{self.id}").json()["phases"])

    def amounts(self, place: int = 0) -> dict[str, str]:
        """Key and amount of each flat item that a phase shows."""
        return {
            item["rate_card"]["key"]: item["rate_card"]["price"]["amount"] for item in self.phases()[place]["items"]
        }

    def ids(self, place: int = 0) -> dict[str, str]:
        return {item["rate_card"]["key"]: item["id"] for item in self.phases()[place]["items"]}

    def cancel(self, timing: str) -> None:
        posted(self.server, f"/subscriptions/{self.id}/cancel", {"timing": timing})


@dataclass
class Shop:
    """A customer with credits on a plan of 30 a month in advance, and an add-on of 3 for a seat."""

    acme: Account
    seats: str
    subscribed: Subscribed

    @property
    def server(self) -> httpx.Client:
        return self.acme.server


@pytest.fixture
def shop(server: httpx.Client) -> Shop:
    seats = addon(server, "seats", fee_card("seats", "3", "in_advance"))
    bought = sold_with(server, {seats: {"max_quantity": 5}}, phase("main", fee_card("fee", "30", "in_advance")))
    acme = account(server)
    acme.grant("100")
    return Shop(acme, seats, Subscribed(server, acme.subscribe(bought)))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and what a refusal says."""
    body = answer.json()
    return answer.status_code, body.get("detail") or body["extensions"]["validationErrors"][0]["code"]


@pytest.fixture
def attached(shop: Shop) -> str:
    """The id of two seats that the subscription has from its start."""
    return str(shop.subscribed.attach(shop.seats, 2).json()["id"])


def segments(row: dict[str, Any]) -> list[tuple[str, str | None, int]]:
    ends = ("activeFrom", "activeTo") if "activeFrom" in row else ("active_from", "active_to")
    return [(part[ends[0]], part.get(ends[1]), part["quantity"]) for part in row["timeline"]]


# Which subscription may have which add-on, when


def test_a_subscription_that_will_end_gets_no_add_on(shop: Shop) -> None:
    shop.subscribed.cancel("next_billing_cycle")

    now, after = shop.subscribed.attach(shop.seats), shop.subscribed.attach(shop.seats, timing="next_billing_cycle")

    assert refusal(now) == (403, "forbidden error: transition update in state canceled not allowed")
    assert refusal(after) == (400, "validation error: subscription is not active at the time of adding the addon")


def test_an_ended_subscription_gets_no_add_on(shop: Shop, hands: Hands) -> None:
    hands.move(days=1)
    shop.subscribed.cancel("immediate")

    answers = [shop.subscribed.attach(shop.seats, timing=timing) for timing in ("immediate", "next_billing_cycle")]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert shop.subscribed.attach(shop.seats, timing="2026-09-02T00:00:00Z").status_code == 403


def test_a_subscription_gets_no_add_on_before_its_start(shop: Shop) -> None:
    body = {"customer": {}, "plan": {"key": "plan"}, "timing": "next_billing_cycle"}
    changed = posted(shop.server, f"/subscriptions/{shop.subscribed.id}/change", body)
    coming = Subscribed(shop.server, changed["next"]["id"])

    answers = [
        coming.attach(shop.seats, timing=timing)
        for timing in ("immediate", "next_billing_cycle", "2027-01-01T00:00:00Z")
    ]

    assert [refusal(answer) for answer in answers] == [
        (400, "validation error: subscription is not active at the time of adding the addon"),
        (400, "subscription_billing_period_queried_before_subscription_start"),
        (403, "forbidden error: transition update in state scheduled not allowed"),
    ]
    (issue,) = answers[1].json()["extensions"]["validationErrors"]
    assert (issue["queried_at"], issue["subscription_start"]) == (
        "2026-09-01T12:00:00Z",
        changed["next"]["active_from"],
    )


def test_an_add_on_that_is_there_already_is_said_before_anything_else(shop: Shop, attached: str) -> None:
    shop.subscribed.change(attached, 0)
    shop.subscribed.cancel("next_billing_cycle")

    again = shop.subscribed.attach(shop.seats, 99)

    assert refusal(again) == (409, "conflict error: subscription already has that addon purchased")


def test_an_add_on_waits_for_the_phase_that_it_is_sold_from(server: httpx.Client, hands: Hands) -> None:
    seats = addon(server, "seats", fee_card("seats", "3", "in_advance"))
    trial = phase("trial", fee_card("fee", "1", "in_advance"), duration="P14D")
    main = phase("main", fee_card("fee", "30", "in_advance"))
    bought = sold_with(server, {seats: {"from_plan_phase": "main"}}, trial, main)
    subscribed = Subscribed(server, account(server).subscribe(bought))

    too_early = subscribed.attach(seats)
    at_its_start = subscribed.attach(seats, timing="next_billing_cycle")

    assert refusal(too_early) == (400, "validation error: addon seats@1 can be only added starting with phase main")
    assert at_its_start.json()["active_from"] == "2026-09-15T12:00:00Z"
    assert (subscribed.amounts(0), subscribed.amounts(1)) == ({"fee": "1"}, {"fee": "30", "seats": "3"})


def test_an_add_on_of_an_archived_version_is_still_sold_with_its_plan(shop: Shop) -> None:
    posted(shop.server, f"/addons/{shop.seats}/archive", None)

    answer = shop.subscribed.attach(shop.seats)

    assert answer.status_code == 201


def test_nothing_is_kept_of_an_add_on_that_is_refused(shop: Shop) -> None:
    before = shop.subscribed.phases()

    answer = shop.subscribed.attach(shop.seats, 6)

    assert answer.status_code == 400
    assert (shop.subscribed.addons(), shop.subscribed.phases()) == ([], before)


def test_no_item_may_have_a_period_beyond_the_calendar(shop: Shop) -> None:
    ages = fee_card("fee", "1", "in_advance", billing_cadence="P8000Y")
    body = {"key": "ages", "name": "Ages", "currency": "USD", "billing_cadence": "P1M", "phases": [phase("main", ages)]}
    long = posted(shop.server, "/plans", body)["id"]
    posted(shop.server, f"/plans/{long}/publish", None)
    someone = {"id": account(shop.server, "other").id}

    answers = [
        shop.subscribed.attach(shop.seats, timing="9999-12-20T00:00:00Z"),
        shop.server.post("/subscriptions", json={"customer": someone, "plan": {"id": long}}),
    ]

    assert list(map(refusal, answers)) == [(400, "validation error: the time lies outside the calendar")] * 2


def test_an_add_on_is_found_under_its_own_subscription_only(shop: Shop, attached: str) -> None:
    paths = [f"/subscriptions/{one}/addons/{attached}" for one in (shop.subscribed.id, NOBODY)]

    answers = [shop.server.get(path) for path in paths]
    unknown = shop.server.get(f"/subscriptions/{shop.subscribed.id}/addons/{NOBODY}")

    assert [answer.status_code for answer in (*answers, unknown)] == [200, 404, 404]


def test_add_ons_are_listed_in_order_of_making_by_page(server: httpx.Client, hands: Hands) -> None:
    made = [addon(server, key, fee_card(key, "1", "in_advance")) for key in ("zeta", "alpha", "mid")]
    bought = sold_with(server, {key: {} for key in made}, phase("main", fee_card("fee", "30", "in_advance")))
    subscribed = Subscribed(server, account(server).subscribe(bought))
    for addon_id in made:
        hands.move(seconds=1)
        subscribed.attach(addon_id)

    rows = subscribed.addons()
    backward = subscribed.addons(sort="created_at desc")
    second = subscribed.addons(**{"page[size]": "1", "page[number]": "2"})

    assert [row["name"] for row in rows] == ["Zeta", "Alpha", "Mid"]
    assert [row["name"] for row in backward] == ["Mid", "Alpha", "Zeta"]
    assert [row["name"] for row in second] == ["Alpha"]


# What the items become


def test_an_item_of_an_add_on_is_there_while_its_quantity_is_above_zero(shop: Shop, hands: Hands) -> None:
    made = shop.subscribed.attach(shop.seats, 2, "2026-09-10T00:00:00Z").json()
    before = (shop.subscribed.amounts(), shop.subscribed.addons()[0]["quantity"])
    shop.subscribed.change(made["id"], 0, MIDDLE)

    hands.move(days=10)
    during = (shop.subscribed.amounts(), shop.subscribed.addons()[0]["quantity"])
    hands.move(days=10)
    after = (shop.subscribed.amounts(), shop.subscribed.addons()[0]["quantity"])

    assert before == ({"fee": "30"}, 0)
    assert during == ({"fee": "30", "seats": "6"}, 2)
    assert after == ({"fee": "30"}, 0)


def test_a_change_before_a_planned_one_leaves_that_where_it_is(shop: Shop, attached: str, hands: Hands) -> None:
    shop.subscribed.change(attached, 5, "next_billing_cycle")
    hands.move(days=15)

    changed = shop.subscribed.change(attached, 1).json()

    assert segments(changed) == [(START, MIDDLE, 2), (MIDDLE, END, 1), (END, None, 5)]
    assert segments(shop.subscribed.addons()[0]) == segments(changed)


def test_what_the_plan_has_keeps_its_id_unless_it_changes(shop: Shop, attached: str) -> None:
    before = shop.subscribed.ids()

    shop.subscribed.change(attached, 3)

    after = shop.subscribed.ids()
    assert after["fee"] == before["fee"]
    assert after["seats"] != before["seats"]


def test_add_ons_and_the_plan_add_up_under_the_plans_name_and_term(server: httpx.Client) -> None:
    """Two add-ons and the plan add up to an item with the plan's name and payment term."""
    first = addon(server, "first", fee_card("fee", "3", "in_advance", name="First"))
    second = addon(server, "second", fee_card("fee", "0.25", "in_advance", name="Second"))
    bought = sold_with(server, {first: {}, second: {}}, phase("main", fee_card("fee", "10", "in_advance")))
    subscribed = Subscribed(server, account(server).subscribe(bought))

    subscribed.attach(first, 2)
    subscribed.attach(second, 3)

    (item,) = subscribed.phases()[0]["items"]
    assert item["rate_card"]["price"] == {"type": "flat", "amount": "16.75"}
    assert (item["rate_card"]["name"], item["rate_card"]["payment_term"]) == ("Fee", "in_advance")
    assert [row["rate_cards"][0]["affected_subscription_item_ids"] for row in subscribed.addons()] == [
        [item["id"]],
        [item["id"]],
    ]


def test_add_ons_without_a_plan_card_add_up_under_the_first_name(server: httpx.Client) -> None:
    """Two add-ons without a card of the plan add up to an item with the first add-on's name."""
    first = addon(server, "first", fee_card("seats", "3", "in_advance", name="First"))
    second = addon(server, "second", fee_card("seats", "4", "in_advance", name="Second"))
    bought = sold_with(server, {first: {}, second: {}}, phase("main", fee_card("fee", "10", "in_advance")))
    subscribed = Subscribed(server, account(server).subscribe(bought))

    subscribed.attach(first, 2)
    made = subscribed.attach(second).json()
    together = subscribed.amounts()["seats"]
    subscribed.change(subscribed.addons()[0]["id"], 0)

    assert together == "10"
    (_, item) = subscribed.phases()[0]["items"]
    assert (item["rate_card"]["name"], item["rate_card"]["price"]["amount"]) == ("Second", "4")
    assert made["name"] == "Second"


def test_an_add_on_reaches_every_phase_from_its_start_on(server: httpx.Client) -> None:
    seats = addon(server, "seats", fee_card("fee", "2", "in_advance"))
    first = phase("first", fee_card("fee", "1", "in_advance"), duration="P14D")
    last = phase("last", fee_card("other", "30", "in_advance"))
    subscribed = Subscribed(server, account(server).subscribe(sold_with(server, {seats: {}}, first, last)))

    made = subscribed.attach(seats, 3).json()

    assert (subscribed.amounts(0), subscribed.amounts(1)) == ({"fee": "7"}, {"fee": "6", "other": "30"})
    ids = [subscribed.ids(0)["fee"], subscribed.ids(1)["fee"]]
    assert made["rate_cards"][0]["affected_subscription_item_ids"] == ids


def test_metered_limits_add_up(server: httpx.Client) -> None:
    """Metered limits add up, and a boolean entitlement begins with its add-on."""
    calls = feature(server, "calls")
    help_desk = str(posted(server, "/features", {"key": "help", "name": "Help"})["id"])
    metered = {"type": "metered", "limit": 10, "usage_period": "P1M"}
    own = usage_card("calls", calls, entitlement=metered)
    more = {
        "key": "calls",
        "name": "More",
        "feature": {"id": calls},
        "price": {"type": "free"},
        "billing_cadence": "P1M",
    }
    support = {"key": "help", "name": "Help", "feature": {"id": help_desk}, "price": {"type": "free"}}
    extra = addon(
        server,
        "extra",
        {**more, "entitlement": {**metered, "limit": 5}},
        {**support, "entitlement": {"type": "boolean"}},
    )
    acme = account(server)
    subscribed = Subscribed(server, acme.subscribe(sold_with(server, {extra: {}}, phase("main", own))))

    def held() -> list[str]:
        access = server.get(f"/customers/{acme.id}/entitlement-access").json()["data"]
        return [row["feature_key"] for row in access]

    before = held()
    attached = subscribed.attach(extra, 2).json()["id"]
    (card, _) = (item["rate_card"] for item in subscribed.phases()[0]["items"])
    during = held()
    subscribed.change(attached, 0)

    assert (before, during, held()) == (["calls"], ["calls", "help"], ["calls"])
    assert card["entitlement"] == {"type": "metered", "limit": 20, "usage_period": "P1M", "is_soft_limit": False}
    assert card["price"] == {"type": "unit", "amount": "1"}


def test_a_feature_that_only_an_add_on_uses_cannot_be_archived(server: httpx.Client) -> None:
    help_desk = str(posted(server, "/features", {"key": "help", "name": "Help"})["id"])
    card = {"key": "help", "name": "Help", "feature": {"id": help_desk}, "price": {"type": "free"}}
    extra = addon(server, "extra", {**card, "entitlement": {"type": "boolean"}}, instances="single")
    bought = sold_with(server, {extra: {}}, phase("main", fee_card("fee", "1", "in_advance")))
    subscribed = Subscribed(server, account(server).subscribe(bought))

    subscribed.attach(extra)

    assert server.delete(f"/features/{help_desk}").status_code == 403


def test_a_change_of_plan_drops_the_add_ons(shop: Shop, attached: str) -> None:
    body = {"customer": {}, "plan": {"key": "plan"}, "timing": "next_billing_cycle"}

    changed = posted(shop.server, f"/subscriptions/{shop.subscribed.id}/change", body)

    following = Subscribed(shop.server, changed["next"]["id"])
    assert following.addons() == []
    assert following.amounts() == {"fee": "30"}
    assert [row["id"] for row in shop.subscribed.addons()] == [attached]


def test_a_cancel_and_its_undoing_leave_the_add_ons_as_they_were(shop: Shop, attached: str) -> None:
    shop.subscribed.change(attached, 5, "next_billing_cycle")
    before = shop.subscribed.amounts()

    shop.subscribed.cancel("next_billing_cycle")
    ending = shop.subscribed.amounts()
    posted(shop.server, f"/subscriptions/{shop.subscribed.id}/unschedule-cancelation", None)

    assert (before, ending, shop.subscribed.amounts()) == ({"fee": "30", "seats": "6"},) * 3
    assert segments(shop.subscribed.addons()[0]) == [(START, END, 2), (END, None, 5)]


# Changes through v1


def test_v1_changes_no_quantity_of_what_is_not_there_or_not_allowed(shop: Shop, attached: str) -> None:
    other = Subscribed(shop.server, NOBODY)

    answers = [
        shop.subscribed.change(NOBODY, 1),
        other.change(attached, 1),
        shop.subscribed.change(attached, 6),
        shop.subscribed.change(attached, -1),
        shop.subscribed.change(attached, 1, "later"),
        shop.subscribed.change(attached, 1, "2026-08-01T00:00:00Z"),
    ]

    assert [answer.status_code for answer in answers] == [404, 400, 400, 400, 400, 400]
    assert segments(shop.subscribed.addons()[0]) == [(START, None, 2)]


def test_v1_gives_a_single_add_on_no_second_instance(server: httpx.Client) -> None:
    one = addon(server, "one", fee_card("one", "1", "in_advance"), instances="single")
    bought = sold_with(server, {one: {}}, phase("main", fee_card("fee", "1", "in_advance")))
    subscribed = Subscribed(server, account(server).subscribe(bought))
    made = subscribed.attach(one).json()["id"]

    answers = [subscribed.change(made, quantity).status_code for quantity in (2, 0, 1)]

    assert answers == [400, 200, 200]


def test_v1_shows_a_card_billed_once_with_its_empty_cadence(server: httpx.Client) -> None:
    once = {"key": "once", "name": "Once", "payment_term": "in_advance", "price": {"type": "flat", "amount": "7"}}
    extra = addon(server, "extra", once)
    bought = sold_with(server, {extra: {}}, phase("main", fee_card("fee", "1", "in_advance")))
    subscribed = Subscribed(server, account(server).subscribe(bought))
    made = subscribed.attach(extra).json()

    shown = subscribed.change(made["id"], 2).json()["rateCards"][0]["rateCard"]

    assert made["rate_cards"][0]["rate_card"] == once
    assert shown == {
        "type": "flat_fee",
        "key": "once",
        "name": "Once",
        "billingCadence": None,
        "price": {"type": "flat", "amount": "7", "paymentTerm": "in_advance"},
    }


# What credits pay


def test_a_seat_bought_in_the_middle_costs_its_part_of_the_period(shop: Shop, hands: Hands) -> None:
    before = shop.acme.balance()
    hands.move(days=15)
    shop.subscribed.attach(shop.seats, 2)

    bought = shop.acme.balance()
    hands.move(days=15)

    assert (before, bought, shop.acme.balance()) == (("70", "70"), ("67", "67"), ("31", "31"))
    assert shop.acme.rows(**{"filter[type]": "consumed"}) == [
        ("consumed", "-6", END),
        ("consumed", "-30", END),
        ("consumed", "-3", MIDDLE),
        ("consumed", "-30", START),
    ]


def test_a_seat_is_paid_by_credits_that_came_after_the_period_began(serve: Serve, hands: Hands) -> None:
    server = serve()
    seats = addon(server, "seats", fee_card("seats", "3", "in_advance"))
    acme = account(server)
    free = fee_card("fee", "0", "in_advance")
    subscribed = Subscribed(server, acme.subscribe(sold_with(server, {seats: {}}, phase("main", free))))
    hands.move(days=14)
    acme.grant("10")
    hands.move(days=1)

    subscribed.attach(seats, 2)

    assert acme.balance() == ("7", "7")
    assert acme.rows(**{"filter[type]": "consumed"}) == [("consumed", "-3", MIDDLE)]


def test_fewer_seats_give_the_rest_of_their_fee_back(shop: Shop, attached: str, hands: Hands) -> None:
    before = shop.acme.balance()
    hands.move(days=15)

    shop.subscribed.change(attached, 1)
    fewer = shop.acme.balance()
    hands.move(days=15)

    assert (before, fewer, shop.acme.balance()) == (("64", "64"), ("65.5", "65.5"), ("32.5", "32.5"))
    assert [state for state in shop.acme.states() if "/seats/" in state[0]][:3] == [
        ("main/seats/v[0]/period[0]", "final"),
        ("main/seats/v[1]/period[0]", "final"),
        ("main/seats/v[1]/period[1]", "final"),
    ]


def test_seats_taken_off_at_renewal_are_not_charged_again(shop: Shop, attached: str, hands: Hands) -> None:
    shop.subscribed.change(attached, 0, "next_billing_cycle")

    hands.move(days=31)

    assert shop.acme.balance() == ("34", "34")


def test_a_fee_that_an_add_on_raises_is_charged_in_two_parts(server: httpx.Client, hands: Hands) -> None:
    boost = addon(server, "boost", fee_card("fee", "6", "in_advance"))
    bought = sold_with(server, {boost: {}}, phase("main", fee_card("fee", "30", "in_advance")))
    acme = account(server)
    acme.grant("100")
    subscribed = Subscribed(server, acme.subscribe(bought))
    hands.move(days=15)

    subscribed.attach(boost)

    assert acme.balance() == ("67", "67")
    assert [(row["service_period"]["from"], row["amount_after_proration"]["amount"]) for row in acme.charges()[:2]] == [
        (START, "15"),
        (MIDDLE, "18"),
    ]


def test_usage_of_an_add_on_counts_from_the_moment_it_is_there(server: httpx.Client, hands: Hands) -> None:
    calls = feature(server, "calls")
    metered = addon(server, "metered", usage_card("calls", calls), instances="single")
    bought = sold_with(server, {metered: {}}, phase("main", fee_card("fee", "30", "in_advance")))
    acme = account(server)
    acme.grant("100")
    subscribed = Subscribed(server, acme.subscribe(bought))
    send(server, "before", data={"n": 5})
    hands.move(days=15)
    made = subscribed.attach(metered).json()
    send(server, "during", data={"n": 7})
    live = acme.balance()
    hands.move(days=5)

    subscribed.change(made["id"], 0)
    send(server, "after", data={"n": 9})

    assert (live, acme.balance()) == (("63", "70"), ("63", "63"))
    assert ("consumed", "-7", "2026-09-21T12:00:00Z") in acme.rows()


def test_the_books_with_add_ons_are_the_same_whoever_looks_how_often(serve: Serve, hands: Hands) -> None:
    def told(looks: int) -> tuple[object, ...]:
        hands.now = hands.now.replace(year=2026, month=9, day=1, hour=12)
        server = serve()
        seats = addon(server, "seats", fee_card("seats", "3", "in_advance"))
        late = addon(server, "late", fee_card("late", "5", "in_arrears"))
        main = phase("main", fee_card("fee", "10", "in_advance"))
        acme = account(server)
        acme.grant("40")
        subscribed = Subscribed(server, acme.subscribe(sold_with(server, {seats: {}, late: {}}, main)))
        made: list[str] = []
        for day in range(1, 100):
            hands.move(days=1)
            if day == 5:
                made = [subscribed.attach(one, 2).json()["id"] for one in (seats, late)]
            if day in (20, 50, 70):
                subscribed.change(made[0], day // 20, "immediate" if day < 60 else "next_billing_cycle")
            if day == 45:
                subscribed.change(made[1], 0)
            if looks and day % looks == 0:
                acme.balance()
        return acme.balance(), acme.rows(), sorted(acme.states())

    daily, never = told(1), told(0)

    assert daily == never
