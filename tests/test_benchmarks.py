"""The made-up configuration and server of `benchmarks.reconcile`, at a tiny size, without sockets."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.reconcile.answers import Api
from benchmarks.reconcile.files import one_in_a_hundred_renamed, write_files
from benchmarks.reconcile.floor_writes import Request, created
from benchmarks.reconcile.floors import parsed, whole_of
from benchmarks.reconcile.store import empty, filled
from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import Comparison, compare
from billsync.app.server.connection import Connection
from billsync.config import load
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.model.value import Plain
from tests.support.clock import FakeClock
from tests.support.made_up_server import Asked

CUSTOMERS = 5


class Unread:
    """A journal that nobody reads."""

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        pass


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_files(tmp_path, CUSTOMERS)
    return tmp_path


def compared(api: Api, files: Path) -> tuple[Comparison, Connection]:
    desired, findings = load([str(files)], registry=KINDS)
    assert not findings
    connection = Connection(Asked(api), FakeClock(), "made up", "openmeter")
    return compare(connection, desired, Mode("sync", deletes=True, allow={})), connection


def test_the_rows_of_the_made_up_server_equal_the_files(files: Path) -> None:
    comparison, _ = compared(Api(filled(CUSTOMERS)), files)

    assert comparison.plan.changes == ()


def test_a_renamed_customer_is_the_only_change(tmp_path: Path) -> None:
    write_files(tmp_path, CUSTOMERS, change=one_in_a_hundred_renamed)

    comparison, _ = compared(Api(filled(CUSTOMERS)), tmp_path)

    assert [change.address.key for change in comparison.plan.changes] == ["customer-000000"]


def test_a_customer_that_is_left_out_is_deleted(tmp_path: Path) -> None:
    """Customers that have no subscription can go at once."""
    api = Api(filled(CUSTOMERS, subscribers_every=2))
    write_files(tmp_path, CUSTOMERS, every=2)

    comparison, connection = compared(api, tmp_path)
    carry_out(connection, comparison.plan, journal=Unread(), known=comparison.snapshot)

    assert sorted(api.shelves["customers"].by_key) == [f"customer-00000{number}" for number in (0, 2, 4)]


def test_a_server_on_which_all_was_created_equals_the_files(files: Path) -> None:
    api = Api(empty())

    comparison, connection = compared(api, files)
    carry_out(connection, comparison.plan, journal=Unread(), known=comparison.snapshot)

    assert compared(api, files)[0].plan.changes == ()


def test_the_floor_of_creating_makes_the_same_rows(files: Path) -> None:
    """Else the floor would be that of other work."""
    pytest.importorskip("ryml", reason="the floors need the compiled libraries")
    api = Api(empty())

    def ask(requests: Iterator[Request]) -> None:
        for (path, body), took in requests:
            status, content = api.answer("POST", f"/api/v3/openmeter{path}", json.dumps(body).encode())
            assert status < 300, content
            ask(took(json.loads(content)))

    created(whole_of(parsed([path.read_bytes() for path in files.iterdir()])), ask)

    assert compared(api, files)[0].plan.changes == ()
