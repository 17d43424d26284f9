"""Attached entities: their quantities over time, as their rows show them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.api.routes import routes
from billsync.core.observed.attached import Attached, Quantities, decoded, fact_of, member_in
from billsync.model.address import Address
from billsync.model.malformed import Malformed

ATTACHMENTS = routes("openmeter")["subscription"].attachments
assert ATTACHMENTS is not None
BLOCKS = Address("addon", ("a/b c",), 3)


def day(number: int) -> datetime:
    return datetime(2026, 9, number, tzinfo=UTC)


def segment(start: int, quantity: int, end: int | None = None) -> dict[str, Any]:
    ends = {} if end is None else {"active_to": day(end).isoformat()}
    return {"active_from": day(start).isoformat(), **ends, "quantity": quantity}


def row(*segments: dict[str, Any], quantity: int = 0, at: int = 10) -> dict[str, Any]:
    return {
        "id": "R1",
        "addon": {"id": "A1"},
        "labels": {"team": "x", "openmeter_y": "z"},
        "quantity": quantity,
        "quantity_at": day(at).isoformat(),
        "timeline": list(segments),
    }


def one(shown: dict[str, Any]) -> Attached:
    assert ATTACHMENTS is not None
    found = decoded([shown], ATTACHMENTS)
    assert not isinstance(found, Malformed)
    return found[0]


def test_a_row_shows_what_there_is_and_what_there_will_be() -> None:
    found = one(row(segment(1, 2, 20), segment(20, 3), quantity=2))

    assert found.quantities == Quantities(2, ((day(20), 3),))
    assert (found.of, found.labels) == ("A1", {"team": "x"})


@pytest.mark.parametrize(
    ("quantities", "text", "last"),
    [
        (Quantities(), "0", 0),
        (Quantities(2), "2", 2),
        (Quantities(2, ((day(20), 3),)), "2, then 3", 3),
        (Quantities(2, ((day(20), 2),)), "2", 2),
        (Quantities(2, ((day(20), 3), (day(21), 3), (day(22), 0))), "2, then 3, then 0", 0),
    ],
)
def test_quantities_are_told_without_moments_at_which_nothing_changes(
    quantities: Quantities, text: str, last: int
) -> None:
    assert (quantities.text, quantities.last) == (text, last)


def test_a_segment_without_a_length_is_none() -> None:
    found = one(row(segment(1, 2, 20), segment(20, 4, 20), segment(20, 3), quantity=2))

    assert found.quantities.text == "2, then 3"


def test_past_segments_and_the_present_one_are_not_ahead() -> None:
    found = one(row(segment(1, 5, 4), segment(4, 2), quantity=2))

    assert found.quantities == Quantities(2)


def test_a_quantity_that_is_set_at_once_keeps_what_is_scheduled() -> None:
    assert Quantities(2, ((day(20), 3),)).set_at_once(5) == Quantities(5, ((day(20), 3),))


def test_a_quantity_set_for_a_moment_takes_the_place_of_another_one() -> None:
    have = Quantities(2, ((day(20), 3), (day(25), 4)))

    assert have.set_at(day(20), 2) == Quantities(2, ((day(20), 2), (day(25), 4)))
    assert have.set_at(day(22), 7) == Quantities(2, ((day(20), 3), (day(22), 7), (day(25), 4)))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"quantity": "2"}, "quantity"),
        ({"quantity_at": None}, "quantity_at"),
        ({"quantity_at": "today"}, "quantity_at"),
        ({"addon": {}}, "addon.id"),
        ({"timeline": [{"active_from": "2026-09-01T00:00:00Z"}]}, "timeline.0.quantity"),
    ],
)
def test_a_row_that_is_not_as_promised_is_named_by_its_field(wrong: dict[str, Any], field: str) -> None:
    assert ATTACHMENTS is not None

    found = decoded([{**row(segment(1, 2), quantity=2), **wrong}], ATTACHMENTS)

    assert isinstance(found, Malformed)
    assert found.field == field


def test_a_fact_names_the_entity_that_it_is_about() -> None:
    assert ATTACHMENTS is not None

    assert member_in(ATTACHMENTS, fact_of(ATTACHMENTS, BLOCKS)) == BLOCKS
    assert member_in(ATTACHMENTS, "active_from") is None
    assert member_in(None, fact_of(ATTACHMENTS, BLOCKS)) is None
