"""What a mutation comes to on a live local server that holds the base: a code, and why it fails the law if it does."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import httpx

from billsync.api.routes import routes
from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.app.server.connection import Connection
from billsync.config import load
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.model.change import Outcome, PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.state import Desired, Snapshot
from tests.coverage_of_fields.bases import Base
from tests.coverage_of_fields.mutations import Mutation
from tests.support.world import BASE, NoJournal, World

CONVERGES, SILENT = "converges", "silent"
TRIES = 12
ROUTES = routes("openmeter")
PARENT = "{parent}"
STOPS = (Outcome.REFUSED, Outcome.BLOCKED, Outcome.WAITING, Outcome.UNMANAGEABLE)
SERVERS_OWN = frozenset({"created_at", "updated_at", "effective_from", "effective_to", "version"})
"""Members of rows that say when and which, not what was declared."""
NO_TEXT = ("description", "")
"""How some rows show that a description was taken away, which is the same as none (catalog-facts.md §6.1)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`code` is `converges`, `silent`, or the codes that refuse; `trouble` is what breaks the law outright."""

    code: str
    trouble: str = ""


def declared(base: Base) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """What the file with this entity declares."""
    return load(["-"], registry=KINDS, stdin=StringIO(base.text()))


def is_valid(base: Base) -> bool:
    """Whether nothing is wrong with the file."""
    return not declared(base)[1]


class Bench:
    """Servers on which mutations are tried; each base is brought to a server once, and copied for each trial."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.prepared = cache(self._prepare)

    def try_out(self, mutation: Mutation) -> Trial:
        """The first candidate that the offline checks let through, and that isn't what is live, decides.

        If there is none, what the first one came to.
        """
        trials: list[Trial] = []
        for entity in mutation.entities[:TRIES]:
            desired, diagnostics = declared(mutation.base.with_entity(entity))
            if diagnostics:
                trials.append(Trial("+".join(sorted({diagnostic.code for diagnostic in diagnostics}))))
                continue
            trial = self._on_server(mutation.base, desired)
            if trial.code != SILENT or trial.trouble:
                return trial
            trials.insert(0, trial)
        return trials[0]

    def _prepare(self, text: str) -> tuple[Path, Mapping[str, Any]]:
        """A database with a base in it, and what it shows."""
        desired, diagnostics = load(["-"], registry=KINDS, stdin=StringIO(text))
        assert not diagnostics, diagnostics
        world = self._world(None)
        Difference.of(world, desired).apply()
        shown = rows(world)
        world.close()
        return Path(world.database), shown

    def _world(self, copied: Path | None) -> World:
        self.count += 1
        path = self.folder / f"{self.count}.db"
        if copied is not None:
            shutil.copy(copied, path)
        world = World(seed=self.count, database=str(path))
        world.clock.advance(60.0 if copied is not None else 0.0)
        return world

    def _on_server(self, base: Base, desired: Desired) -> Trial:
        database, before = self.prepared(base.text())
        world = self._world(database)
        try:
            return self._compared(world, desired, before, base=base)
        finally:
            world.close()
            Path(world.database).unlink()

    def _compared(self, world: World, desired: Desired, before: Mapping[str, Any], *, base: Base) -> Trial:
        difference = Difference.of(world, desired)
        fresh = self._fresh(base, desired)
        if (code := _code(difference.plan)) != CONVERGES or fresh.trouble:
            return Trial(code, fresh.trouble or _changed(rows(world), before))
        try:
            difference.apply()
        except AssertionError as error:
            return Trial(code, str(error))
        kind = base.kind.name
        return Trial(code, _departure(_of(kind, rows(world)), before=_of(kind, before), fresh=_of(kind, fresh.rows)))

    def _fresh(self, base: Base, desired: Desired) -> Fresh:
        """The same declaration on a server that has only what stands beside the entity, if that can stand alone."""
        world = self._world(self.prepared(base.text_beside())[0] if base.stands_alone else None)
        try:
            difference = Difference.of(world, desired)
            if not _stops(difference.plan):
                difference.apply()
            return Fresh(rows(world))
        except AssertionError as error:
            return Fresh({}, f"on a fresh server: {error}")
        finally:
            world.close()
            Path(world.database).unlink()


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a fresh server shows."""

    rows: Mapping[str, Any]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A comparison with a server, and the connection on which it was made."""

    world: World
    desired: Desired
    connection: Connection
    plan: PlanFile
    known: Snapshot

    @classmethod
    def of(cls, world: World, desired: Desired) -> Difference:
        """Compare as `sync` does."""
        connection = world.connection()
        comparison = compare(connection, desired, Mode("sync", True, {}))
        return cls(world, desired, connection, comparison.plan, comparison.snapshot)

    def apply(self) -> None:
        """Carry the plan out as `sync` does, and then there is nothing to do any more. Raises AssertionError."""
        assert not self.plan.guards, f"guarded: {self.plan.guards}"
        report = carry_out(self.connection, self.plan, journal=NoJournal(), known=self.known)
        ends = [f"{result.step.id} {result.status.value}: {result.reason}" for result in report.results]
        assert report.succeeded, "; ".join(ends)
        again = self.world.plan(self.desired)
        assert not again.pending, f"it doesn't converge: {[c.fields for c in again.pending]}"
        stopped = [change for change in again.changes if change.outcome in (Outcome.REFUSED, Outcome.BLOCKED)]
        assert not stopped, f"refused afterwards: {stopped}"


