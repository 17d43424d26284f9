"""The locks: everything that is installed has its version and hashes, and both files agree with pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {name: ROOT / "locks" / f"{name}.txt" for name in ("development", "running")}
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)( ; .*?)?(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")


def pinned(path: Path) -> Mapping[str, str]:
    """Each version of a lock by its name; anything in it that is no pin with hashes fails."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.lstrip().startswith("#")]
    joined = re.sub(r" \\\n +", " ", "\n".join(lines)).splitlines()
    pins = [PIN.fullmatch(line) for line in joined]
    assert [line for line, pin in zip(joined, pins, strict=True) if pin is None] == []
    return {pin["name"]: pin["version"] for pin in pins if pin}


def declared(*groups: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tools = [line for group in groups for line in project["dependency-groups"][group]]
    return [*project["project"]["dependencies"], *tools]


def names(lines: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ \[]", line)[0].lower().replace("_", "-") for line in lines}


@pytest.mark.parametrize(("name", "groups"), [("development", ("build", "dev")), ("running", ("build",))])
def test_a_lock_pins_all_that_is_declared(name: str, groups: tuple[str, ...]) -> None:
    head = [line.removeprefix("# for ") for line in LOCKS[name].read_text("utf-8").splitlines() if "# for " in line]

    assert head == declared(*groups), "run ./scripts/lock --keep"
    assert names(head) <= pinned(LOCKS[name]).keys()


def test_running_needs_a_part_of_the_same_versions() -> None:
    running, development = pinned(LOCKS["running"]), pinned(LOCKS["development"])

    assert running.items() <= development.items()
    assert names(declared("dev")) - running.keys()


def test_what_builds_the_package_is_locked_in_a_version_that_may_build_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert set(project["build-system"]["requires"]) <= set(project["dependency-groups"]["build"])


@pytest.mark.parametrize("path", LOCKS.values(), ids=list(LOCKS))
def test_a_lock_names_no_place_to_fetch_from(path: Path) -> None:
    assert re.findall(r"https?://|--(?:index|extra|find|trusted)", path.read_text("utf-8")) == []


def test_the_lower_bounds_are_those_of_pyproject() -> None:
    script = str(ROOT / "scripts" / "lower_bounds.py")

    ran = subprocess.run([sys.executable, script, "running"], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines() == [line.replace(">=", "==") for line in declared("build")]
