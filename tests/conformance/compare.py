"""Compares a replayed body with a recorded one and says where they differ. It knows JSON, not HTTP."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.conformance.bindings import TIME, TOLERANCE, ULID, Bindings, Clockwork, instant

WORDING = frozenset({"detail", "reason", "message"})
CURSORS = frozenset({"next", "previous", "first", "last"})
ZONED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \+0000 UTC")
ZONED_MARK = "(time)"
ABSENT = object()
COINCIDENCE = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the replay isn't what was recorded."""

    place: str
    recorded: str
    replayed: str

    def __str__(self) -> str:
        return f"{self.place}: recorded {self.recorded}, replayed {self.replayed}"


@dataclass(slots=True)
class Comparison:
    """How to compare one answer: what is bound, which times are certain, which lists have no order."""

    bindings: Bindings
    clockwork: Clockwork = field(default_factory=Clockwork)
    unordered: frozenset[str] = frozenset()
    is_error: bool = False

    def differences(self, recorded: Any, replayed: Any, place: str = "$") -> Iterator[Difference]:
        """Every difference below one place, in reading order."""
        if isinstance(recorded, dict) and isinstance(replayed, dict):
            yield from self._objects(recorded, replayed, place)
        elif isinstance(recorded, list) and isinstance(replayed, list):
            yield from self._lists(recorded, replayed, place)
        elif isinstance(recorded, str) and isinstance(replayed, str):
            yield from self._texts(recorded, replayed, place)
        elif type(recorded) is not type(replayed) or recorded != replayed:
            yield difference(place, recorded, replayed)

    def _objects(self, recorded: dict[str, Any], replayed: dict[str, Any], place: str) -> Iterator[Difference]:
        for name in sorted(recorded.keys() | replayed.keys()):
            have, want = replayed.get(name, ABSENT), recorded.get(name, ABSENT)
            where = f"{place}.{name}"
            if name == "instance" and self.is_error:
                continue
            if have is ABSENT or want is ABSENT:
                yield difference(where, want, have)
            elif not self._only_presence_counts(name, want, have, recorded, place):
                yield from self.differences(want, have, where)

    def _only_presence_counts(self, name: str, want: Any, have: Any, holder: dict[str, Any], place: str) -> bool:
        """Wording, invoice numbers and cursors: two texts are enough."""
        if not (isinstance(want, str) and isinstance(have, str)):
            return False
        if name in CURSORS and place.endswith(".page"):
            self.bindings.cursors.setdefault(want, have)
            return True
        return name == "number" or is_wording(name, holder, is_error=self.is_error)

    def _lists(self, recorded: list[Any], replayed: list[Any], place: str) -> Iterator[Difference]:
        if place.rpartition(".")[2] in self.unordered:
            replayed = self._in_recorded_order(recorded, replayed, place)
        for index, (want, have) in enumerate(zip(recorded, replayed, strict=False)):
            yield from self.differences(want, have, f"{place}.{index}")
        if len(recorded) != len(replayed):
            yield Difference(place, f"{len(recorded)} members", f"{len(replayed)} members")

    def _in_recorded_order(self, recorded: list[Any], replayed: list[Any], place: str) -> list[Any]:
        """The replayed members, each beside the recorded one that it fits best."""
        left, ordered = list(replayed), []
        bindings = self.bindings.copy()
        for want in recorded[: len(replayed)]:
            trials = [self._trial(bindings, want, have, place) for have in left]
            best = min(range(len(left)), key=lambda index: trials[index][0])
            bindings = trials[best][1]
            ordered.append(left.pop(best))
        return ordered + left

    def _trial(self, bindings: Bindings, want: Any, have: Any, place: str) -> tuple[Any, Bindings]:
        """How badly two members fit, and what would be bound if they were taken for each other."""
        tried = Comparison(bindings.copy(), self.clockwork, self.unordered, self.is_error)
        count = sum(1 for _ in tried.differences(want, have, place))
        return (count, tried.bindings.slack), tried.bindings

    def _texts(self, recorded: str, replayed: str, place: str) -> Iterator[Difference]:
        if TIME.fullmatch(recorded):
            yield from self._times(recorded, replayed, place)
        elif not self._same_but_for_ids(recorded, replayed):
            yield difference(place, recorded, replayed)

    def _same_but_for_ids(self, recorded: str, replayed: str) -> bool:
        """Ids, and times with a zone, also stand inside longer texts (the field of a conflict)."""
        want, have = ZONED.sub(ZONED_MARK, recorded), ZONED.sub(ZONED_MARK, replayed)
        if ULID.split(want) != ULID.split(have):
            return False
        bound = [
            self.bindings.bind_id(old, new) for old, new in zip(ULID.findall(want), ULID.findall(have), strict=True)
        ]
        times = zip(ZONED.findall(recorded), ZONED.findall(replayed), strict=True)
        found = [self.differences(as_timestamp(old), as_timestamp(new)) for old, new in times]
        return all(bound) and not any(list(differences) for differences in found)

    def _times(self, recorded: str, replayed: str, place: str) -> Iterator[Difference]:
        """Sent times, and what follows from them, exactly; times that come from "now" within seconds.

        Equal texts never differ: what they are cut to, and what was sent at that microsecond, is no reason.
        """
        if recorded == replayed:
            self.bindings.times.setdefault(recorded, replayed)
            return
        want, have = instant(recorded), instant(replayed)
        assert want is not None, recorded
        clockwork = self.clockwork
        sent = clockwork.sent.get(want)
        if have is None or not replayed.endswith("Z"):
            yield difference(place, recorded, replayed)
        elif clockwork.is_older(want):
            self.bindings.times.setdefault(recorded, replayed)
        elif abs(want - have) > TOLERANCE:
            yield difference(place, recorded, replayed)
        elif sent is not None:
            # A replayed time was sent in a recorded one's place; two that coincided there may not here.
            if abs(sent - have) > (COINCIDENCE if sent != want else timedelta(0)):
                yield difference(place, recorded, replayed)
        elif clockwork.is_certain(want):
            yield difference(place, recorded, replayed)
        else:
            self.bindings.times.setdefault(recorded, replayed)
            self.bindings.slack += abs(want - have)


def is_wording(name: str, holder: dict[str, Any], *, is_error: bool) -> bool:
    """Whether a member is a sentence for people: in an error, or beside the code of a finding."""
    return name in WORDING and (is_error or (name == "message" and "code" in holder))


def as_timestamp(zoned: str) -> str:
    """A time with its zone, as it stands inside texts, in the form that members have."""
    day, time, *_ = zoned.split(" ")
    return f"{day}T{time}Z"


def difference(place: str, recorded: Any, replayed: Any) -> Difference:
    """A difference, with both values as short JSON."""
    return Difference(place, shown(recorded), shown(replayed))


def shown(value: Any) -> str:
    """A value as JSON of at most 200 characters."""
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 200 else text[:199] + "…"
