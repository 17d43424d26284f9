import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HAND_CHECKED = re.compile(r"\((\d+ → \d+)\)")


@pytest.mark.slow
def test_the_script_prints_the_sums_that_the_documentation_checks_by_hand() -> None:
    checked = HAND_CHECKED.findall((ROOT / "docs" / "impact.md").read_text(encoding="utf-8"))

    ended = subprocess.run([ROOT / "scripts" / "try-impact"], capture_output=True, text=True, check=False)

    printed = re.findall(r"USD (\d+ → \d+) ", ended.stdout)
    assert ended.returncode == 0, ended.stderr
    assert printed == ["6331 → 6103", "6760 → 6650", "6331 → 6103"]
    assert set(printed) <= set(checked)
