from typing import Any

import pytest

from billsync.model.malformed import Malformed, each, inside, parsed, parsed_rows, text, whole
from billsync.model.value import Fields


def size(row: Fields) -> list[int]:
    """The sizes of the items of a row's boxes, as a decoder of nested rows reads them."""
    return [number for found in each(row, "boxes", items) for number in found]


def items(box: Fields) -> tuple[int, ...]:
    return each(box, "items", lambda item: inside(item, "size", lambda size: whole(size, "value")))


def row(*values: Any) -> dict[str, Any]:
    return {"boxes": [{"items": []}, {"items": [{"size": {"value": value}} for value in values]}]}


def test_a_row_that_is_as_promised_is_decoded() -> None:
    assert parsed(size, row(1, 2)) == [1, 2]


@pytest.mark.parametrize(
    ("broken", "field", "said"),
    [
        (row(1, "many"), "boxes.1.items.1.size.value", "boxes.1.items.1.size.value is 'many'"),
        (row(True), "boxes.1.items.0.size.value", "boxes.1.items.0.size.value is True"),
        (row(None), "boxes.1.items.0.size.value", "boxes.1.items.0.size.value is missing"),
        ({"boxes": [{"items": [{}]}]}, "boxes.0.items.0.size", "boxes.0.items.0.size is missing"),
        ({"boxes": [[]]}, "boxes.0", "boxes.0 is a list"),
        ({"boxes": {}}, "boxes", "boxes has an unknown form"),
    ],
)
def test_the_field_at_fault_is_named_with_its_place(broken: Fields, field: str, said: str) -> None:
    found = parsed(size, broken)

    assert isinstance(found, Malformed)
    assert (found.field, found.text) == (field, said)


def test_of_several_rows_the_first_field_at_fault_is_named() -> None:
    assert parsed_rows(size, [row(1), row(2, 3)]) == ([1], [2, 3])
    assert parsed_rows(size, [row(1), row("many"), row(None)]) == Malformed("boxes.1.items.0.size.value", "many")


def test_a_mistake_of_a_decoder_is_raised() -> None:
    """Only faults of the row are values; a mistake of the decoder itself is raised."""

    def wrong(row: Fields) -> str:
        return text(row, "name") + row["no such"]

    with pytest.raises(KeyError):
        parsed(wrong, {"name": "acme"})
