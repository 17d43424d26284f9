"""The gathering of a recovery snapshot, which is on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.live import gathering
from billsync.live.gathering import FirstReading, Gathering, Known, Reading

HALF = "\ud83d"
"""Half of a character, as JSON may have it."""


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Gathering:
    """A gathering of three customers, of which one row is in memory at a time."""
    monkeypatch.setattr(gathering, "AT_ONCE", 1)
    found = Gathering()
    for name, owner in (("b", "z"), (HALF, "y"), ("a", "z")):
        found.put("customer", Known(name, owner), name.encode(errors="replace"))
    return found


def test_contents_keep_the_order_in_which_they_came_first(found: Gathering) -> None:
    found.put("customer", Known("b", "x", mark=""), b"new")
    found.put("other", Known("b"), b"other")

    assert list(found.names("customer")) == ["b", HALF, "a"]
    assert list(found.all("customer")) == [b"new", b"?", b"a"]
    assert list(found.known("customer")) == [Known("b", "x", ""), Known(HALF, "y"), Known("a", "z")]


def test_contents_may_be_looked_through_by_what_they_belong_to(found: Gathering) -> None:
    assert list(found.by_owner("customer")) == [Known(HALF, "y"), Known("b", "z"), Known("a", "z")]
    assert found.owner("customer", HALF) == "y"


def test_a_reading_keeps_only_what_is_listed_and_alive(found: Gathering) -> None:
    reading = Reading(found)
    listing = reading.listing("customer")
    for name, is_live in (("a", True), ("b", False), ("c", True)):
        listing.append(name, is_live=is_live)

    reading.keep_only("customer", listing)

    assert list(found.names("customer")) == ["a"]
    assert reading.moved == {("customer", "b"): b"b", ("customer", HALF): b"?"}
    assert list(found.listed("customer")) == ["a", "c"]


def test_what_comes_in_the_first_reading_has_not_moved(found: Gathering) -> None:
    first, second = FirstReading(found), Reading(found)
    first.put("customer", Known("new"), b"1")
    second.put("customer", Known("new"), b"1")
    second.put("customer", Known("a"), b"2", steady=b"a")

    assert (first.moved, second.moved) == ({}, {})


def test_a_listing_finds_twins_and_is_cut() -> None:
    listing = Gathering().listing("customer")
    for name in ("a", "b", "a"):
        listing.append(name, is_live=True)

    assert listing.has_twins
    listing.cut(2)
    assert (len(listing), listing.at(1), listing.has_twins) == (2, "b", False)


def test_a_name_is_found_without_a_look_at_the_others() -> None:
    found = Gathering()
    listing = found.listing("customer")
    for number in range(500):
        listing.append(str(number), is_live=True)
        found.put("customer", Known(str(number), "owner"), b"content")
    steps: list[None] = []
    found._database.set_progress_handler(lambda: steps.append(None), 10)

    assert "499" in listing
    assert found.get("customer", "499") == b"content"
    assert listing.at(499) == "499"
    assert len(steps) < 50


def test_nothing_leads_to_the_file_and_a_disk_that_fails_is_an_oserror(tmp_path: Path) -> None:
    with Gathering.within(tmp_path) as found:
        for number in range(1000):
            found.put("customer", Known(str(number)), b"content" * 1000)
        assert list(tmp_path.iterdir()) == []
        assert found.get("customer", "7") == b"content" * 1000

    with pytest.raises(OSError, match="closed"):
        found.get("customer", "7")
    with pytest.raises(OSError, match="directory"):
        Gathering.within(tmp_path / "none")
