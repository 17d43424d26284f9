"""Prints dependencies in the lowest versions that pyproject.toml allows, for pip; `running` leaves the tools out."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
BOUND = re.compile(r"(?P<name>[A-Za-z0-9._-]+)>=(?P<version>[0-9.]+)")


def lowest(*, groups: tuple[str, ...]) -> Iterator[str]:
    """One line for each dependency; those without a lower bound stay as they are."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))
    wanted = list(project["project"]["dependencies"])
    wanted += [line for group in groups for line in project["dependency-groups"][group]]
    for line in wanted:
        match = BOUND.fullmatch(line)
        yield f"{match['name']}=={match['version']}" if match else line


if __name__ == "__main__":
    chosen = ("build",) if sys.argv[1:] == ["running"] else ("build", "dev")
    print("\n".join(lowest(groups=chosen)))
