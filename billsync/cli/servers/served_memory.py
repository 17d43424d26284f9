"""Facts of servers' own OpenAPI documents, kept in the state directory for a day. Deleting them is always safe."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from billsync.api.served import Served
from billsync.apply.private_files import create_private, make_private_directory
from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text, parse_moment
from billsync.model.ports import Clock
from billsync.model.value import Plain

FORMAT = "billsync served 1"
LASTS = timedelta(days=1)
LARGEST = 2**20
"""Bytes of a kept file that are read; that of August 2026 has some thirty thousand."""


@dataclass(frozen=True, slots=True)
class ServedFiles:
    """Implements `ServedMemory` with one file for each target. A file that isn't as it was written is ignored."""

    folder: Path
    clock: Clock
    is_fresh_wanted: bool = False

    def recall(self, target: str) -> Served | None:
        """The statement of a server from the last day; None if that isn't known, or was to be asked anew."""
        if self.is_fresh_wanted:
            return None
        try:
            with self._path(target).open("rb") as stream:
                kept = json.loads(stream.read(LARGEST))
        except (OSError, ValueError, RecursionError):
            return None
        return self._checked(kept, target)

    def keep(self, target: str, served: Served) -> None:
        """Remember what a server says, if the directory can be written."""
        path = self._path(target)
        facts = {
            "format": FORMAT,
            "target": target,
            "read_at": moment_text(self.clock.now()),
            "operations": {name: sorted(fields) for name, fields in sorted(served.operations.items())},
        }
        new = path.with_suffix(f".{os.getpid()}.new")
        with suppress(OSError):
            make_private_directory(path.parent)
            new.unlink(missing_ok=True)
            with create_private(new) as stream:
                json.dump(facts, stream)
            new.replace(path)

    def _path(self, target: str) -> Path:
        return self.folder / f"{sha256(target.encode()).hexdigest()[:32]}.json"

    def _checked(self, kept: Plain, target: str) -> Served | None:
        if not isinstance(kept, Mapping) or (kept.get("format"), kept.get("target")) != (FORMAT, target):
            return None
        read_at = parse_moment(str(kept.get("read_at")))
        if read_at is None or not timedelta(0) <= self.clock.now() - read_at < LASTS:
            return None
        operations = kept.get("operations")
        if not isinstance(operations, Mapping) or not all(map(_are_names, operations.values())):
            return None
        return Served({name: frozenset(fields) for name, fields in operations.items()}) if operations else None


def _are_names(fields: Plain) -> bool:
    return isinstance(fields, list) and all(isinstance(field, str) for field in fields)
