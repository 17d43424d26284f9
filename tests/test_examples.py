"""Every example under examples/ is discovered, checked, and synced to a fresh embedded server, twice."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.app.server.connection import Connection
from billsync.config import load
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.live.client import Settings
from billsync.live.connect import open_remote
from billsync.live.protocol.target import Target, parse_target
from billsync.local.app import create_app
from billsync.model.change import Outcome, PlanFile
from billsync.model.diagnostic import Severity
from billsync.model.result import Report
from billsync.model.state import Desired
from billsync.model.value import Plain
from tests.support.clock import FakeClock
from tests.support.world import examples

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
SECRET = "billing@fleetwise.example"
PICTURE = re.compile(r"<svg.*?</svg>", re.DOTALL)
NAMES = tuple(path.name for path in examples())
PRICES = ("free", "flat", "unit", "graduated", "volume")
SCHEMA_LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


class Unread:
    """A journal that nobody reads."""

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Connection]:
    """A fresh embedded server."""
    clock = FakeClock()
    app = create_app(":memory:", clock=clock.now)
    target = parse_target("local::memory:")
    assert isinstance(target, Target)
    with open_remote(target, clock, Settings(transport=httpx.WSGITransport(app))) as remote:
        yield Connection(remote, clock, target.name, "openmeter")
    app.close()


def loaded(name: str) -> Desired:
    desired, diagnostics = load([str(EXAMPLES / name)], registry=KINDS)
    assert [found for found in diagnostics if found.severity is not Severity.NOTE] == []
    return desired


def synced(connection: Connection, desired: Desired) -> tuple[PlanFile, Report]:
    comparison = compare(connection, desired, Mode("sync", deletes=True, allow={}))
    return comparison.plan, carry_out(connection, comparison.plan, journal=Unread(), known=comparison.snapshot)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_has_nothing_that_is_wrong(name: str) -> None:
    _, diagnostics = load([str(EXAMPLES / name)], registry=KINDS)

    assert [found for found in diagnostics if found.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_synced_to_a_fresh_server_once(name: str, server: Connection) -> None:
    desired = loaded(name)

    first, report = synced(server, desired)
    again, nothing = synced(server, desired)

    assert {change.outcome for change in first.changes} == {Outcome.PENDING}
    assert {change.address.unversioned() for change in first.changes} == {e.address for e in desired.entities}
    assert (first.guards, report.succeeded, report.wrote) == ((), True, True)
    assert {change.outcome for change in again.changes} <= {Outcome.WAITING}
    assert (again.steps, again.guards, nothing.results) == ((), (), ())


def test_all_examples_live_together_on_one_server(server: Connection) -> None:
    for name in NAMES:
        synced(server, loaded(name))

    plans = {name: synced(server, loaded(name))[0] for name in NAMES}

    pending = {
        name: [one for one in plan.changes if one.outcome is not Outcome.WAITING] for name, plan in plans.items()
    }
    assert pending == {name: [] for name in NAMES}


@pytest.mark.parametrize("price", PRICES)
def test_each_price_type_has_an_example_that_uses_it(price: str) -> None:
    desired = loaded(f"price-{price}")

    plans = [entity.fields for entity in desired.entities if entity.address.kind == "plan"]
    used = {card["price"]["type"] for plan in plans for phase in plan["phases"] for card in phase["rate_cards"]}

    assert price in used


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_examples_file_tells_editors_where_its_schema_is(path: Path) -> None:
    line = SCHEMA_LINE.match(path.read_text(encoding="utf-8"))

    assert line is not None
    assert (path.parent / line[1]).resolve() == EXAMPLES.parent / "schemas" / "billsync.schema.json"


def test_the_schema_that_the_examples_name_exists() -> None:
    schema = EXAMPLES.parent / "schemas" / "billsync.schema.json"

    assert schema.is_file()


def test_the_gitops_example_is_what_a_fresh_run_makes(tmp_path: Path) -> None:
    """The pictures may differ with the library that draws them."""
    subprocess.run([sys.executable, ROOT / "scripts" / "generate_gitops_example.py", tmp_path], check=True)

    made, kept = (
        {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.suffix != ".diff"}
        for folder in (tmp_path, EXAMPLES / "gitops" / "pull-request")
    )

    assert {name: PICTURE.sub("", text) for name, text in made.items()} == {
        name: PICTURE.sub("", text) for name, text in kept.items()
    }, "run scripts/generate_gitops_example.py"
    assert {name: bool(PICTURE.search(text)) for name, text in made.items()} == {"comment.md": False, "page.html": True}
    assert SECRET not in "".join(made.values())


def test_the_gitops_example_is_valid_in_each_environment() -> None:
    folder = EXAMPLES / "gitops"

    found = [
        load([str(folder / "billing")], registry=KINDS, overlays=[str(path)], environment={"FLEETWISE_EMAIL": SECRET})
        for path in sorted((folder / "environments").iterdir())
    ]

    assert [diagnostics for _, diagnostics in found] == [(), ()]
    assert [sum(e.address.kind == "customer" for e in desired.entities) for desired, _ in found] == [8, 2]
