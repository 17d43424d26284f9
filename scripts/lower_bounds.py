"""Prints dependencies in the lowest versions that pyproject.toml allows, for pip; `running` leaves the tools out.

With `--as-comments` it prints them as they stand there, for the head of a lock.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
BOUND = re.compile(r"(?P<name>[A-Za-z0-9._\[\]-]+)>=(?P<version>[0-9.]+)")


def declared(groups: tuple[str, ...]) -> list[str]:
    """The dependencies as they stand there, of the package and of these groups."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))
    tools = [line for group in groups for line in project["dependency-groups"][group]]
    return [*project["project"]["dependencies"], *tools]


def lowest(lines: list[str]) -> Iterator[str]:
    """One line for each dependency; those without a lower bound stay as they are."""
    for line in lines:
        match = BOUND.fullmatch(line)
        yield f"{match['name']}=={match['version']}" if match else line


if __name__ == "__main__":
    lines = declared(("build",) if "running" in sys.argv[1:] else ("build", "dev"))
    print("\n".join(f"# for {line}" for line in lines) if "--as-comments" in sys.argv[1:] else "\n".join(lowest(lines)))
