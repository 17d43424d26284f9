"""Deletes of entities whose rows are as they were decided on, and of those whose rows have changed since."""

from decimal import Decimal

import pytest

from billsync.apply import one_rule
from billsync.apply.execute import Manner
from billsync.model.result import Status
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields
from tests.laws.test_execute import METER, METERS, Ran, delete, rename
from tests.support.scripted import Scripted

ROW: Fields = {"id": "m1", **METER, "labels": {"team": "a"}, "version": 1}
HAVE: Fields = {**METER, "labels": {"team": "a"}}
KNOWN = Snapshot(rows={"meter": (Row("meter", "m1", ROW),)})


def run(*rows: Fields, calls_first: bool = True) -> tuple[Ran, Scripted]:
    server = Scripted({METERS: list(rows)})
    return Ran(server, [delete(HAVE)], Manner(calls_first=calls_first), known=KNOWN), server


@pytest.mark.parametrize(
    ("now", "looks", "status"),
    [
        ([ROW], 0, Status.DONE),
        ([{**ROW, "updated_at": "2026-09-01T00:00:00Z"}], 1, Status.DONE),
        ([{**ROW, "version": True}], 1, Status.DONE),
        ([{**ROW, "version": Decimal(1)}], 1, Status.DONE),
        ([{**ROW, "id": "m2"}], 1, Status.DONE),
        ([{**ROW, "name": "Another"}], 1, Status.STALE),
        ([{**ROW, "labels": {"team": "b"}}], 1, Status.STALE),
        ([{**ROW, "deleted_at": "2026-09-01T00:00:00Z"}], 1, Status.ALREADY),
        ([ROW, {**ROW, "id": "m2"}], 1, Status.FAILED),
        ([], 1, Status.ALREADY),
    ],
)
def test_what_is_not_certainly_the_same_row_is_looked_at(
    now: list[Fields], looks: int, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is the same as with a look; only an equal row, value by value, needs none."""
    seen: list[object] = []
    look = one_rule._look
    monkeypatch.setattr(one_rule, "_look", lambda *a, **named: (seen.append(a), look(*a, **named))[1])

    ran, server = run(*now)
    number = len(seen)
    other, _ = run(*now, calls_first=False)

    assert (ran.ends, number) == (other.ends, looks)
    assert ran.ends[0][1] is status
    assert len(server.called) == (status is Status.DONE)


def test_an_entity_that_the_run_itself_changes_is_looked_at() -> None:
    """Its row is as it was decided on before the change, not before the delete."""
    server = Scripted({METERS: [ROW]})
    named = {**HAVE, "name": "All calls"}
    steps = [rename(HAVE, named), delete(named)]

    ran = Ran(server, steps, Manner(calls_first=True), known=KNOWN)

    assert [end[1] for end in ran.ends] == [Status.DONE, Status.DONE]
    assert [call[0] for call in server.called] == ["PUT", "DELETE"]
