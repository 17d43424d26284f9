"""What add-ons make of a phase's cards: at every moment the amounts of all that is bought then, added up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billsync.local.accounts.item_versions import Window
from billsync.local.subscriptions.addon_overlay import Bought, Version, extended, overlaid

START = datetime(2026, 9, 1, tzinfo=UTC)
KEYS = ("fee", "seats")
DAYS = range(-2, 14)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def fee(key: str, amount: str, term: str = "in_advance", **more: Any) -> dict[str, Any]:
    price = {"type": "flat", "amount": amount}
    return {"currency": "USD", "key": key, "name": key.title(), "price": price, "payment_term": term, **more}


@st.composite
def windows(draw: st.DrawFn) -> Window:
    first = draw(st.integers(-2, 12))
    last = draw(st.none() | st.integers(first, 13))
    return Window(day(first), None if last is None else day(last))


cards = st.builds(fee, st.sampled_from(KEYS), st.sampled_from(("0", "0.1", "3", "12.50")))
purchases = st.builds(
    Bought,
    st.lists(cards, max_size=2, unique_by=lambda card: card["key"]),
    st.integers(0, 4),
    windows(),
)
phases = st.sampled_from((Window(day(0), None), Window(day(0), day(10))))
plans = st.lists(cards, max_size=2, unique_by=lambda card: card["key"])


def amount_at(versions: list[Version], key: str, moment: datetime) -> Decimal | None:
    """The amount of the one version of a key that is in force; None where none is."""
    found = [version.card for version in versions if version.card["key"] == key and version.window.holds(moment)]
    assert len(found) <= 1
    return Decimal(found[0]["price"]["amount"]) if found else None


def wanted_at(plan: list[dict[str, Any]], bought: list[Bought], key: str, moment: datetime) -> Decimal | None:
    parts = [(card, 1) for card in plan if card["key"] == key]
    for one in bought:
        if one.quantity and one.window.holds(moment):
            parts += [(card, one.quantity) for card in one.cards if card["key"] == key]
    return sum((times * Decimal(card["price"]["amount"]) for card, times in parts), Decimal(0)) if parts else None


@given(plans, phases, st.lists(purchases, max_size=4))
def test_at_every_moment_of_a_phase_all_that_is_bought_adds_up(
    plan: list[dict[str, Any]], phase: Window, bought: list[Bought]
) -> None:
    versions = overlaid(plan, phase, bought)

    moments = [day(number) + timedelta(hours=hour) for number in DAYS for hour in (0, 6)]
    inside = [moment for moment in moments if phase.holds(moment)]
    have = {(key, moment): amount_at(versions, key, moment) for key in KEYS for moment in inside}
    want = {(key, moment): wanted_at(plan, bought, key, moment) for key in KEYS for moment in inside}
    assert have == want


@given(plans, phases, st.lists(purchases, max_size=4))
def test_versions_are_sorted_and_within_their_phase(
    plan: list[dict[str, Any]], phase: Window, bought: list[Bought]
) -> None:
    """Versions are in the order of key and time, and never reach outside their phase."""
    versions = overlaid(plan, phase, bought)

    assert versions == sorted(versions, key=lambda version: (version.card["key"], version.window.start))
    assert all(phase.common(version.window) == version.window for version in versions)


@given(phases, st.lists(purchases, max_size=4))
def test_an_item_of_the_plan_keeps_its_name_and_term_whatever_is_bought(phase: Window, bought: list[Bought]) -> None:
    own = fee("fee", "10", "in_arrears", description="Own")

    versions = overlaid([own], phase, bought)

    kept = {(v.card["name"], v.card["payment_term"], v.card["description"]) for v in versions if v.card["key"] == "fee"}
    assert kept == {("Fee", "in_arrears", "Own")}


def test_free_units_add_up_and_a_percentage_stays_the_first_cards() -> None:
    own = {"key": "calls", "price": {"type": "unit", "amount": "1"}, "discounts": {"percentage": 5, "usage": "10"}}
    more = {"key": "calls", "price": {"type": "free"}, "discounts": {"usage": "2.5"}}

    card = extended(own, more, 3)

    assert card == {**own, "discounts": {"percentage": 5, "usage": "17.5"}}


def test_a_price_on_a_free_card_brings_its_currency_and_term() -> None:
    own = {"key": "fee", "name": "Free", "price": {"type": "free"}}

    card = extended(own, fee("fee", "1.5", "in_arrears"), 2)

    assert card == {
        "key": "fee",
        "name": "Free",
        "currency": "USD",
        "payment_term": "in_arrears",
        "price": {"type": "flat", "amount": "3"},
    }
