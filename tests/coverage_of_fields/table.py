"""The committed tables: which mutations are refused, with which code, and which few are rightly silent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
ARROW = " → "


def refusals() -> Mapping[str, str]:
    """Case -> code. The file has one a line: base, place, operation, and the code after an arrow."""
    parts = (line.partition(ARROW) for line in _lines(HERE / "refusals.txt"))
    return {name: code for name, _, code in parts}


def silences() -> Mapping[re.Pattern[str], str]:
    """Cases in which a mutation means the same as what is live, as patterns with a reason; `*` is any text."""
    pairs = (line.split(ARROW) for line in _lines(HERE / "silences.txt"))
    return {_pattern(name): reason for name, reason in pairs}


def _lines(path: Path) -> list[str]:
    text = path.read_text() if path.exists() else ""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))
