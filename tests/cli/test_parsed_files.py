"""The values of large files, kept in the state directory: used while they are as they were kept, else ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.cli.files import parsed_files as module
from billsync.cli.files.parsed_files import ParsedFiles, parsed_files
from billsync.config import loading
from billsync.config.quick.values import quick_values
from tests.support.command import Shell

CONTENT, VALUES = b"a: 1.50\n", b'{"a":1.50}'


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALLEST", 1)
    monkeypatch.setattr(loading, "SMALLEST", 0)


@pytest.fixture
def files(tmp_path: Path) -> ParsedFiles:
    found = parsed_files(tmp_path / "state" / "parsed", {"HOME": str(tmp_path / "home")})
    assert found is not None
    return found


def path_of(files: ParsedFiles) -> Path:
    (path,) = files.folder.iterdir()
    return path


def test_what_was_kept_is_recalled_for_the_same_content(files: ParsedFiles) -> None:
    files.keep(CONTENT, VALUES)

    assert (files.recall(CONTENT), files.recall(CONTENT + b"\n")) == (VALUES, None)
    modes = [path.stat().st_mode & 0o777 for path in (files.folder, path_of(files), files.key_file)]
    assert modes == [0o700, 0o600, 0o600]


def test_what_another_user_or_version_kept_or_changed_is_ignored(files: ParsedFiles, tmp_path: Path) -> None:
    files.keep(CONTENT, VALUES)
    others = parsed_files(files.folder, {"XDG_STATE_HOME": str(tmp_path / "other")})
    assert others is not None

    assert others.recall(CONTENT) is None
    path_of(files).write_bytes(path_of(files).read_bytes().replace(b"1", b"2"))
    assert files.recall(CONTENT) is None
    others.keep(CONTENT, VALUES)
    assert (others.recall(CONTENT), files.recall(CONTENT)) == (VALUES, None)


def test_a_key_that_others_can_read_seals_nothing(files: ParsedFiles) -> None:
    files.keep(CONTENT, VALUES)
    files.key_file.chmod(0o644)

    assert files.recall(CONTENT) is None


def test_a_key_is_made_whole_or_not_at_all(files: ParsedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(size: int) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(module.secrets, "token_hex", killed)
        with pytest.raises(KeyboardInterrupt):
            files.keep(CONTENT, VALUES)
    assert not files.key_file.exists()

    files.keep(CONTENT, VALUES)
    assert files.recall(CONTENT) == VALUES
    assert list(files.key_file.parent.iterdir()) == [files.key_file]


def test_old_values_make_room(files: ParsedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)

    for number in range(4):
        files.keep(b"%d" % number, VALUES)

    assert len(list(files.folder.iterdir())) == 2


def test_only_what_was_kept_makes_room(files: ParsedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository may bring a link in the place of the directory."""
    monkeypatch.setattr(module, "MOST_FILES", 1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("precious")
    (elsewhere / "broken").symlink_to("nowhere")
    left = elsewhere / f"{'0' * 32}.77.new"
    left.write_text("")
    files.folder.parent.mkdir()
    files.folder.symlink_to(elsewhere)

    for number in range(3):
        files.keep(b"%d" % number, VALUES)

    names = {path.name for path in elsewhere.iterdir()}
    assert {"thesis.txt", "broken"} < names
    assert left.name not in names
    assert len(names) == 3


def test_nothing_is_kept_without_a_place_for_a_key(tmp_path: Path) -> None:
    assert parsed_files(tmp_path, {}) is None
    assert parsed_files(tmp_path, {"HOME": "relative"}) is None


def test_validate_says_the_same_with_what_was_kept(shell: Shell, folder: Path) -> None:
    pytest.importorskip("ryml", reason="the fast libraries aren't installed")
    text = "customers:\n- key: a\n  name: A\n  labels: {b: c}\n"
    (folder / "more.yaml").write_text(text)
    shell.environment = {"HOME": str(folder / "home")}

    first, again = (shell.run("validate", "more.yaml") for _ in range(2))

    assert first == again
    assert first.out == "Valid: 1 customer.\n"
    files = parsed_files(folder / ".billsync" / "parsed", shell.environment)
    assert files is not None
    known = files.recall(text.encode())
    assert known is not None
    assert quick_values(text.encode()) == quick_values(text.encode(), files)
