"""What is read of a path: nothing is left out in silence, and nothing goes on for ever."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import pytest

from billsync.config import load
from billsync.config.text import bounded, files, searching
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Severity

METER = "meters: [{{key: {0}, name: {0}, event_type: x, aggregation: count}}]\n"


def told(*paths: Path | str, stdin: object = None) -> tuple[list[str], list[str]]:
    """The addresses that are declared, and what is said: severity, code, and the place without the folder."""
    desired, diagnostics = load([str(path) for path in paths], registry=KINDS, stdin=stdin)  # type: ignore[arg-type]
    said = [f"{d.severity.value} {d.code} {Path(d.position.file).name}" for d in diagnostics if d.position]
    return [entity.address.text for entity in desired.entities], said


def declare(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(METER.format(key))


def test_a_linked_directory_is_read(tmp_path: Path) -> None:
    declare(tmp_path / "own" / "a.yaml", "a")
    declare(tmp_path / "shared" / "deep" / "b.yaml", "b")
    (tmp_path / "own" / "shared").symlink_to("../shared")

    assert told(tmp_path / "own") == (["meter/a", "meter/b"], [])


def test_a_linked_file_is_read(tmp_path: Path) -> None:
    declare(tmp_path / "own" / "a.yaml", "a")
    declare(tmp_path / "elsewhere", "b")
    (tmp_path / "own" / "b.yaml").symlink_to("../elsewhere")

    assert told(tmp_path / "own") == (["meter/a", "meter/b"], [])


@pytest.mark.parametrize("target", [".", "..", "../../own"])
def test_a_link_that_leads_back_is_told_and_followed_once(tmp_path: Path, target: str) -> None:
    declare(tmp_path / "own" / "inner" / "a.yaml", "a")
    (tmp_path / "own" / "inner" / "back").symlink_to(target)

    assert told(tmp_path / "own") == (["meter/a"], ["warning linked-directory back"])


def test_a_directory_that_is_linked_twice_is_read_once(tmp_path: Path) -> None:
    declare(tmp_path / "shared" / "a.yaml", "a")
    (tmp_path / "own").mkdir()
    for name in ("one", "two"):
        (tmp_path / "own" / name).symlink_to("../shared")

    assert told(tmp_path / "own") == (["meter/a"], [])


@pytest.mark.parametrize("name", ["gone", "gone.yaml"])
def test_a_link_to_nothing_is_an_error(tmp_path: Path, name: str) -> None:
    declare(tmp_path / "a.yaml", "a")
    (tmp_path / name).symlink_to("nowhere")

    assert told(tmp_path) == (["meter/a"], [f"error missing-path {name}"])


@pytest.mark.parametrize("name", ["a.YAML", "a.Yml", "a.JSON", "a.Json"])
def test_the_ending_of_a_file_may_be_in_capitals(tmp_path: Path, name: str) -> None:
    text = METER.format("a") if name.lower().endswith("ml") else '{"meters": [], "$schema": "x"}'
    (tmp_path / name).write_text(text)
    declare(tmp_path / "b.yaml", "b")

    declared, said = told(tmp_path)

    assert said == []
    assert declared[-1] == "meter/b"


def test_json_in_capitals_is_read_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.JSON").write_text('{"meters": [,]}')

    assert told(tmp_path / "a.JSON") == ([], ["error not-json a.JSON"])


def test_a_pipe_among_the_files_is_an_error(tmp_path: Path) -> None:
    declare(tmp_path / "a.yaml", "a")
    for name in ("p.yaml", "pipe"):
        os.mkfifo(tmp_path / name)

    assert told(tmp_path) == (["meter/a"], ["error not-a-file p.yaml", "error not-a-file pipe"])


def test_a_socket_among_the_files_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(tmp_path / "a.yaml", "a")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.yaml")

    assert told(tmp_path) == (["meter/a"], ["error not-a-file s.yaml"])


def test_a_device_among_the_files_is_an_error(tmp_path: Path) -> None:
    declare(tmp_path / "a.yaml", "a")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")

    assert told(tmp_path) == (["meter/a"], ["error not-a-file zero.yaml"])


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_that_is_named_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / "pipe" if kind == "pipe" else Path("/dev/zero")

    assert told(path) == ([], [f"error not-a-file {path.name}"])


def test_a_pipe_that_a_shell_has_opened_is_read() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        stream.write(METER.format("a"))
    try:
        assert told(f"/dev/fd/{reading}") == (["meter/a"], [])
    finally:
        os.close(reading)


def test_files_of_other_kinds_are_listed_once_and_hidden_ones_are_not(tmp_path: Path) -> None:
    declare(tmp_path / "a.yaml", "a")
    for name in ("README.md", "b.yaml.old", "deep/c.toml", ".hidden.yaml", "x1", "x2", "x3"):
        declare(tmp_path / name, "b")

    desired, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert [entity.address.text for entity in desired.entities] == ["meter/a"]
    assert [(d.severity, d.detail) for d in diagnostics] == [
        (
            Severity.NOTE,
            "not read, as their names don't end in .yaml, .yml or .json: README.md, b.yaml.old, deep/c.toml, x1, x2 "
            "and 1 more.",
        )
    ]


def test_directories_that_never_end_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "NESTING", 3)
    declare(tmp_path / "a.yaml", "a")
    declare(tmp_path / "1/2/3/4/b.yaml", "b")

    assert told(tmp_path) == (["meter/a"], ["error nested-too-deeply 3"])


def test_the_number_of_entries_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "INPUT_FILES", 2)
    for key in "abc":
        declare(tmp_path / f"{key}.yaml", key)

    assert told(tmp_path) == ([], [f"error too-many-files {tmp_path.name}"])


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILE_BYTES", 100)
    declare(tmp_path / "a.yaml", "a" * 100)

    assert told(tmp_path / "a.yaml") == ([], ["error too-long a.yaml"])


def test_all_files_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "INPUT_BYTES", 100)
    for key in "ab":
        declare(tmp_path / f"{key}.yaml", key)

    assert told(tmp_path) == (["meter/a"], ["error too-long b.yaml"])


class Endless(io.RawIOBase):
    """As /dev/zero: it gives whatever is asked for, and counts it."""

    read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "an endless stream is read to its end"
        self.read_bytes += size
        return b"a" * size


def test_an_endless_standard_input_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILE_BYTES", 1_000)
    stream = Endless()

    class Stdin:
        buffer = stream

    assert told("-", stdin=Stdin()) == ([], ["error too-long -"])
    assert stream.read_bytes == 1_001


@pytest.mark.parametrize(("length", "code"), [(100, "unknown-field"), (101, "too-long")])
def test_a_text_as_standard_input_is_read_up_to_the_limit(
    monkeypatch: pytest.MonkeyPatch, length: int, code: str
) -> None:
    monkeypatch.setattr(files, "FILE_BYTES", 100)

    assert told("-", stdin=io.StringIO("{a: b}".ljust(length))) == ([], [f"error {code} -"])


def test_a_standard_input_that_cannot_be_read_is_told() -> None:
    closed = io.StringIO()
    closed.close()

    found = [load(["-"], registry=KINDS, stdin=stdin)[1] for stdin in (None, closed)]

    assert [[(one.code, one.detail) for one in said] for said in found] == [
        [("unreadable-file", "there is no standard input.")],
        [("unreadable-file", "the standard input: I/O operation on closed file.")],
    ]


def test_a_link_that_leads_to_itself_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("a.yaml")

    _, [found] = load([str(tmp_path / "a.yaml")], registry=KINDS)

    assert (found.code, found.detail) == ("unreadable-file", "Too many levels of symbolic links.")


def test_the_standard_input_is_json_or_yaml() -> None:
    """A text that begins as JSON does is read as YAML where it isn't JSON."""
    meter = '"key": "a", "name": "A", "event_type": "x", "aggregation": "count"'

    assert told("-", stdin=io.StringIO(f'{{"meters": [{{{meter}}}]}}')) == (["meter/a"], [])
    assert told("-", stdin=io.StringIO(METER.format("a"))) == (["meter/a"], [])
    assert told("-", stdin=io.StringIO(f"{{meters: [{{{meter}}}]}}")) == (["meter/a"], [])


