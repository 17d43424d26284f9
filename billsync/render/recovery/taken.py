"""A recovery snapshot that was taken, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from billsync.kinds.registry import KINDS
from billsync.model.moment import cut_to_seconds, moment_text
from billsync.model.note import Note
from billsync.model.recovery import Header
from billsync.report.recovery.losses.accounting import REFUSED

MOST = 20
"""The largest number of notes of a sort: the file has all that moved."""


def taken_notes(header: Header, unexplained: Sequence[str], without_due: int = 0) -> Iterator[Note]:
    """Notes on what moved while it was taken, on credit that can't be explained, and on the number of subscriptions of
    which the next charge isn't in it."""
    yield from (Note("snapshot-moved", text) for text in _some(header.moved))
    yield from (Note("snapshot-credit", text) for text in _some(unexplained))
    if without_due:
        number = "1 subscription" if without_due == 1 else f"{without_due:,} subscriptions"
        yield Note("snapshot-due", f"the next charge of {number} isn't in it: the server doesn't show what they pay")


def _some(texts: Sequence[str]) -> Iterator[str]:
    yield from texts[:MOST]
    if len(texts) > MOST:
        yield f"and {len(texts) - MOST:,} more"


def taken_text(header: Header, counts: Mapping[str, int]) -> str:
    """The number of its rows, as the loss report of a restore counts them, and when it was taken. `counts` are rows by
    kind, or by the name of a list."""
    times = " to ".join(moment_text(cut_to_seconds(moment)) for moment in (header.taken_at, header.finished_at))
    shown = [f"{_sort(name)} {count:,}" for name, count in counts.items() if count]
    number = sum(counts.values())
    content = f"{number:,} {'row' if number == 1 else 'rows'}: {', '.join(shown)}" if shown else "nothing"
    steady = "; nothing moved meanwhile" if not header.moved else ""
    return f"Taken from {header.target}, {times}{steady}.\nIn it: {content}.\n"


def _sort(name: str) -> str:
    if name == REFUSED:
        return "refused list"
    return KINDS[name].title if name in KINDS else name
