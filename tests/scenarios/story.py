"""A scenario: files, commands, what they say, and what is live then. Every one ends with "again: no changes"."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from billsync.cli.main import run
from billsync.cli.terminal.surroundings import Surroundings, SystemClock
from tests.scenarios.server import Server, departures

FOLDER = Path(__file__).parent
PLACEHOLDER = "RUN"
QUIET = "done"
COMPENSATION = re.compile("restore:[0-9a-f]+")
"""The key of a grant for a fee that a restore would bill again: a digest."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command came to: its exit code, the outline of what it said, and the reasons it gave."""

    code: int
    outline: list[str]
    reasons: list[str]
    total: int


@dataclass(slots=True)
class Stage:
    """Where a scenario runs: a server, an empty folder, and the prefix of all its keys."""

    server: Server
    folder: Path
    prefix: str
    environment: Mapping[str, str]
    patch: pytest.MonkeyPatch

    def play(self, story: Mapping[str, Any]) -> None:
        """Every step, and then the last command again. Raises AssertionError."""
        command, place = "", "."
        for number, step in enumerate(story["steps"], 1):
            self._act(step, f"step {number}")
            if "run" in step:
                command, place = step["run"], step.get("in", ".")
        self._again(command, place, story.get("again", []))

    def _act(self, step: Mapping[str, Any], name: str) -> None:
        self._write(step.get("files", {}), step.get("edit", []))
        for call in step.get("calls", []):
            answer = self.server.call(call["method"], self._mine(call["path"]), self._mine(call.get("body")))
            assert answer.status_code == call["status"], f"{name}: {answer.status_code} {answer.text}"
        if "run" in step:
            ended = self.command(step["run"], step.get("in", "."))
            expected = (step.get("exit", 0), step.get("says", []))
            assert (ended.code, ended.outline) == expected, f"{name}: {as_yaml(ended)}"
            assert ended.reasons == step.get("reasons", ended.reasons), f"{name}: {ended.reasons}"
        for check in step.get("live", []):
            self._look(check, name)
        for text in map(self._mine, step.get("nowhere", [])):
            files = [path for path in (self.folder / step["in"]).iterdir() if text in path.read_text("utf-8")]
            assert files == [], f"{name}: {text!r} stands in {files}"

    def _write(self, files: Mapping[str, str | None], edits: Sequence[Mapping[str, str]]) -> None:
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
            else:
                path.write_text(self._mine(text))
        for edit in edits:
            path = self.folder / edit["in"]
            text, old = path.read_text(), self._mine(edit["old"])
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {edit['in']}"
            path.write_text(text.replace(old, self._mine(edit["new"])))

    def _look(self, check: Mapping[str, Any], name: str) -> None:
        kind, _, key = self._mine(check["of"]).partition(" ")
        rows = self.server.rows(kind, key)
        found = list(departures(rows, self._mine(check["are"])))
        assert not found, f"{name}: {check['of']}: {found}\n{json.dumps(rows, indent=1)}"

    def _again(self, command: str, place: str, expected: Sequence[str]) -> None:
        """The same command once more: it says no change, and makes none."""
        calls = self._watched()

        ended = self.command(command, place)

        assert (ended.total, ended.outline) == (0, list(expected)), f"again: {as_yaml(ended)}"
        assert set(calls) <= {"GET"}, f"again: it wrote {calls}"

    def _watched(self) -> list[str]:
        """The methods of the calls that are made from now on."""
        seen: list[str] = []
        inner = httpx.HTTPTransport.handle_request

        def handle_request(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            seen.append(request.method)
            return inner(transport, request)

        self.patch.setattr(httpx.HTTPTransport, "handle_request", handle_request)
        return seen

    def command(self, line: str, place: str = ".") -> Ended:
        """One command line of billsync on the scenario's folder, or one in it, with `--format json`."""
        name, *flags = shlex.split(self._mine(line))
        consent = ["--yes"] if name in ("sync", "apply", "migrate", "promote", "undo", "restore") else []
        files = [] if name in ("promote", "dump", "restore", "drill") else [place]
        target = [] if name in ("validate", "drill") or "--server" in flags else ["--server", self.server.base]
        out, err = StringIO(), StringIO()
        around = Surroundings(StringIO(), out, err, self.environment, SystemClock(), False)
        self.patch.chdir(self.folder)
        if name == "undo":
            files = [journal_of(flags.pop(0))]
        form = [] if name == "dump" else ["--format", "json"]
        code = run([name, *files, *flags, *consent, *target, *form], around)
        assert "Traceback" not in out.getvalue() + err.getvalue(), err.getvalue()
        if name == "dump":
            return Ended(code, [], [], 0)
        document = json.loads(COMPENSATION.sub("restore:FEE", out.getvalue().replace(self.prefix, PLACEHOLDER)))
        if name == "drill":
            return Ended(code, list(recovery_outline(document)), [], 0)
        reasons = [told["reason"] for told in document["told"]]
        said = [*outline(document), *(recovery_outline(document) if name == "restore" else ())]
        return Ended(code, said, reasons, document["summary"]["total"])

    def _mine(self, value: Any) -> Any:
        """The value with the keys of this run."""
        if isinstance(value, Mapping):
            return {self._mine(name): self._mine(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._mine(item) for item in value]
        return value.replace(PLACEHOLDER, self.prefix) if isinstance(value, str) else value


def journal_of(number: str) -> str:
    """The journal of the run with this number in a scenario, from 1."""
    return str(sorted(Path(".billsync/journal").glob("*.jsonl"))[int(number) - 1])


def outline(document: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that was said, and one for each of its fields."""
    for found in document["diagnostics"]:
        place = found["position"]
        where = f"{place['file']}:{place['line']}:{place['column']} " if place else ""
        yield f"{where}{found['code']}: {found['hint']}"
    for action in ("creating", "updating", "deleting"):
        for change in document["changes"][action]:
            end = "" if change.get("status", QUIET) == QUIET else f": {change['status']}"
            when = f" ({change['timing']})" if "timing" in change else ""
            yield _undated(f"{change['verb']} {change['kind']} {change['name']}{when}") + end
            yield from _fields(change)
    for told in document["told"]:
        yield f"{told['outcome']} {told['kind']} {told['name']}: {told['code']}"
        yield from _fields(told)
    for guard in document["guards"]:
        yield f"stopped by {guard['code']}: {guard['flag']}"
    if proof := document.get("equivalence"):
        yield f"proved {proof['holders']} plans and add-ons, {len(proof['departures'])} departures"


def recovery_outline(document: Mapping[str, Any]) -> Iterator[str]:
    """The counts of the loss report, one line for each row that isn't simply restored, and, where there is a proof,
    each comparison with its number, and each departure."""
    yield ", ".join(f"{count} {fate}" for fate, count in document["losses"]["total"].items())
    for line in document["losses"]["lines"]:
        yield f"{line['fate']} {line['what']}: {line['code']}"
    proof = document.get("proof", {"compared": {}, "departures": []})
    for aspect, count in proof["compared"].items():
        yield f"compared {aspect}: {count}"
    for one in proof["departures"]:
        yield f"departs {one['customer']}: {one['aspect']}"


def _fields(item: Mapping[str, Any]) -> Iterator[str]:
    for field in item["fields"]:
        yield f"  ~ {field['path']}: {_shown(field['old'])} → {_shown(field['new'])}"


def _shown(value: Any) -> str:
    return _undated(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _undated(text: str) -> str:
    """A text without the times that the server chose, which have fractions of a second, and without pseudonyms."""
    text = re.sub(r"\banon_\w+", "ANON", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "TIME", text)


def as_yaml(ended: Ended) -> str:
    """What a command came to, as it would stand in a scenario."""
    return f"it ended\n{yaml.safe_dump({'exit': ended.code, 'says': ended.outline}, allow_unicode=True, width=1000)}"


def stories() -> tuple[Path, ...]:
    """All scenarios."""
    return tuple(sorted(FOLDER.glob("*.yaml")))


def read(path: Path) -> Mapping[str, Any]:
    """A scenario as it stands in its file."""
    story: Mapping[str, Any] = yaml.safe_load(path.read_text())
    return story