def test_the_standard_input_is_utf_8_whatever_the_locale() -> None:
    content = "customers: [{key: z, name: Zo\u00eb, usage_attribution: {subject_keys: [z]}}]\n".encode()
    stdin = io.TextIOWrapper(io.BytesIO(content), encoding="latin-1")

    desired, diagnostics = load(["-"], registry=KINDS, stdin=stdin)

    assert diagnostics == ()
    assert desired.entities[0].fields["name"] == "Zo\u00eb"


def test_a_growing_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")

    assert bounded.read_any(str(tmp_path / "a"), 5) == b"12345"
    with pytest.raises(bounded.TooLong, match="longer than 4 bytes"):
        bounded.read_any(str(tmp_path / "a"), 4)


@pytest.mark.parametrize("beside", ["note", "warning"])
def test_what_stops_nothing_hides_no_mistake(tmp_path: Path, beside: str) -> None:
    (tmp_path / "a.yaml").write_text("features: [{key: calls, name: Calls, meter: missing}]\n")
    if beside == "note":
        (tmp_path / "README.md").touch()
    else:
        (tmp_path / "back").symlink_to(".")

    said = told(tmp_path)[1]

    assert "error unknown-reference a.yaml" in said
    assert len(said) == 2


@pytest.mark.parametrize("content", ["_info: {owner: us}\n", "meters: []\n"])
def test_a_note_is_no_entity(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    (tmp_path / "README.md").touch()

    severities = [line.split()[:2] for line in told(tmp_path)[1]]

    assert sorted(severities) == [["error", "no-entities"], ["note", "other-files"]]


def test_an_empty_path_is_told_as_such() -> None:
    _, (found,) = load([""], registry=KINDS)

    assert (found.code, found.detail) == ("missing-path", "a path is empty.")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\xff", "it is not UTF-8"), (b"123456", "it is longer than 5 bytes")]
)
def test_a_text_from_stdin_is_utf_8_and_ends(content: bytes, reason: str) -> None:
    with pytest.raises(bounded.Unreadable, match=reason):
        bounded.text_of_stdin(io.TextIOWrapper(io.BytesIO(content), encoding="latin-1"), 5)
