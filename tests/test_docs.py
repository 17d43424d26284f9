"""The documentation says what is true: its transcript is a fresh run's, its files are valid, its links exist."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from billsync.app.ending import Exit
from billsync.config import load
from billsync.kinds.registry import KINDS
from tests.support.console import blocks, exchanges, run

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
LINK = re.compile(r"\]\(([^)#]+)\)")
SCRIPT = re.compile(r"scripts/\w+(?:\.py)?")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_the_transcript_in_the_readme_is_what_a_fresh_run_prints(tmp_path: Path) -> None:
    written = list(exchanges(read("README.md")))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")

    seen = [run(exchange.command, tmp_path) for exchange in written]

    assert seen == written


def test_the_readmes_transcript_tells_the_whole_story() -> None:
    told = list(exchanges(read("README.md")))
    commands = [exchange.command.split()[:2] for exchange in told]

    assert [name for program, name in commands if program == "billsync"] == [
        "validate", "diff", "sync", "sync", "ledger", "diff", "sync", "validate",
    ]  # fmt: skip
    assert "error[unknown-reference]" in told[-1].output


def test_the_file_in_the_readme_is_valid(tmp_path: Path) -> None:
    (file,) = blocks(read("README.md"), "yaml")
    (tmp_path / "readme.yaml").write_text(file, encoding="utf-8")

    desired, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert diagnostics == ()
    assert {entity.address.kind for entity in desired.entities} == set(KINDS)


@pytest.mark.parametrize("page", PAGES)
def test_links_and_scripts_in_a_page_exist(page: str) -> None:
    text = read(page)
    links = [(ROOT / page).parent / link for link in LINK.findall(text)]
    scripts = [ROOT / name for name in SCRIPT.findall(text)]

    missing = [path for path in links + scripts if not path.exists()]

    assert missing == []


def test_the_reference_of_all_fields_is_fresh(tmp_path: Path) -> None:
    made = tmp_path / "fields.md"

    subprocess.run([sys.executable, ROOT / "scripts" / "generate_docs.py", made], check=True)

    assert made.read_text(encoding="utf-8") == read("docs/fields.md")


def test_the_exit_codes_in_the_readme_are_those_of_the_program() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", read("README.md"), re.MULTILINE)}

    assert told == {code.value for code in Exit} - {Exit.STALE.value}


@pytest.mark.slow
def test_scripts_try_runs_to_its_end_and_leaves_nothing_behind(tmp_path: Path) -> None:
    here = {**os.environ, "TMPDIR": str(tmp_path), "BILLSYNC_SERVER": "http://unreachable.invalid"}

    ended = subprocess.run([ROOT / "scripts" / "try"], env=here, capture_output=True, check=False)

    assert ended.returncode == 0, ended.stderr.decode()
    assert list(tmp_path.iterdir()) == []
