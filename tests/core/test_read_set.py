"""Reads by key ask for each declared key once, within the limits of the server's list filters."""

from __future__ import annotations

from billsync.api.routes import routes
from billsync.core.changes.read_set import FEW, LIST_FILTER_BYTES, LIST_FILTER_ITEMS, first_reads
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, Read

TABLES = routes("openmeter")
HERE = Position("a.yaml", 1, 1)


def reads(*keys: str) -> list[Read]:
    """The reads of customers by their keys."""
    entities = tuple(Entity(Address("customer", (key,)), {"key": key, "name": "N"}, HERE) for key in keys)
    return [read for read in first_reads(Desired("payments", entities), KINDS, TABLES, deletes=False) if read.query]


def asked(found: list[Read]) -> list[tuple[str, str]]:
    return [pair for read in found for pair in read.query if pair[0].startswith("filter[key]")]


def test_customers_are_asked_for_together() -> None:
    assert asked(reads("b", "a")) == [("filter[key][oeq]", "a,b")]


def test_a_key_that_a_list_filter_would_change_is_asked_for_alone() -> None:
    """A list filter splits at commas and trims, so such a key has a read of its own, by equality."""
    assert asked(reads("b", "a,c", " d", "a")) == [
        ("filter[key][oeq]", "a,b"),
        ("filter[key][eq]", " d"),
        ("filter[key][eq]", "a,c"),
    ]


def test_no_filter_has_more_members_than_the_server_takes() -> None:
    keys = [f"k{number:03}" for number in range(LIST_FILTER_ITEMS * 2 + 1)]

    found = [value.split(",") for _, value in asked(reads(*keys))]

    assert [len(members) for members in found] == [LIST_FILTER_ITEMS, LIST_FILTER_ITEMS, 1]
    assert [key for members in found for key in members] == keys


def test_no_filter_is_longer_than_the_server_takes() -> None:
    """The length is in bytes: a letter outside of ASCII counts more than once."""
    keys = [f"é{number}-{'ü' * 100}" for number in range(9)]

    found = [value for _, value in asked(reads(*keys))]

    assert [key for value in found for key in value.split(",")] == keys
    assert [value.count(",") + 1 for value in found] == [4, 4, 1]
    assert all(len(value.encode()) <= LIST_FILTER_BYTES for value in found)


def test_many_customers_are_read_as_a_whole_list() -> None:
    entities = tuple(Entity(Address("customer", (f"k{n}",)), {"key": f"k{n}"}, HERE) for n in range(FEW + 1))

    found = first_reads(Desired("payments", entities), KINDS, TABLES, deletes=False)

    assert Read("customer") in found
    assert [read for read in found if read.kind == "customer" and read.query] == []
