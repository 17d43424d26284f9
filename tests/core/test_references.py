"""References between declared entities: what leads nowhere, what is claimed twice, what doesn't fit."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.core.declared.references import Referred, check, finder
from billsync.core.declared.suggest import Suggester
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.globs import Patterns
from billsync.model.kind import Archetype, Find, Kind, Parent, Problem, Registry
from billsync.model.shape import Field, Lazy, ListOf, MapOf, Record, Reference, Shape, Text, Variant
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields

CONDITION: Shape = Record(
    {
        "color": Field(Reference("color"), "A color."),
        "any": Field(ListOf(Lazy("condition", lambda: CONDITION)), "Alternatives."),
    }
)

SHELF = Record(
    {
        "key": Field(Text(), "The key."),
        "color": Field(Record({"key": Field(Reference("color"), "Its color.")}, short="key"), "A color."),
        "boxes": Field(ListOf(Record({"color": Field(Reference("color"), "Its color.")})), "Boxes."),
        "by_room": Field(MapOf(Reference("color")), "Colors by room."),
        "finish": Field(
            Variant("type", {"raw": Record({}), "paint": Record({"color": Field(Reference("color"), "A color.")})}),
            "The finish.",
        ),
        "only": Field(CONDITION, "A condition."),
        "tags": Field(ListOf(Text()), "Names that no other shelf has."),
    }
)


def no_red_on_wood(address: Address, fields: Fields, find: Find) -> Iterable[Problem]:
    color = find("color", str(fields.get("color")))
    if color and color.get("tone") == "red":
        yield Problem(("color",), "refused-field", f'"{address.key}" would be red')


def kind(name: str, record: Record, parent: Parent | None = None) -> Kind:
    return Kind(name, f"{name}s", Archetype.RECORD, record, "A thing.", {}, parent=parent)


COLOR = kind("color", Record({"key": Field(Text(), "The key."), "tone": Field(Text(), "The tone.")}))
BOOK = kind("book", Record({"key": Field(Text(), "The key.")}), Parent("shelf", many="books"))


def registry() -> Registry:
    shelf = Kind(
        "shelf",
        "shelves",
        Archetype.RECORD,
        SHELF,
        "A shelf.",
        {},
        claims=lambda fields: tuple(fields.get("tags", ())),
        cross=(no_red_on_wood,),
    )
    return {"color": COLOR, "shelf": shelf, "book": BOOK}


def entity(kind_name: str, *names: str, line: int = 1, **fields: object) -> Entity:
    place = Position("f.yaml", line, 1)
    return Entity(Address(kind_name, names), {"key": names[-1], **fields}, place)


def references_in(shape: Shape, fields: Fields) -> tuple[Referred, ...]:
    search = finder(shape)
    assert search is not None
    return tuple(search(fields, ()))


def test_references_are_found_wherever_a_shape_has_them() -> None:
    fields = {
        "color": "a",
        "boxes": [{"color": "b"}, {}],
        "by_room": {"hall": "c"},
        "finish": {"type": "paint", "color": "d"},
        "only": {"any": [{"color": "e"}, {"any": [{"color": "f"}]}]},
    }

    found = references_in(SHELF, fields)

    assert found == (
        Referred(("color",), "color", "a"),
        Referred(("boxes", 0, "color"), "color", "b"),
        Referred(("by_room", "hall"), "color", "c"),
        Referred(("finish", "color"), "color", "d"),
        Referred(("only", "any", 0, "color"), "color", "e"),
        Referred(("only", "any", 1, "any", 0, "color"), "color", "f"),
    )


def test_values_of_a_wrong_type_hold_no_reference() -> None:
    fields = {
        "color": {"key": 5},
        "boxes": "x",
        "by_room": ["c"],
        "finish": {"type": ["paint"], "color": "d"},
        "only": None,
    }

    found = references_in(SHELF, fields)

    assert found == ()


def test_an_unknown_key_is_an_error_that_suggests_the_nearest() -> None:
    """A reference to an unknown key is an error that suggests the nearest key, with its place."""
    desired = Desired(entities=(entity("color", "green", line=3), entity("shelf", "hall", line=7, color="gren")))

    found = check(desired, registry())

    assert found == (
        Diagnostic(
            "unknown-reference",
            "nothing has this key",
            'shelf "hall" refers to color "gren", which is neither in these files nor in `external`.',
            'Did you mean "green" (f.yaml:3)?',
            Position("f.yaml", 7, 1),
        ),
    )


def test_external_keys_and_globs_are_known() -> None:
    external = Patterns({"color": ("blue", "ral_*")})
    shelf = entity("shelf", "hall", color="blue", boxes=[{"color": "ral_9010"}])

    found = check(Desired(entities=(shelf,), external=external), registry())

    assert found == ()


def test_an_entity_whose_parent_is_nowhere_is_an_error() -> None:
    desired = Desired(entities=(entity("shelf", "hall"), entity("book", "hall", "a"), entity("book", "hal", "b")))

    found = check(desired, registry())

    assert [diagnostic.detail for diagnostic in found] == [
        'book "b" refers to shelf "hal", which is neither in these files nor in `external`.'
    ]


def test_a_kind_may_look_at_what_it_refers_to() -> None:
    desired = Desired(entities=(entity("color", "fire", tone="red"), entity("shelf", "hall", line=2, color="fire")))

    found = check(desired, registry())

    assert found == (
        Diagnostic("refused-field", "this can't be declared", '"hall" would be red.', "", Position("f.yaml", 2, 1)),
    )


def test_a_name_that_two_entities_claim_is_an_error_that_names_both() -> None:
    place = Position("f.yaml", 9, 5)
    second = Entity(Address("shelf", ("b",)), {"tags": ["x", "y"]}, Position("f.yaml", 8, 1), {("tags", 1): place})

    found = check(Desired(entities=(entity("shelf", "a", line=4, tags=["y", "y"]), second)), registry())

    assert found == (
        Diagnostic(
            "claimed-twice",
            "two entities claim the same name",
            'shelf "b" and shelf "a" (f.yaml:4) both claim "y", which only one can have.',
            "Remove it from one of them.",
            place,
        ),
    )


def test_the_same_typo_in_many_places_is_suggested_for_everywhere() -> None:
    shelves = tuple(entity("shelf", f"s{n}", color="gren") for n in range(500))

    found = check(Desired(entities=(entity("color", "green"), *shelves)), registry())

    assert [diagnostic.hint for diagnostic in found] == ['Did you mean "green" (f.yaml:1)?'] * 500


def test_suggestions_stop_when_there_is_too_much_to_compare() -> None:
    suggester = Suggester(comparisons=5)

    found = [suggester.closest("color", word, ("green", "blue")) for word in ("gren", "gren", "bleu", "grean")]

    assert found == ["green", "green", "blue", None]


def test_a_word_that_is_too_long_for_a_slip_has_no_suggestion() -> None:
    assert Suggester().closest("color", "green" * 20, ("green" * 20 + "s",)) == "green" * 20 + "s"
    assert Suggester().closest("color", "green" * 20 + "n", ("green" * 20,)) is None


def test_a_text_that_names_an_entity_must_lead_somewhere_too() -> None:
    paint = Kind(
        "paint",
        "paints",
        Archetype.RECORD,
        Record({"key": Field(Text(), "The key."), "tint": Field(Text(), "A color or a number.")}),
        "Paint.",
        {},
        mentions=lambda fields: [(("tint",), "color", fields["tint"])] if len(fields["tint"]) > 3 else [],
    )
    place = Position("a.yaml", 1, 1)
    entities = tuple(
        Entity(Address("paint", (key,)), {"key": key, "tint": tint}, place)
        for key, tint in (("one", "mauve"), ("two", "123"), ("three", "rose"))
    )

    found = check(Desired(None, entities, Patterns({"color": ("rose",)})), {"color": COLOR, "paint": paint})

    assert [(diagnostic.code, diagnostic.detail) for diagnostic in found] == [
        (
            "unknown-reference",
            'paint "one" refers to color "mauve", which is neither in these files nor in `external`.',
        )
    ]
