"""Law 6: neither how the files are arranged, nor ids, nor the order of rows, nor threads change a byte of a diff."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import yaml

from billsync.core.plan_file import to_json
from billsync.kinds.registry import KINDS
from billsync.live import snapshot
from billsync.model.change import Outcome
from billsync.model.state import Desired
from billsync.render.plan.outline import outline
from billsync.render.plan.structured import as_json
from billsync.render.plan.text import as_text
from tests.support.shuffle import ShuffledRows, write_shuffled
from tests.support.world import World, declared_in, examples

pytestmark = pytest.mark.thorough

STATES = Path(__file__).parent / "states"
BEFORE, AFTER = STATES / "before.yaml", STATES / "after.yaml"
SEEDS = range(2, 8)


@dataclass(frozen=True, slots=True)
class Bytes:
    """All that a comparison prints or saves."""

    text: str
    json: str
    plan_file: str


def compared(world: World, desired: Desired, random: Random | None = None) -> Bytes:
    def wrap(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        return ShuffledRows(inner, random) if random else inner

    plan = world.plan(desired, wrap=wrap)
    return Bytes(as_text(outline(plan)), as_json(outline(plan)), to_json(plan))


class _TimesAreText(yaml.SafeLoader):
    """Reads times as billsync does: as text."""


_TimesAreText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_TimesAreText)
    return found


def shuffled(path: Path, folder: Path, random: Random) -> Desired:
    write_shuffled(document(path), folder, random)
    return declared_in(folder)


def grown(desired: Desired, random: Random, seed: int) -> World:
    """A server that got the same state customer by customer, in another order, under other ids."""
    world = World(seed=seed)
    customers = sorted({e.address.names[0] for e in desired.entities if e.address.kind == "customer"})
    random.shuffle(customers)
    for number in range(len(customers) + 1):
        here = set(customers[:number])
        entities = tuple(e for e in desired.entities if _catalog(e.address.kind) or e.address.names[0] in here)
        assert world.sync(replace(desired, entities=entities, named=frozenset())).report.succeeded
    return world


def _catalog(kind: str) -> bool:
    return KINDS[kind].traits is None


@pytest.fixture(scope="module")
def expected() -> Bytes:
    world = World()
    assert world.sync(declared_in(BEFORE)).report.succeeded
    return compared(world, declared_in(AFTER))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_shuffled_world_gives_the_same_bytes(seed: int, tmp_path: Path, expected: Bytes) -> None:
    random = Random(seed)
    world = grown(declared_in(BEFORE), random, seed)
    desired = shuffled(AFTER, tmp_path / "after", random)

    found = compared(world, desired, random)

    assert found.text == expected.text
    assert found.json == expected.json
    assert found.plan_file == expected.plan_file


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_the_number_of_threads_changes_no_byte(threads: int, expected: Bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "READS_AT_ONCE", threads)
    world = World(seed=9)
    assert world.sync(declared_in(BEFORE)).report.succeeded

    found = compared(world, declared_in(AFTER))

    assert found == expected


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_in_other_files_is_the_same_state(example: Path, tmp_path: Path) -> None:
    parts = [document(path) for path in sorted(example.rglob("*.yaml"))]
    random = Random(3)
    for number, part in enumerate(parts):
        write_shuffled(part, tmp_path / str(number), random)

    found = compared(World(seed=3), declared_in(tmp_path))

    assert found == compared(World(seed=4), declared_in(example))


def test_the_states_lead_to_changes_of_every_sort() -> None:
    world = World()
    world.sync(declared_in(BEFORE))

    plan = world.plan(declared_in(AFTER))

    assert {change.outcome for change in plan.changes} >= {Outcome.PENDING, Outcome.REFUSED, Outcome.NOTE}
    assert {change.address.kind for change in plan.pending} >= {
        "meter",
        "feature",
        "addon",
        "plan",
        "customer",
        "grant",
    }
