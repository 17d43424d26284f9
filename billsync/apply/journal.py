"""Evidence of what a run did, one JSON line an event. No run reads one; `undo` does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from billsync.apply.evidence import EmailMask
from billsync.apply.private_files import create_private_bytes, make_private_directory
from billsync.core.taking_back.journal_lines import sealed
from billsync.model.ports import Clock
from billsync.model.value import Plain, json_line_quickly, jsonable


class FileJournal:
    """A journal in a file of its own, made at the first event; each event is written before the next call.

    Only its user can read it, and no e-mail address stands in it. Each line has a seal, by which `undo` finds that one
    was changed or left out.
    """

    def __init__(self, directory: Path, *, clock: Clock, facts: Mapping[str, Plain]) -> None:
        self._directory = directory
        self._clock = clock
        self._facts = facts
        self._mask = EmailMask()
        self._file: BinaryIO | None = None
        self._seal = ""

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        """Append one event with its time. Raises OSError when the disk doesn't take it."""
        now = self._clock.now()
        if self._file is None:
            self._file = self._open(now)
            self._write(now, "run", self._facts)
        self._write(now, event, facts)

    def _open(self, now: datetime) -> BinaryIO:
        make_private_directory(self._directory)
        stem = now.strftime("%Y%m%dT%H%M%S.%fZ")
        for number in range(1000):
            try:
                return create_private_bytes(self._directory / f"{stem}-{number}.jsonl")
            except FileExistsError:
                continue
        raise FileExistsError(str(self._directory / stem))

    def _write(self, now: datetime, event: str, facts: Mapping[str, Plain]) -> None:
        assert self._file is not None
        text = self._mask.masked(json_line_quickly({"at": now.isoformat(), "event": event, **jsonable(facts)}))
        line, self._seal = sealed(text, self._seal)
        self._file.write(f"{line}\n".encode())
        self._file.flush()

    def __enter__(self) -> FileJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
