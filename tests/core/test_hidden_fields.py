"""Labels that a server hides, at any depth: found, left out, and merged over the live ones."""

from __future__ import annotations

import pytest

from billsync.core.views.hidden_fields import labels_inside, merged_inside, without_hidden
from billsync.model.shape import Field, LabelMap, Lazy, ListOf, Record, Shape, Text
from billsync.model.value import Plain

NAME = Field(Text(), "A name.")
LABELS = Field(LabelMap(hidden=True), "Labels that no row shows.")
CARD = Record({"key": NAME, "name": NAME, "labels": LABELS})
TREE: Shape = Record({"key": NAME, "labels": LABELS, "inner": Field(Lazy("tree", lambda: TREE), "The next one.")})
PLAN = Record({"name": NAME, "cards": Field(ListOf(CARD, key="key"), "Its cards.")})


def card(key: str, **more: Plain) -> dict[str, Plain]:
    return {"key": key, **more}


@pytest.mark.parametrize(
    ("live", "wanted", "merged"),
    [
        (None, {"name": "P"}, {"name": "P"}),
        ({"name": "O", "other": 1}, {"name": "P", "more": 2}, {"name": "P", "more": 2}),
        (
            {"cards": (card("a", labels={"x": "1", "y": "1"}), card("b", labels={"z": "1"}))},
            {"cards": (card("b"), card("a", labels={"x": "2"}), card("c", labels={"n": "1"}))},
            {
                "cards": (
                    card("b", labels={"z": "1"}),
                    card("a", labels={"x": "2", "y": "1"}),
                    card("c", labels={"n": "1"}),
                )
            },
        ),
        ({"cards": (card("a", labels={}),)}, {"cards": (card("a"),)}, {"cards": (card("a"),)}),
        ({"cards": None}, {"cards": (card("a"),)}, {"cards": (card("a"),)}),
        ("damaged", {"cards": "damaged"}, {"cards": "damaged"}),
    ],
)
def test_live_labels_stay_below_the_wanted_ones(live: Plain, wanted: Plain, merged: Plain) -> None:
    """A wanted label wins, a live one that isn't named stays, and members are matched by their keys."""
    assert merged_inside(PLAN, live, wanted) == merged


def test_labels_are_merged_in_shapes_that_hold_themselves() -> None:
    live = {"key": "a", "labels": {"x": "1"}, "inner": {"key": "b", "labels": {"y": "1"}}}

    merged = merged_inside(TREE, live, {"key": "a", "inner": {"key": "b", "labels": {"z": "2"}}})

    inner = {"key": "b", "labels": {"y": "1", "z": "2"}}
    assert merged == {"key": "a", "labels": {"x": "1"}, "inner": inner}


@pytest.mark.parametrize(
    ("value", "has_labels", "bare"),
    [
        ({"name": "P", "cards": (card("a", labels={"x": "1"}),)}, True, {"name": "P", "cards": (card("a"),)}),
        ({"cards": (card("a", labels={}),)}, False, {"cards": (card("a"),)}),
        ({"name": "P", "cards": ("damaged",)}, False, {"name": "P", "cards": ("damaged",)}),
    ],
)
def test_a_view_without_its_hidden_labels_is_otherwise_the_same(value: Plain, has_labels: bool, bare: Plain) -> None:
    assert labels_inside(PLAN, value) == has_labels
    assert without_hidden(PLAN, value) == bare
