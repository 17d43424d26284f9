from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billsync.rating.prices import FlatPrice, UnitPrice
from billsync.rating.timeline import Item
from billsync.report.billing.attached import Attached, Segment, attached, own_items
from billsync.report.billing.subscribed import subscribed
from billsync.report.impact.addon_repricing import Unclear, with_new_addon
from billsync.report.impact.repricing import declared_slots
from tests.support.subscription_rows import (
    FEATURES,
    fee_card,
    plan_fields,
    subscription_row,
    unit,
    usage_card,
    with_trial,
)

NOW = datetime(2026, 11, 16, tzinfo=UTC)
START = "2026-09-01T00:00:00Z"


def having(*cards: dict[str, Any], quantity: int = 2, since: str = START, **more: Any) -> Attached:
    """An add-on as the API shows it: without currency and payment term."""
    hidden = ("currency", "payment_term")
    shown = [{name: value for name, value in card.items() if name not in hidden} for card in cards]
    row = {
        "addon": {"id": "addon-1"},
        "rate_cards": [{"rate_card": card, "affected_subscription_item_ids": []} for card in shown],
        "timeline": [{"active_from": since, "quantity": quantity, **more}],
    }
    return attached(row, FEATURES)


def changed(row: dict[str, Any], addon: Attached, *new: dict[str, Any]) -> list[Item]:
    """The items of all phases with the new cards of the add-on."""
    (phase,) = plan_fields(*new)["phases"]
    found = with_new_addon(
        subscribed(row, FEATURES),
        addon,
        lambda key: declared_slots(key, phase, {"currency": "USD"}),
        now=NOW,
    )
    items = [item for one in found.timeline.phases for item in one.items]
    assert [slot.item for slot in found.slots] == items
    return items


def prices(items: list[Item]) -> list[tuple[str, Decimal]]:
    """Key and amount of each item with one price."""
    found = []
    for one in items:
        assert isinstance(one.card.price, FlatPrice | UnitPrice)
        found.append((one.key, one.card.price.amount))
    return found


def test_an_item_of_the_addon_alone_is_multiplied_by_the_quantity() -> None:
    """An item of the add-on alone costs its new amount times the quantity."""
    row = subscription_row(fee_card("base", "25"), fee_card("seats", "10"))

    found = changed(row, having(fee_card("seats", "5")), fee_card("seats", "7"))

    assert prices(found) == [("base", Decimal(25)), ("seats", Decimal(14))]


def test_what_the_plan_has_under_the_same_key_stays() -> None:
    """10 and two times 3 are 16 (customer-facts.md §6.2); with two times 4 it is 18."""
    row = subscription_row(fee_card("base", "16", "in_advance"))

    (found,) = changed(row, having(fee_card("base", "3")), fee_card("base", "4"))

    assert prices([found]) == [("base", Decimal(18))]
    assert (found.card.name, found.is_in_advance) == ("BASE", True)


def test_of_a_card_that_goes_only_the_plans_part_is_left() -> None:
    row = subscription_row(fee_card("base", "16"), fee_card("seats", "10"))

    found = changed(row, having(fee_card("base", "3"), fee_card("seats", "5")))

    assert prices(found) == [("base", Decimal(10))]


def test_a_card_that_comes_holds_since_the_addon_was_attached() -> None:
    row = subscription_row(fee_card("base", "25"))

    base, api = changed(row, having(quantity=1, since="2026-10-11T00:00:00Z"), usage_card("api", unit("0.2")))

    assert prices([base, api]) == [("base", Decimal(25)), ("api", Decimal("0.2"))]
    assert api.from_offset is not None
    assert api.from_offset.seconds == 40 * 86_400
    assert api.to_offset is None


def test_a_card_that_comes_under_a_key_of_the_plan_is_added_to_its_fee() -> None:
    row = subscription_row(fee_card("base", "25"))
    new = fee_card("base", "3")

    assert prices(changed(row, having(), new)) == [("base", Decimal(31))]
    assert prices(changed(row, having(since="2026-10-11T00:00:00Z"), new)) == [
        ("base", Decimal(25)),
        ("base", Decimal(6)),
    ]


def test_a_price_of_usage_is_replaced_as_long_as_the_item_holds() -> None:
    row = subscription_row(usage_card("api", unit("0.1")))
    row["phases"][0]["items"][0]["active_from"] = "2026-10-11T00:00:00Z"
    addon = having(usage_card("api", unit("0.1")), quantity=1, since="2026-10-11T00:00:00Z")

    (found,) = changed(row, addon, usage_card("api", unit("0.3")))

    assert prices([found]) == [("api", Decimal("0.3"))]
    assert found.from_offset is not None
    assert found.from_offset.seconds == 40 * 86_400


def test_a_free_card_costs_nothing_and_may_stay_away() -> None:
    free = usage_card("api", {"type": "free"})

    found = changed(subscription_row(fee_card("base", "25")), having(free), free)

    assert prices(found) == [("base", Decimal(25))]


