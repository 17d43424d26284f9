#!/usr/bin/env python3
"""Runs the commands in README.md's transcript in a temporary directory, and writes what they print into it."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.console import BLOCK, PROMPT, printed, shows_billsync  # noqa: E402 - the line above finds it


def rewritten(readme: str, directory: Path) -> str:
    """The page with the output of its commands as it is now."""
    return BLOCK.sub(lambda block: rerun(block, directory), readme)


def rerun(block: re.Match[str], directory: Path) -> str:
    language, content = block.groups()
    if language != "console" or not shows_billsync(content):
        return block[0]
    commands = [line.removeprefix(PROMPT) for line in content.splitlines() if line.startswith(PROMPT)]
    parts = [f"{PROMPT}{command}\n{printed(command, directory)}" for command in commands]
    return f"```console\n{''.join(parts)}```"


if __name__ == "__main__":
    page = ROOT / "README.md"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples", Path(folder) / "examples")
        page.write_text(rewritten(page.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