def _code(plan: PlanFile) -> str:
    if stops := _stops(plan):
        return "+".join(stops)
    told = sorted({f"note:{change.code}" for change in plan.changes if change.outcome is Outcome.NOTE})
    return CONVERGES if plan.pending else "+".join(told) or SILENT


def _stops(plan: PlanFile) -> tuple[str, ...]:
    """The codes of guards and refusals."""
    guarded = {f"guard:{guard.code}" for guard in plan.guards}
    stopped = {change.code for change in plan.changes if change.outcome in STOPS and change.code != "blocked"}
    return tuple(sorted(guarded | stopped))


def _changed(after: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    return "" if after == before else "a comparison changed the server"


def _of(kind: str, shown: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: row for name, row in shown.items() if name.startswith(f"{kind}/")}


def _departure(after: Mapping[str, Any], *, before: Mapping[str, Any], fresh: Mapping[str, Any]) -> str:
    """Why the live state isn't the declared one: it is that of a fresh server, and another than before."""
    if after == before:
        return "a difference was shown and applied, and the server shows the same as before"
    missing = {name: row for name, row in fresh.items() if after.get(name) != row}
    if missing:
        return f"a fresh server shows {missing}, this one { ({name: after.get(name) for name in missing}) }"
    return ""


OF_A_LINK = ("openmeter_", "billsync_addons")
"""Labels that tell how a subscription began: after what, and with which declared add-ons."""


def rows(world: World) -> Mapping[str, Any]:
    """The newest row of each key as the bare API shows it, ids by name and without the server's own times."""
    with world.http() as http:
        found = {kind: _listed(http, where.collection) for kind, where in ROUTES.items() if not _is_inner(kind)}
        names = {
            row["id"]: f"{kind}/{row['key']}" for kind, members in found.items() for row in members if "key" in row
        }
        shown: dict[str, Any] = {}
        for kind in KINDS:
            if _is_inner(kind):
                shown |= _inner_rows(http, kind, found, names)
            else:
                shown |= _own_rows(http, kind, found[kind], names)
    return {name: _worded(row, names) for name, row in shown.items()}


def _is_inner(kind: str) -> bool:
    """Whether the kind's list stands below one row of another kind."""
    return PARENT in ROUTES[kind].collection


def _own_rows(
    http: httpx.Client, kind: str, members: list[dict[str, Any]], names: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The rows of a list by name, with their lists and hidden labels; a row without a key has its parent's name."""
    where = ROUTES[kind]
    if where.parent_filter is not None:
        return {
            f"{kind}/{names[row[where.parent_filter]]}": {**_declared_part(kind, row), **_attached(http, kind, row)}
            for row in members
        }
    for row in members:
        for part in where.parts:
            row[part.field] = _listed(http, part.collection.replace(PARENT, row["id"]))
        if where.hidden is not None:
            row["labels"] = _labels(http.get(_url(f"{where.hidden.collection}/{row['id']}")).json())
    return {names[row["id"]]: row for row in _oldest_first(members)}


def _attached(http: httpx.Client, kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row has attached to it now, by the ids of what that is."""
    attachments = ROUTES[kind].attachments
    if attachments is None:
        return {}
    found = _listed(http, attachments.part.collection.replace(PARENT, row["id"]))
    return {attachments.part.field: [[one["addon"]["id"], one["quantity"]] for one in found if one["quantity"]]}


def _inner_rows(
    http: httpx.Client, kind: str, found: Mapping[str, list[dict[str, Any]]], names: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The rows below each row of the parent's kind, by both names."""
    parent = KINDS[kind].parent
    assert parent is not None
    return {
        f"{kind}/{names[above['id']].partition('/')[2]}/{row['key']}": row
        for above in found[parent.kind]
        for row in _listed(http, ROUTES[kind].collection.replace(PARENT, above["id"]))
    }


def _listed(http: httpx.Client, collection: str) -> list[dict[str, Any]]:
    answer = http.get(_url(collection), params={"page[size]": "1000"})
    answer.raise_for_status()
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def _url(path: str) -> str:
    return f"{BASE.removesuffix('/v3')}{path}" if path.startswith("/v1/") else f"{BASE}{path}"


def _labels(document: dict[str, Any]) -> list[Any]:
    """The labels of a plan, its phases and its cards, which only API v1 shows, as it shows them."""
    lists = [document.get(name, []) for name in ("phases", "rateCards")]
    return [document.get("metadata"), [_labels(member) for members in lists for member in members]]


def _oldest_first(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(members, key=lambda row: row.get("version", 0))


def _declared_part(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """What of a row without a key was declared; the rest follows from the time at which it began, and from what it was
    changed from."""
    fields = (*ROUTES[kind].create, "status")
    labels = {name: value for name, value in row["labels"].items() if not name.startswith(OF_A_LINK)}
    return {name: value for name, value in {**row, "labels": labels}.items() if name.removesuffix("_id") in fields}


def _worded(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in SERVERS_OWN and (name, item) != NO_TEXT}
        return {name: _worded(item, names) for name, item in kept.items() if name != "id" or item in names}
    if isinstance(value, list):
        return [_worded(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
