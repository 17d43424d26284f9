#!/usr/bin/env python3
"""Runs the commands of the pages' transcripts, each page's in a fresh directory, and writes what they print into them.

It also draws the picture of a run that README.md begins with. Usage: run_readme.py [PAGE.md ...], else all pages.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.console import pages_with_transcripts, rerun  # noqa: E402 - the line above finds it
from tests.support.terminal import PICTURE, run_in_pictures  # noqa: E402

if __name__ == "__main__":
    pages = [Path(name).resolve() for name in sys.argv[1:]] or list(pages_with_transcripts(ROOT))
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(rerun(page.read_text(encoding="utf-8"), ROOT, Path(folder)), encoding="utf-8")
    if len(sys.argv) == 1:
        with tempfile.TemporaryDirectory() as folder:
            (ROOT / PICTURE).write_text(run_in_pictures(ROOT, Path(folder)), encoding="utf-8")
