#!/usr/bin/env python3
"""Writes what a pull request shows into examples/gitops/pull-request: the comment, and the page in HTML.

A server in this process has what the example declares for production, and a month of usage; then the change of the
pull request is compared with it. The clock stands still, so that the same files come out each time.

Usage: generate_gitops_example.py [DIRECTORY]
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from billsync.cli.main import run  # noqa: E402
from billsync.cli.terminal.surroundings import Surroundings  # noqa: E402
from billsync.local import create_app  # noqa: E402

EXAMPLE = ROOT / "examples" / "gitops"
USAGE = ROOT / "examples" / "price-change" / "usage.jsonl"
CHANGE = EXAMPLE / "pull-request" / "change.diff"
FILES = ("billing", "--overlay", "environments/production.yaml", "--server", "local:production.db")
SHOWN = ("--impact=all", "--allow=dearer-plan", "--expires=7d", "--comment-id", "production")
OUT = ("--out", "markdown=comment.md", "--out", "html=page.html", "--out", "plan=plan.json")
ENVIRONMENT = {"FLEETWISE_EMAIL": "billing@fleetwise.example"}


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    time: datetime = datetime(2026, 9, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it shows."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.time += timedelta(seconds=seconds)


def made() -> Mapping[str, str]:
    """The text of each file, by name."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name in ("billing", "environments"):
            shutil.copytree(EXAMPLE / name, name)
        _run(clock, "sync", *FILES, "--yes")
        clock.sleep(10 * 86400)
        _use(clock)
        clock.sleep(30 * 86400)
        catalog = Path("billing", "catalog.yaml")
        catalog.write_text(_changed(catalog.read_text(encoding="utf-8")), encoding="utf-8")
        _run(clock, "diff", *FILES, *SHOWN, *OUT)
        return {name: Path(name).read_text(encoding="utf-8") for name in ("comment.md", "page.html")}


def _changed(catalog: str) -> str:
    """The catalog as the pull request has it."""
    lines = CHANGE.read_text(encoding="utf-8").splitlines()[3:]
    before, after = ("\n".join(line[1:] for line in lines if line[0] in marks) for marks in (" -", " +"))
    assert before in catalog
    return catalog.replace(before, after)


def _run(clock: Clock, *arguments: str) -> None:
    streams = (io.StringIO(), io.StringIO(), io.StringIO())
    code = run(arguments, Surroundings(*streams, ENVIRONMENT, clock, is_terminal=False))
    if code:
        raise SystemExit(f"billsync {' '.join(arguments)}: {code}\n{streams[1].getvalue()}{streams[2].getvalue()}")


def _use(clock: Clock) -> None:
    """The customers' usage, sent to the server."""
    app = create_app("production.db", clock=clock.now)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3") as http:
        for line in USAGE.read_text(encoding="utf-8").splitlines():
            http.post("/openmeter/events", json=json.loads(line)).raise_for_status()
    app.close()


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE / "pull-request"
    for name, text in made().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