def test_in_a_phase_before_the_addon_nothing_changes() -> None:
    row = with_trial(subscription_row(fee_card("seats", "10")), "2026-10-11T00:00:00Z")
    addon = having(fee_card("seats", "5"), since="2026-10-11T00:00:00Z")

    found = changed(row, addon, fee_card("seats", "7"), fee_card("support", "1"))

    assert prices(found) == [("seats", Decimal(14)), ("support", Decimal(2))]
    assert [one.from_offset for one in found] == [None, None]


def test_an_addon_that_was_removed_changes_nothing() -> None:
    row = subscription_row(fee_card("base", "10"))

    assert prices(changed(row, having(fee_card("base", "3"), quantity=0), fee_card("base", "4"))) == [
        ("base", Decimal(10))
    ]


@pytest.mark.parametrize(
    ("item", "old", "new", "reason"),
    [
        (
            usage_card("api", unit("0.3")),
            usage_card("api", unit("0.1")),
            usage_card("api", unit("0.2")),
            "what of api is the add-on's can't be told apart",
        ),
        (
            fee_card("base", "2"),
            fee_card("base", "3"),
            fee_card("base", "4"),
            "what of base is the add-on's can't be told apart",
        ),
        (
            fee_card("base", "2"),
            fee_card("seats", "5"),
            fee_card("seats", "7"),
            "it doesn't show seats, which the add-on has",
        ),
        (
            fee_card("base", "16"),
            fee_card("base", "3"),
            fee_card("base", "30", cadence="P1Y"),
            "the new base doesn't fit what it has under that key",
        ),
    ],
)
def test_what_can_not_be_told_apart_is_said(
    item: dict[str, Any], old: dict[str, Any], new: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unclear) as raised:
        changed(subscription_row(item), having(old, quantity=1), new)

    assert str(raised.value) == reason


def test_usage_can_not_be_had_twice() -> None:
    row = subscription_row(fee_card("seats", "10"))

    with pytest.raises(Unclear, match="it has 2 of the add-on, but api would be priced by usage"):
        changed(row, having(fee_card("seats", "5")), usage_card("api", unit("1")))


def test_an_addon_is_ahead_before_its_first_segment_with_any_of_it() -> None:
    def day(number: int) -> datetime:
        return datetime(2026, 11, number, tzinfo=UTC)

    addon = Attached("a", (), (Segment(day(5), day(9), 0), Segment(day(9), day(12), 3), Segment(day(12), None, 0)))

    assert [addon.is_ahead(day(number)) for number in (4, 5, 9, 12)] == [True, True, False, False]
    assert [addon.at(day(number)) for number in (5, 9, 12)] == [None, addon.segments[1], None]


def plan_row(*cards: dict[str, Any]) -> dict[str, Any]:
    return {"id": "plan-1", "phases": [{"key": "default", "rate_cards": list(cards)}]}


def test_items_that_are_the_plans_cards_show_no_addon() -> None:
    cards = fee_card("base", "10"), usage_card("api", unit("1"))

    assert not own_items(subscription_row(*cards), plan_row(*cards))


@pytest.mark.parametrize(
    "row",
    [
        subscription_row(fee_card("base", "16")),
        subscription_row(fee_card("base", "10"), fee_card("seats", "5")),
        subscription_row(),
        subscription_row({**fee_card("base", "10"), "entitlement": {"type": "boolean"}}),
    ],
)
def test_items_that_are_not_the_plans_cards_may_show_an_addon(row: dict[str, Any]) -> None:
    assert own_items(row, plan_row(fee_card("base", "10")))


@pytest.mark.parametrize("time", [{"active_from": "2026-10-11T00:00:00Z"}, {"active_to": "2026-12-11T00:00:00Z"}])
def test_an_item_with_a_time_of_its_own_may_show_an_addon(time: dict[str, str]) -> None:
    row = subscription_row(fee_card("base", "10"))
    row["phases"][0]["items"][0] |= time

    assert own_items(row, plan_row(fee_card("base", "10")))


def test_an_item_that_ends_with_its_subscription_has_no_time_of_its_own() -> None:
    row = subscription_row(fee_card("base", "10"), active_to="2026-12-01T00:00:00Z")
    row["phases"][0]["items"][0]["active_to"] = "2026-12-01T00:00:00Z"

    assert not own_items(row, plan_row(fee_card("base", "10")))


def test_an_addon_whose_key_stands_there_twice_can_not_be_told_apart() -> None:
    row = subscription_row(fee_card("base", "16"), fee_card("base", "6"))

    with pytest.raises(Unclear) as unclear:
        changed(row, having(fee_card("base", "3")), fee_card("base", "4"))

    assert str(unclear.value) == "it has base more than once, so that the add-on's part can't be told apart"
