from decimal import Decimal
from typing import Any

from billsync.model.duration import Duration
from billsync.rating.prices import FlatPrice
from billsync.rating.timeline import Item
from billsync.report.billing.subscribed import subscribed
from billsync.report.impact.repricing import Repriced, plan_cards, repriced
from tests.support.subscription_rows import FEATURES, fee_card, plan_fields, subscription_row, unit, usage_card

ITS_OWN = "a price for {} that isn't the plan's, which the new one replaces"


def changed(row: dict[str, Any], old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Repriced:
    return repriced(subscribed(row, FEATURES), plan_cards(plan_fields(*new)), plan_cards(plan_fields(*old)))


def items(found: Repriced) -> list[Item]:
    (phase,) = found.subscribed.timeline.phases
    assert [slot.item for slot in found.subscribed.slots] == list(phase.items)
    return list(phase.items)


def fees(found: Repriced) -> list[tuple[str, Decimal, str]]:
    """Key, amount and cadence of each item, all of which are flat."""
    return [(one.key, amount(one), one.cadence.text if one.cadence else "") for one in items(found)]


def amount(item: Item) -> Decimal:
    assert isinstance(item.card.price, FlatPrice)
    return item.card.price.amount


def test_what_an_addon_adds_to_a_fee_stays() -> None:
    """10 and two times 3 are 16 (customer-facts.md §6.2): at 12 they are 18."""
    found = changed(subscription_row(fee_card("base", "16")), [fee_card("base", "10")], [fee_card("base", "12")])

    assert (fees(found), found.notes) == ([("base", Decimal(18), "P1M")], ())


def test_of_a_fee_that_the_new_version_lacks_what_an_addon_adds_is_left() -> None:
    row = subscription_row(fee_card("base", "16"), fee_card("support", "5"))

    found = changed(row, [fee_card("base", "10"), fee_card("support", "5")], [])

    assert fees(found) == [("base", Decimal(6), "P1M")]


def test_a_new_fee_joins_an_addons_of_the_same_key() -> None:
    found = changed(subscription_row(fee_card("support", "9")), [], [fee_card("support", "5")])

    assert (fees(found), found.notes) == ([("support", Decimal(14), "P1M")], ())


def test_an_addons_part_keeps_its_cadence_when_the_plans_fee_changes() -> None:
    """The part that an add-on adds keeps its cadence when the plan's fee gets another cadence."""
    row = subscription_row(fee_card("base", "16"))

    found = changed(row, [fee_card("base", "10")], [fee_card("base", "100", cadence="P1Y")])

    assert fees(found) == [("base", Decimal(6), "P1M"), ("base", Decimal(100), "P1Y")]


def test_a_new_card_holds_as_long_as_the_item_in_whose_place_it_is() -> None:
    row = subscription_row(fee_card("base", "10"))
    row["phases"][0]["items"][0] |= {"active_from": "2026-10-11T00:00:00Z", "active_to": "2026-12-11T00:00:00Z"}

    (found,) = items(changed(row, [fee_card("base", "10")], [fee_card("base", "20")]))

    days = Decimal(86_400)
    assert (amount(found), found.from_offset, found.to_offset) == (
        Decimal(20),
        Duration(seconds=40 * days),
        Duration(seconds=101 * days),
    )


def test_a_new_key_holds_for_the_whole_phase() -> None:
    (_, found) = items(
        changed(
            subscription_row(fee_card("base", "1")),
            [fee_card("base", "1")],
            [
                fee_card("base", "1"),
                fee_card("support", "5"),
            ],
        )
    )

    assert (found.key, found.from_offset, found.to_offset) == ("support", None, None)


def test_usage_that_was_priced_by_hand_is_replaced_and_said() -> None:
    row = subscription_row(usage_card("api", unit("0.07")))
    new = usage_card("api", unit("0.12"))

    found = changed(row, [usage_card("api", unit("0.10"))], [new])

    assert [one.card for one in items(found)] == [slot.item.card for slot in plan_cards(plan_fields(new)).of("default")]
    assert found.notes == (ITS_OWN.format("api"),)


def test_a_fee_that_was_lowered_by_hand_is_replaced_and_said() -> None:
    found = changed(subscription_row(fee_card("base", "8")), [fee_card("base", "10")], [fee_card("base", "12")])

    assert (fees(found), found.notes) == ([("base", Decimal(12), "P1M")], (ITS_OWN.format("base"),))


def test_what_an_addon_charges_for_a_free_card_stays() -> None:
    free = usage_card("api", {"type": "free"})

    found = changed(subscription_row(usage_card("api", unit("2"))), [free], [free])

    assert [type(one.card.price).__name__ for one in items(found)] == ["UnitPrice", "FreePrice"]
    assert found.notes == ()
