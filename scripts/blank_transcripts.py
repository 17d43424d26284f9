"""Copies recorded exchanges with every text of an error blanked: `blank_transcripts.py RECORDINGS COPIES`."""

import json
import sys
from pathlib import Path
from typing import Any

TEXTS = frozenset({"detail", "reason", "message", "instance"})


def blank_folder(recordings: Path, copies: Path) -> None:
    """Writes one copy for each recording, under the same name."""
    for path in sorted(recordings.rglob("*.jsonl")):
        copy = copies / path.relative_to(recordings)
        copy.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines()
        copy.write_text("".join(f"{blanked_line(line)}\n" for line in lines), encoding="utf-8")


def blanked_line(line: str) -> str:
    """One line of a recording; only what a server answered is blanked, and only in errors and findings."""
    recorded = json.loads(line)
    response = recorded.get("response")
    if response is not None:
        response["body"] = blanked(response["body"], is_error=response["status"] >= 400)
    return json.dumps(recorded, ensure_ascii=False)


def blanked(value: Any, *, is_error: bool) -> Any:
    """A body with the sentences taken out; outside an error, a message is one only beside a code."""
    if isinstance(value, list):
        return [blanked(member, is_error=is_error) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "" if is_text(name, member, value, is_error) else blanked(member, is_error=is_error)
        for name, member in value.items()
    }


def is_text(name: str, member: Any, holder: dict[str, Any], is_error: bool) -> bool:
    """Whether a member is a sentence for people."""
    if not isinstance(member, str):
        return False
    return name in TEXTS if is_error else name == "message" and "code" in holder


if __name__ == "__main__":
    blank_folder(Path(sys.argv[1]), Path(sys.argv[2]))
