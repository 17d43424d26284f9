"""The server's time goes forward, but for a step back that is meant."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from billsync.local.server.clock import ServerTime
from billsync.local.store.store import Store
from tests.local.conftest import START, Hands


@pytest.fixture
def time(hands: Hands) -> Iterator[ServerTime]:
    store = Store(":memory:")
    with store.transaction():
        yield ServerTime(store, hands)


def test_a_clock_that_stands_still_gives_one_time(time: ServerTime) -> None:
    assert [time.now(), time.now()] == [START, START]


def test_a_clock_set_a_little_back_does_not_turn_the_time_back(time: ServerTime, hands: Hands) -> None:
    """A clock that is set to shortly before the last request doesn't turn the time back."""
    hands.move(seconds=1)
    before = time.now()

    time.set(START + timedelta(seconds=0.5))
    after = [time.now(), time.now()]
    hands.move(seconds=2)

    assert after == [before + timedelta(microseconds=1), before + timedelta(microseconds=2)]
    assert time.now() == START + timedelta(seconds=2.5)


def test_a_clock_can_be_set_back_on_purpose(time: ServerTime) -> None:
    time.now()

    time.set(START - timedelta(days=1))

    assert time.now() == START - timedelta(days=1)
