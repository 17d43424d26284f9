"""Recorded scenarios as values: one file is one scenario, one line is one exchange. Reads files; sends nothing."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDED = REPOSITORY.parent / "shared" / "transcripts"
COPIES = Path(__file__).parent / "transcripts"


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent; `content_type` is None where the recorder sent what the body's type implies."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    has_body: bool
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Response:
    """What was answered; a body that isn't there is None."""

    status: int
    content_type: str
    body: Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, at the server's time `at`."""

    number: int
    at: str
    request: Request
    response: Response
    eventually: bool
    unordered: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One recording, named by its path below its folder without the suffix."""

    name: str
    path: Path

    def exchanges(self) -> Iterator[Exchange]:
        """The exchanges in order; the first line of the file only describes them."""
        for line in self.path.read_text(encoding="utf-8").splitlines()[1:]:
            yield exchange_from(json.loads(line))


def exchange_from(recorded: Mapping[str, Any]) -> Exchange:
    """One line of a recording as a value."""
    request, response = recorded["request"], recorded["response"]
    return Exchange(
        number=recorded["n"],
        at=recorded["at"],
        request=Request(
            method=request["method"],
            path=request["path"],
            query=request.get("query", {}),
            body=request.get("body"),
            has_body="body" in request,
            content_type=request.get("content_type"),
        ),
        response=Response(response["status"], response["content_type"], response["body"]),
        eventually=bool(recorded.get("eventually")),
        unordered=frozenset(recorded.get("unordered", ())),
    )


def scenarios_in(folder: Path) -> tuple[Scenario, ...]:
    """Every scenario below a folder, by name."""
    found = (Scenario(p.relative_to(folder).with_suffix("").as_posix(), p) for p in folder.rglob("*.jsonl"))
    return tuple(sorted(found, key=lambda scenario: scenario.name))


def chosen_folder() -> Path:
    """BILLSYNC_TRANSCRIPTS when it is set, else the recordings where they are, else the committed copies."""
    named = os.environ.get("BILLSYNC_TRANSCRIPTS")
    if named:
        return Path(named)
    return RECORDED if RECORDED.is_dir() else COPIES
