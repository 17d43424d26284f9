"""The walk over shapes: every part is met once, in order, and what doesn't fit is left as it is."""

from __future__ import annotations

from billsync.model.shape import Field, Lazy, ListOf, MapOf, Number, Record, Shape, Text, Variant
from billsync.model.walk import Walk, shapes_in, visit

PAINT = Record({"color": Field(Text(), "A color.")})
BOX: Shape = Record(
    {
        "name": Field(Text(), "A name."),
        "sizes": Field(ListOf(Number()), "Sizes."),
        "rooms": Field(MapOf(Text()), "By room."),
        "finish": Field(Variant("type", {"paint": PAINT}), "A finish."),
        "boxes": Field(ListOf(Lazy("box", lambda: BOX)), "Boxes inside."),
        "secret": Field(Text(), "Can't be declared.", refused="the server drops it"),
    }
)
FIELDS = {
    "name": "a",
    "sizes": ["1"],
    "rooms": {"hall": "b"},
    "finish": {"type": "paint", "color": "c"},
    "boxes": [{"name": "d"}],
    "secret": "e",
    "other": "f",
}


def louder(_: Text, value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def test_a_rule_reaches_every_part_that_can_be_declared() -> None:
    """A rule reaches every part of a value except unknown parts and those that can't be declared."""
    assert Walk({Text: louder})(BOX, FIELDS) == {
        "name": "A",
        "sizes": ("1",),
        "rooms": {"hall": "B"},
        "finish": {"type": "paint", "color": "C"},
        "boxes": ({"name": "D"},),
        "secret": "e",
        "other": "f",
    }


def test_a_record_is_seen_before_its_fields_and_after_them() -> None:
    def opened(_: Record, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    def named(_: Record, value: object) -> object:
        return value["name"] if isinstance(value, dict) else value

    changed = Walk({Record: named, Text: louder}, {Record: opened})(ListOf(BOX), ["a", {"name": "b"}])

    assert changed == ("A", "B")


def test_values_of_another_type_are_handed_to_the_rules_as_they_are() -> None:
    wrong = {"name": 5, "sizes": "x", "rooms": ["c"], "finish": {"type": ["paint"]}, "boxes": {"name": "d"}}

    assert Walk({Text: louder})(BOX, wrong) == wrong


def test_every_part_has_its_path() -> None:
    paths = [path for path, _, _ in visit(BOX, FIELDS)]

    assert paths == [
        (),
        ("name",),
        ("sizes",),
        ("sizes", 0),
        ("rooms",),
        ("rooms", "hall"),
        ("finish",),
        ("finish",),
        ("finish", "color"),
        ("boxes",),
        ("boxes", 0),
        ("boxes", 0, "name"),
    ]


def test_a_shape_that_contains_itself_is_entered_once() -> None:
    inside = list(shapes_in(BOX))

    assert inside.count(PAINT) == 2
    assert sum(isinstance(shape, Record) for shape in inside) == 4
