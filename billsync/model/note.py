"""A note on an answer: what it lacks, or where it is only approximately true."""

from __future__ import annotations

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """One note, as a sentence, with its diagnostic code, whose page `billsync explain` shows."""

    code: str
    text: str
