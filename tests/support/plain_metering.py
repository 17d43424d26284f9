"""Usage added up the plain way, event by event: what the server's sums are compared with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billsync.rating.arithmetic import divided, total


@dataclass(frozen=True, slots=True)
class PlainReading:
    """A meter's value of one event: when it happened, and in which order it came."""

    time: datetime
    seq: int
    value: Decimal | str


def aggregated(aggregation: str, readings: Sequence[PlainReading]) -> Decimal | None:
    """The aggregate of the readings; None without any."""
    return AGGREGATIONS[aggregation](readings) if readings else None


def _numbers(readings: Sequence[PlainReading]) -> list[Decimal]:
    return [Decimal(reading.value) for reading in readings]


def _latest(readings: Sequence[PlainReading]) -> Decimal:
    return Decimal(max(readings, key=lambda reading: (reading.time, reading.seq)).value)


AGGREGATIONS: Mapping[str, Callable[[Sequence[PlainReading]], Decimal]] = {
    "sum": lambda readings: total(_numbers(readings)),
    "count": lambda readings: Decimal(len(readings)),
    "unique_count": lambda readings: Decimal(len({reading.value for reading in readings})),
    "avg": lambda readings: divided(total(_numbers(readings)), Decimal(len(readings))),
    "min": lambda readings: min(_numbers(readings)),
    "max": lambda readings: max(_numbers(readings)),
    "latest": _latest,
}
