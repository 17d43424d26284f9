"""Random lives of a customer with credits: usage, grants, voids, ends and time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from hypothesis import strategies as st

from tests.support.events import send
from tests.support.prepaid import Account


class Hands(Protocol):
    """A clock that a life moves."""

    now: datetime

    def move(self, **parts: float) -> None: ...


HOURS = st.sampled_from((0, 1, 5, 24, 24 * 7, 24 * 29, 24 * 31))
AMOUNTS = st.sampled_from(("1", "7.5", "20", "100"))


@dataclass(frozen=True)
class Use:
    """Usage now, or some hours ago."""

    n: int
    late: int

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        time = (hands.now - timedelta(hours=self.late)).strftime("%Y-%m-%dT%H:%M:%SZ")
        send(found.server, str(number), data={"n": self.n}, time=time)


@dataclass(frozen=True)
class Give:
    """A grant, with or without an expiry, a feature, and a start to come."""

    amount: str
    priority: int
    days: int | None
    only_calls: bool
    waits: bool

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        more: dict[str, object] = {"priority": self.priority}
        if self.days is not None:
            more["expires_after"] = f"P{self.days}D"
        if self.only_calls:
            more["filters"] = {"features": ["calls"]}
        if self.waits:
            more["effective_at"] = (hands.now + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found.grant(self.amount, **more)


@dataclass(frozen=True)
class Void:
    """Takes back what is left of one of the grants, if anything is."""

    place: int

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        grants = found.server.get(f"{found.path}/credits/grants").json()["data"]
        if grants:
            found.void(grants[self.place % len(grants)]["id"])


@dataclass(frozen=True)
class Stop:
    """Ends the subscription, now or with its period, unless it has an end already."""

    timing: str

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        rows = found.server.get("/subscriptions").json()["data"]
        found.server.post(f"/subscriptions/{rows[0]['id']}/cancel", json={"timing": self.timing})


@dataclass(frozen=True)
class Wait:
    hours: int

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        hands.move(hours=self.hours, seconds=1)


Action = Callable[[Account, Hands, int], None]
GRANTS = st.builds(
    Give, AMOUNTS, st.integers(1, 3), st.sampled_from((None, 10, 40)), st.booleans(), st.sampled_from((False, True))
)
USES = st.builds(Use, st.integers(1, 30), st.sampled_from((0, 0, 2, 48)))
VOIDS = st.builds(Void, st.integers(0, 5))
WAITS = st.builds(Wait, HOURS)
STOPS = st.builds(Stop, st.sampled_from(("immediate", "next_billing_cycle")))
STEADY = st.lists(st.one_of(USES, USES, GRANTS, VOIDS, WAITS), max_size=14)
LIVES = st.lists(st.one_of(USES, USES, GRANTS, VOIDS, WAITS, STOPS), max_size=14)
