"""Field differences: by path, keyed members by key, nothing twice."""

from __future__ import annotations

from decimal import Decimal

from billsync.core.views.compare import field_changes, said, shown
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, Symbol
from billsync.model.change import FieldChange
from billsync.model.shape import Field, ListOf, Number, Record, Text

CARD = Record({"key": Field(Text(), "its key"), "amount": Field(Number(), "its price")})
SHAPE = Record(
    {
        "name": Field(Text(), "a name"),
        "cards": Field(ListOf(CARD, key="key", as_set=True), "cards in any order"),
        "phases": Field(ListOf(CARD, key="key"), "phases in their order"),
    }
)


def card(key: str, amount: str) -> dict[str, object]:
    return {"key": key, "amount": Decimal(amount)}


def test_equal_views_have_no_difference() -> None:
    view = {"name": "Pro", "cards": (card("a", "1"), card("b", "2"))}

    changes = field_changes(SHAPE, view, {"cards": (card("b", "2"), card("a", "1.0")), "name": "Pro"})

    assert changes == ()


def test_a_member_is_matched_by_its_key_and_the_change_is_named_by_it() -> None:
    have = {"cards": (card("a", "1"), card("b", "2"))}
    want = {"cards": (card("b", "2.5"), card("c", "3"))}

    changes = field_changes(SHAPE, have, want)

    assert changes == (
        FieldChange(("cards", "a"), {"key": "a", "amount": "1"}, None),
        FieldChange(("cards", "b", "amount"), "2", "2.5"),
        FieldChange(("cards", "c"), None, {"key": "c", "amount": "3"}),
    )


def test_another_order_counts_where_order_means_something() -> None:
    have = {"phases": (card("trial", "0"), card("paid", "9"))}
    want = {"phases": (card("paid", "9"), card("trial", "0"))}

    changes = field_changes(SHAPE, have, want)

    assert changes == (FieldChange(("phases", "(order)"), "trial paid", "paid trial"),)


def test_a_member_that_comes_or_goes_is_told_once_and_not_as_another_order() -> None:
    have = {"phases": (card("trial", "0"), card("paid", "9"))}
    want = {"phases": (card("paid", "9"),)}

    changes = field_changes(SHAPE, have, want)

    assert changes == (FieldChange(("phases", "trial"), {"key": "trial", "amount": "0"}, None),)


def test_a_reference_is_shown_by_key_and_version() -> None:
    symbol = Symbol(Address("plan", ("pro",), 3))

    text = shown(symbol)

    assert text == "pro@3"


def test_a_member_that_differs_in_nothing_but_its_key_has_moved() -> None:
    have = {"cards": (card("a", "1"), card("b", "2"))}
    want = {"cards": (card("b", "2"), card("c", "1"))}

    assert field_changes(SHAPE, have, want) == (FieldChange(("cards", "a", "key"), "a", "c"),)


def test_two_members_that_came_for_one_that_went_are_one_move_and_one_more() -> None:
    have = {"cards": (card("a", "1"),)}
    want = {"cards": (card("b", "1"), card("c", "1"))}

    assert field_changes(SHAPE, have, want) == (
        FieldChange(("cards", "a", "key"), "a", "b"),
        FieldChange(("cards", "c"), None, {"key": "c", "amount": "1"}),
    )


def test_members_without_a_key_are_shown_as_they_are() -> None:
    """A list inside of a value that has no shape of its own is shown with its numbers as text."""
    changes = field_changes(SHAPE, {"other": [Decimal("1.0"), {"a": [True]}]}, {"other": [Decimal(2), {"a": [True]}]})

    assert changes == (FieldChange(("other", 0), "1", "2"),)


def test_a_difference_deep_inside_of_a_condition_is_named_by_its_path() -> None:
    def measured(model: str) -> dict[str, object]:
        return {"meter": {"filters": {"model": {"and": ({"neq": "tiny"}, {"or": ({"eq": model}, {"eq": "huge"})})}}}}

    changes = field_changes(KINDS["feature"].record, measured("large"), measured("small"))

    path = ("meter", "filters", "model", "and", 1, "or", 0, "eq")
    assert changes == (FieldChange(path, "large", "small"),)


def test_a_field_that_is_not_there_is_said_to_be_none() -> None:
    assert (said(None), said("USD"), shown(None)) == ("(none)", "USD", "(open)")


def test_a_value_in_a_sentence_is_no_text_of_python() -> None:
    assert (
        said({"subject_keys": ("ö", None), "rate": Decimal("0.10")}) == '{"subject_keys": ["ö", null], "rate": "0.1"}'
    )
    assert (said(True), said(("a",))) == ("true", '["a"]')
