"""What a replay has learned: which replayed id, time and cursor stands for which recorded one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

ULID = re.compile(r"(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])")
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
DURATION_PARTS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
TOLERANCE = timedelta(seconds=5)


def instant(text: str) -> datetime | None:
    """The UTC time that a text is, cut to microseconds; None when it isn't one."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    seconds, fraction, zone = match.groups()
    micros = (fraction or "")[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{seconds}.{micros}{zone}").astimezone(UTC)


def duration(text: str) -> relativedelta | None:
    """The calendar length that an ISO 8601 text is; None when it isn't one, or is nothing."""
    match = DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    return relativedelta(**{n: int(v or 0) for n, v in zip(DURATION_PARTS, match.groups(), strict=True)})


def leads(start: datetime, length: relativedelta, time: datetime, tolerance: timedelta) -> bool:
    """Whether start + k x length, counted from the start as periods are, is the time."""
    about = start + length - start
    steps = round((time - start) / about) if about else 0
    return any(abs(start + length * k - time) <= tolerance for k in (steps - 1, steps, steps + 1))


def texts_in(value: Any) -> list[str]:
    """Every string below a JSON value."""
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for member in members for text in texts_in(member)]


@dataclass(slots=True)
class Bindings:
    """Grows during a replay: recorded id, time or cursor -> replayed one. `slack` adds up how far times were off."""

    ids: dict[str, str] = field(default_factory=dict)
    recorded_ids: dict[str, str] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    slack: timedelta = timedelta(0)

    def copy(self) -> "Bindings":
        """An independent copy, to try a match with."""
        return Bindings(dict(self.ids), dict(self.recorded_ids), dict(self.times), dict(self.cursors), self.slack)

    def bind_id(self, recorded: str, replayed: str) -> bool:
        """True when both ids can mean one thing; at first sight they do from then on."""
        known = self.ids.setdefault(recorded, replayed)
        return known == replayed and self.recorded_ids.setdefault(replayed, recorded) == recorded

    def replayed(self, value: Any) -> Any:
        """A recorded part of a request as it must be sent in the replay."""
        if isinstance(value, str):
            return self.replayed_text(value)
        if isinstance(value, dict):
            return {key: self.replayed(member) for key, member in value.items()}
        return [self.replayed(member) for member in value] if isinstance(value, list) else value

    def replayed_text(self, text: str) -> str:
        """A recorded text with the ids, or the time or cursor, that the server under test gave."""
        if text in self.cursors:
            return self.cursors[text]
        if text in self.times:
            return self.times[text]
        return ULID.sub(lambda match: self._known(match.group()), text)

    def _known(self, identifier: str) -> str:
        """The replayed id; one that no answer held before stands for itself."""
        self.bind_id(identifier, self.ids.get(identifier, identifier))
        return self.ids[identifier]


@dataclass(slots=True)
class Clockwork:
    """Which recorded times must be equal: those that requests sent, and what calendar arithmetic makes of them."""

    sent: dict[datetime, datetime] = field(default_factory=dict)
    moments: list[datetime] = field(default_factory=list)
    lengths: set[str] = field(default_factory=set)
    certain: set[datetime] = field(default_factory=set)

    def begin(self, at: str) -> None:
        """A request is about to be sent at this time of the recording."""
        moment = instant(at)
        assert moment is not None, f"an exchange without a time: {at!r}"
        self.moments.append(moment)

    def send(self, recorded: Any, replayed: Any) -> None:
        """Note the times and durations of a request, as recorded and as sent."""
        for old, new in zip(texts_in(recorded), texts_in(replayed), strict=True):
            then, now = instant(old), instant(new)
            if then is not None and now is not None:
                self.sent[then] = now
                if then == now and not self.from_now(then):
                    self.certain |= {then, then.replace(microsecond=0)}
            elif duration(old) is not None:
                self.lengths.add(old)

    def from_now(self, time: datetime) -> bool:
        """Whether a time can come from "now" and the durations that were sent."""
        return self._follows(time, self.moments, TOLERANCE)

    def is_older(self, time: datetime) -> bool:
        """Whether a time is of something that was there before the scenario began: nothing is known about it."""
        before = bool(self.moments) and time < self.moments[0] - TOLERANCE
        return before and time not in self.sent and not self.from_now(time) and not self.is_certain(time)

    def is_certain(self, time: datetime) -> bool:
        """Whether a time follows from sent ones by calendar arithmetic alone."""
        return self._follows(time, self.certain, timedelta(0))

    def _follows(self, time: datetime, starts: Iterable[datetime], tolerance: timedelta) -> bool:
        """Whether a whole number of one sent duration leads from one of the starts to the time."""
        lengths = [length for text in self.lengths if (length := duration(text)) is not None]
        return any(
            abs(start - time) <= tolerance or any(leads(start, length, time, tolerance) for length in lengths)
            for start in starts
        )
