"""A local server for each test, on a clock that the test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from billsync.local import create_app

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
BASE = "http://local/api/v3/openmeter"


@dataclass
class Hands:
    """A clock that stands still until it is moved."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **parts: float) -> None:
        self.now += timedelta(**parts)


Serve = Callable[..., httpx.Client]


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def serve(hands: Hands) -> Serve:
    """Opens a server over a database; `seed` makes its ids repeatable."""

    def start(database: str | Path = ":memory:", *, seed: int = 1, **options: bool) -> httpx.Client:
        app = create_app(database, clock=hands, randomness=Random(seed).randbytes, **options)
        return httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE)

    return start


@pytest.fixture
def server(serve: Serve) -> httpx.Client:
    return serve()
