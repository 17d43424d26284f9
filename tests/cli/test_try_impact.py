import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARKER = "<!-- billsync-comment: "
HAND_CHECKED = re.compile(r"\((\d+ → \d+)\)")


@pytest.mark.slow
def test_the_script_prints_what_the_documentation_shows() -> None:
    """The script prints the sums that the documentation checks by hand, and the comment that it shows."""
    checked = HAND_CHECKED.findall((ROOT / "docs" / "impact.md").read_text(encoding="utf-8"))

    ended = subprocess.run([ROOT / "scripts" / "try-impact"], capture_output=True, text=True, check=False)

    printed = re.findall(r"USD (\d+ → \d+) ", ended.stdout)
    assert ended.returncode == 0, ended.stderr
    assert printed == ["6331 → 6103", "6760 → 6650", "6331 → 6103"]
    assert set(printed) <= set(checked)
    comment = ended.stdout[ended.stdout.index(MARKER) :]
    assert comment in (ROOT / "docs" / "pull-requests.md").read_text(encoding="utf-8")
