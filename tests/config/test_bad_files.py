"""Every file in files/bad gives exactly what its `.expected` says; its right twin in files/good gives nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic

FILES = Path(__file__).parent / "files"
BAD = sorted(path for path in (FILES / "bad").iterdir() if path.suffix != ".expected")
GOOD = sorted((FILES / "good").iterdir())


def shown(diagnostics: tuple[Diagnostic, ...], folder: Path) -> str:
    """The diagnostics as text, with the files' bare names."""
    lines = []
    for found in diagnostics:
        lines.append(f"{found.position}: {found.severity.value}[{found.code}]: {found.summary}")
        lines += [f"  {text}" for text in (found.detail, found.hint) if text]
    return "".join(line.replace(f"{folder}/", "") + "\n" for line in lines)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_a_bad_file_gives_exactly_the_expected_diagnostics(path: Path) -> None:
    _, diagnostics = load([str(path)], registry=KINDS)

    assert shown(diagnostics, path.parent) == Path(f"{path}.expected").read_text()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_its_right_twin_gives_none(path: Path) -> None:
    desired, diagnostics = load([str(path)], registry=KINDS)

    assert shown(diagnostics, path.parent) == ""
    assert desired.entities != ()


def test_every_bad_file_has_a_right_twin() -> None:
    assert [path.name for path in BAD] == [path.name for path in GOOD]
