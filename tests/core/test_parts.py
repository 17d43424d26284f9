"""Lists that have rows of their own: which are read for what, and how they stand in their entity's row."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.api.routes import routes
from billsync.core.changes.parts import all_part_reads, part_reads, with_parts
from billsync.core.observed.index import index
from billsync.core.observed.row_validation import unknown_in
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.globs import Patterns
from billsync.model.state import Desired, Entity, Read, Row, Snapshot

TABLES = routes("openmeter")
HERE = Position("a.yaml", 1, 1)
OURS = {"billsync_owner": "payments"}
ATTACHED = {"id": "PA1", "name": "", "addon": {"id": "A1"}, "from_plan_phase": "default", "labels": {}}


def plan(server_id: str, key: str, version: int, status: str) -> Row:
    return Row("plan", server_id, {"id": server_id, "key": key, "version": version, "status": status})


PLANS = (
    plan("P1", "pro", 1, "archived"),
    plan("P2", "pro", 2, "active"),
    plan("P3", "pro", 3, "draft"),
    plan("P4", "old", 1, "archived"),
    plan("P5", "old", 2, "archived"),
    plan("P6", "others", 1, "active"),
    plan("P7", "others", 2, "draft"),
)
ADDON = Row("addon", "A1", {"id": "A1", "key": "x", "version": 1, "status": "active", "labels": OURS})
LIVE = Snapshot({"plan": PLANS, "addon": (ADDON,)})
FOUND = index(LIVE, KINDS, TABLES)


def declared(*keys: str, **more: Any) -> Desired:
    entities = tuple(Entity(Address("plan", (key,)), {"key": key}, HERE) for key in keys)
    return Desired("payments", entities, **more)


def read_for(desired: Desired, *, deletes: bool = False) -> list[str | None]:
    reads = part_reads(desired, FOUND, KINDS, TABLES, deletes=deletes)
    assert {(read.kind, read.part) for read in reads} <= {("plan", "addons")}
    return [read.parent_id for read in reads]


@pytest.mark.parametrize(
    ("desired", "ids"),
    [
        (declared("pro"), ["P2", "P3"]),
        (declared("old"), ["P5"]),
        (declared("new"), []),
        (declared(named=frozenset({"plan"}), adopted=Patterns({"plan": ("others",)})), []),
    ],
)
def test_lists_of_declared_plans_are_read_except_replaced_versions(desired: Desired, ids: list[str | None]) -> None:
    """The add-on lists of declared plans are read, except those of versions that have been replaced."""
    assert read_for(desired) == ids


def test_the_lists_of_what_may_be_removed_are_read_with_deletes_alone() -> None:
    desired = declared("pro", named=frozenset({"plan"}), adopted=Patterns({"plan": ("others",)}))

    assert read_for(desired, deletes=True) == ["P6", "P7", "P2", "P3"]


def test_lists_of_all_plans_in_force_are_read_where_addons_may_go() -> None:
    """Where an add-on that plans offer may be deleted, the lists of all plans in force are read."""
    assert read_for(declared("pro", named=frozenset({"addon"})), deletes=True) == ["P6", "P2", "P3"]


def test_a_dump_reads_the_lists_of_active_versions() -> None:
    assert [read.parent_id for read in all_part_reads(FOUND, KINDS, TABLES)] == ["P6", "P2"]


def test_part_rows_become_a_list_in_their_entity() -> None:
    """Rows of a part become a list in their entity, without deleted rows and the server's own fields."""
    gone = {**ATTACHED, "id": "PA2", "deleted_at": "2026-11-21T10:00:00Z"}
    read = {Read("plan", parent_id="P2", part="addons"): (ATTACHED, gone)}

    whole = with_parts(Snapshot(LIVE.rows, parts=read), TABLES)

    with_list = {row.id: row.fields["addons"] for row in whole.of("plan") if "addons" in row.fields}
    assert with_list == {
        "P2": [{"id": "PA1", "labels": {}, "name": "", "addon": {"id": "A1"}, "from_plan_phase": "default"}]
    }
    assert whole.of("addon") == (ADDON,)


@pytest.mark.parametrize(
    ("member", "faults"),
    [
        ({"addon": {"id": "A1"}, "from_plan_phase": "default"}, ()),
        ({"addon": {"key": "x"}}, ("addons.0.addon: {'key': 'x'}",)),
        ({"addon": "A1"}, ("addons.0.addon: 'A1'",)),
        ({"addon": {"id": "A1"}, "from_plan_phase": ["default"]}, ("addons.0.from_plan_phase: ['default']",)),
        ({"from_plan_phase": "default"}, ("addons.0.addon: (none)",)),
    ],
)
def test_a_member_that_the_api_does_not_have_is_a_fault_of_its_entity(member: Any, faults: tuple[str, ...]) -> None:
    promised = {"name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": []}
    row = {**PLANS[1].fields, **promised, "addons": [member]}

    assert unknown_in(KINDS["plan"], row) == faults
