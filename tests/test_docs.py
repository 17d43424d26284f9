"""The documentation says what is true: its transcripts are fresh runs', its files are valid, its links exist."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.app.ending import MEANINGS, Exit
from billsync.config import load
from billsync.kinds.registry import KINDS
from tests.support.console import COPIED, blocks, clone, exchanges, pages_with_transcripts, rerun, session
from tests.support.terminal import PICTURE, run_in_pictures
from tests.support.warm import warm_billsync

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
LINK = re.compile(r"\]\(([^)#]+)\)")
STALE = "run scripts/run_readme.py, and read what it changed"
ANCHOR = re.compile(r"\]\(([^)#]*)#([^)]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
SCRIPT = re.compile(r"scripts/\w+(?:\.py)?")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where shells find a `billsync` that starts at once."""
    with warm_billsync(tmp_path_factory.mktemp("warm")) as directory:
        yield directory


def by_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.thorough
@pytest.mark.parametrize("page", pages_with_transcripts(ROOT), ids=by_name)
def test_the_transcript_in_a_page_is_what_a_fresh_run_prints(page: Path, tmp_path: Path, tools: Path) -> None:
    written = page.read_text(encoding="utf-8")

    seen = rerun(written, ROOT, tmp_path, tools)

    assert exchanges(seen) == exchanges(written)


def test_the_readmes_transcript_tells_the_whole_story() -> None:
    told = exchanges(read("README.md"))
    commands = [exchange.command.split()[:2] for exchange in told]

    assert [name for program, name in commands if program == "billsync"] == [
        "validate", "diff", "sync", "sync", "ledger", "diff", "sync", "validate",
    ]  # fmt: skip
    assert "error[unknown-reference]" in told[-1].output


def test_one_command_begins_the_readmes_session_again(tmp_path: Path, tools: Path) -> None:
    enter, begin, check, compare, sync = exchanges(read("README.md"))[:5]

    seen = session((enter, begin, compare, sync, begin, check, compare), clone(ROOT, tmp_path), tools)

    assert begin.command.startswith("rm -rf shop .billsync && ")
    assert [exchange.output.strip("\n") for exchange in seen[-2:]] == [check.output, compare.output]
    assert [path.name for path in tmp_path.iterdir() if path.name not in COPIED] == ["playground"]
    assert not different(ROOT / "examples", tmp_path / "examples")


def different(one: Path, other: Path) -> set[Path]:
    """The files of two directories of which one lacks something or has another content."""
    contents = ({(path.relative_to(root), path.read_bytes()) for path in root.rglob("*.*") if path.is_file()}
                for root in (one, other))  # fmt: skip
    return {path for path, _ in set.symmetric_difference(*contents)}


def test_the_picture_in_the_readme_is_what_a_fresh_run_looks_like(tmp_path: Path, tools: Path) -> None:
    assert run_in_pictures(ROOT, tmp_path, tools) == read(PICTURE), STALE


def test_the_file_in_the_readme_is_valid(tmp_path: Path) -> None:
    (file,) = blocks(read("README.md"), "yaml")
    (tmp_path / "readme.yaml").write_text(file, encoding="utf-8")

    _, diagnostics = load([str(tmp_path)], registry=KINDS)

    assert diagnostics == ()


def test_the_whole_file_in_the_file_format_is_valid_and_has_every_kind(tmp_path: Path) -> None:
    file = next(block for block in blocks(read("docs/file-format.md"), "yaml") if block.startswith("_info:"))
    (tmp_path / "whole.yaml").write_text(file, encoding="utf-8")

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


@pytest.mark.parametrize("page", PAGES)
def test_anchors_in_a_page_are_headings(page: str) -> None:
    links = [((ROOT / page).parent / (link or Path(page).name), anchor) for link, anchor in ANCHOR.findall(read(page))]

    assert [(path.name, anchor) for path, anchor in links if anchor not in anchors(path)] == []


def anchors(page: Path) -> set[str]:
    """The names that the headings of a page have in links."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_generated_pages_are_fresh(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "generate_docs.py", tmp_path], check=True)

    made = {f"docs/{page.name}": page.read_text(encoding="utf-8") for page in tmp_path.iterdir()}
    assert made == {page: read(page) for page in made}
    assert "docs/fields.md" in made


def test_the_index_of_the_documentation_names_every_page() -> None:
    named = set(LINK.findall(read("docs/README.md")))

    assert {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")} - {"README.md"} <= named


def test_the_worked_example_of_a_kind_is_the_code_as_it_is() -> None:
    section = read("CONTRIBUTING.md").partition("### A worked example")[2].partition("\n## ")[0]
    pieces = re.findall(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```", section, re.MULTILINE | re.DOTALL)

    other = [path for path, piece in pieces if piece not in read(path)]

    assert {path for path, _ in pieces} >= {"billsync/kinds/tax_code.py", "tests/scenarios/tax_codes.yaml"}
    assert other == []


def test_the_exit_codes_in_the_documentation_are_those_that_explain_shows() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", read("docs/runs.md"), re.MULTILINE)

    assert rows == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]


def test_the_exit_codes_in_the_readme_are_those_of_the_program() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", read("README.md"), re.MULTILINE)}

    assert told == {code.value for code in Exit}


@pytest.mark.slow
def test_scripts_try_runs_to_its_end_and_leaves_nothing_behind(tmp_path: Path) -> None:
    here = {**os.environ, "TMPDIR": str(tmp_path), "BILLSYNC_SERVER": "http://unreachable.invalid"}

    ended = subprocess.run([ROOT / "scripts" / "try"], env=here, capture_output=True, check=False)

    assert ended.returncode == 0, ended.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_the_words_of_the_glossary_are_in_order_and_each_stands_once() -> None:
    tables = read("docs/glossary.md").split("\n## ")[1:]

    words = [re.findall(r"^\| (?!word \|)([^|-][^|]*) \|", table, re.MULTILINE) for table in tables]

    assert [[word.lower() for word in table] for table in words] == [sorted(map(str.lower, table)) for table in words]
    assert len({word for table in words for word in table}) == sum(map(len, words))
