"""The rating room broken on purpose: each way must be noticed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "mutate_rating.py"


def _script() -> ModuleType:
    spec = spec_from_file_location("mutate_rating", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_way_to_break_the_room_still_fits_its_code() -> None:
    script = _script()

    chosen = list(script.mutations())

    assert script.misfits(chosen) == []
    assert len(chosen) >= 30
    assert len({one.name for one in chosen}) == len(chosen)


@pytest.mark.slow
def test_ways_to_break_the_room_are_noticed() -> None:
    """Each by the vectors, or by the tests where none notices; of those, only each eighteenth is tested here."""
    ended = mutated("--tests-for=18")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r" 1[5-9]\d noticed, \d+ not tested, 0 survived\n$", ended.stdout), ended.stdout


@pytest.mark.exhaustive
def test_every_way_to_break_the_room_is_noticed() -> None:
    ended = mutated()

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith(" noticed, 0 not tested, 0 survived\n")


def mutated(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The script, ended."""
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)
