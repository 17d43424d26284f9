"""What was measured, as a table of text: per entity, against the floor, and how it grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log

from benchmarks.reconcile.least import least_reads
from benchmarks.reconcile.parts import Measured

HEADS = (
    "part", "customers", "CPU s", "µs/entity", "floor µs", "x floor", "wall s", "peak MiB", "KiB/customer",
    "requests", "least", "growth", "",
)  # fmt: skip
ONLY_DIFFERENCES = ("diff", "diff-1pc", "sync")


def table(found: Sequence[Measured]) -> str:
    """One line for each measurement, in columns."""
    rows = [HEADS, *(tuple(_cells(one, _smaller(one, found))) for one in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def floor_seconds(one: Measured) -> float | None:
    """CPU seconds of the floor: of the fastest client where it writes."""
    if not one.floor:
        return None
    if "parse" in one.floor:
        return sum(one.floor.values())
    return one.floor["pycurl parse"] + one.floor["pycurl create"]


def growth(one: Measured, smaller: Measured) -> float:
    """The exponent with which CPU grows from the smaller size: 1 is in step with the customers."""
    return log(one.used.cpu / smaller.used.cpu) / log(one.customers / smaller.customers)


def _smaller(one: Measured, found: Sequence[Measured]) -> Measured | None:
    """The same part with the next smaller number of customers."""
    same = [other for other in found if other.part == one.part and other.customers < one.customers]
    return max(same, key=lambda other: other.customers, default=None)


def _cells(one: Measured, smaller: Measured | None) -> Iterator[str]:
    used, floor = one.used, floor_seconds(one)
    yield one.part
    yield f"{one.customers:,}"
    yield f"{used.cpu:.2f}"
    yield f"{used.cpu / one.entities * 1e6:.1f}"
    yield "" if floor is None else f"{floor / one.entities * 1e6:.1f}"
    yield "" if floor is None else f"{used.cpu / floor:.2f}"
    yield f"{used.wall:.2f}"
    yield f"{used.peak / 1024:.0f}"
    yield f"{used.peak / one.customers:.1f}"
    yield f"{used.requests:,}" if one.asked else ""
    yield f"{least_reads(one.customers, one.asked):,}" if _reads_only(one) else ""
    yield "" if smaller is None else f"{growth(one, smaller):.2f}"
    yield _remark(one)


def _reads_only(one: Measured) -> bool:
    return bool(one.asked) and one.part in ONLY_DIFFERENCES


def _remark(one: Measured) -> str:
    used = one.used
    if used.status:
        return f"exit {used.status}" if used.status > 0 else "stopped at the limit"
    if one.part == "impact":
        return f"{used.cpu / one.customers * 1000:.2f} ms/subscription"
    if "httpx create" in one.floor:
        wall = used.wall / one.floor["pycurl wall"]
        cpu = used.cpu / (one.floor["httpx parse"] + one.floor["httpx create"])
        return f"wall {wall:.2f} x floor; CPU {cpu:.2f} x httpx's"
    return ""
