"""A drill as lines above its report, and as a part of its JSON."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """The number of requests of a restore, those that write among them, and the time of each.

    `is_given`: the time is a real server's, and not the embedded one's.
    """

    requests: int
    writes: int
    each: timedelta
    is_given: bool

    @property
    def whole(self) -> timedelta:
        """The time of all requests, one after another."""
        return self.requests * self.each


@dataclass(frozen=True, slots=True)
class Drilled:
    """The course of a drill. `renewed_at` is the time to which its clock was moved; None without subscriptions."""

    snapshot: str
    restored_at: datetime
    renewed_at: datetime | None
    pace: Pace

    @property
    def lines(self) -> tuple[str, ...]:
        """The course in sentences, and the time of a real restore."""
        restored = f"{self.restored_at:%Y-%m-%d %H:%M:%SZ}"
        moved = f"; then it was {self.renewed_at:%Y-%m-%d %H:%M:%SZ}, after each renewal" if self.renewed_at else ""
        return (
            f"Drill: {self.snapshot} was restored into an embedded server at {restored}{moved}.",
            _estimate(self.pace),
        )

    @property
    def parts(self) -> Any:
        """The course as a member of the JSON object."""
        pace = self.pace
        return {
            "drill": {
                "restored_at": moment_text(self.restored_at),
                "renewed_at": moment_text(self.renewed_at) if self.renewed_at else None,
                "requests": pace.requests,
                "writes": pace.writes,
                "milliseconds_each": pace.each // MILLISECOND,
                "seconds": _seconds(pace.whole),
            }
        }


def _estimate(pace: Pace) -> str:
    whose = "as given" if pace.is_given else "as here; give a real server's with --pace"
    each = max(pace.each // MILLISECOND, 1)
    counted = f"{pace.requests:,} requests, of which {pace.writes:,} write"
    return f"A restore is {counted}: {_span(pace.whole)} at {each} ms each ({whose})."


def _span(whole: timedelta) -> str:
    """A duration for people: `40 s`, `12 min`, `3 h 5 min`."""
    seconds = _seconds(whole)
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(-(-seconds // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _seconds(whole: timedelta) -> int:
    """Whole seconds, rounded up."""
    return -(-whole // timedelta(seconds=1))
