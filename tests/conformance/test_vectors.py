"""Every vector of the real engine, through `rating/`: equal values, no tolerance, none skipped.

`BILLSYNC_VECTORS=DIR` runs another folder; else `../shared/vectors` where it is there, else the committed copy.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.vector_answers import ANSWERS, comparable

pytestmark = pytest.mark.thorough

COPY = Path(__file__).parent / "vectors"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "vectors"


def _folder() -> Path:
    chosen = os.environ.get("BILLSYNC_VECTORS")
    if chosen:
        return Path(chosen)
    return SHARED if SHARED.is_dir() else COPY


def _vectors(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _cases() -> list[Any]:
    files = sorted(_folder().glob("*.jsonl"))
    return [
        pytest.param(path.stem, vector, id=vector.get("id") or vector["code"])
        for path in files
        for vector in _vectors(path)
    ]


@pytest.mark.parametrize(("kind", "vector"), _cases())
def test_vectors_are_answered_as_the_engine_answers_them(kind: str, vector: dict[str, Any]) -> None:
    answer = ANSWERS[kind](vector)

    assert answer == comparable(kind, vector)


def test_there_are_vectors_of_every_kind() -> None:
    kinds = {path.stem for path in _folder().glob("*.jsonl")}

    assert kinds
    assert kinds <= set(ANSWERS)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the facts that the copy is of are not beside this checkout")
@pytest.mark.parametrize("name", sorted(path.name for path in COPY.glob("*.jsonl")))
def test_the_committed_vectors_are_the_shared_ones(name: str) -> None:
    copied = (COPY / name).read_bytes()

    assert copied == (SHARED / name).read_bytes()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the facts that the copy is of are not beside this checkout")
def test_no_shared_vectors_are_missing_in_the_copy() -> None:
    copied = {path.name for path in COPY.glob("*.jsonl")}

    assert copied == {path.name for path in SHARED.glob("*.jsonl")}
