"""What a mutation comes to on a live local server that holds the base: a code, and why it fails the law if it does."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.change import Outcome, PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.state import Desired
from tests.coverage_of_fields.bases import Base
from tests.coverage_of_fields.mutations import Mutation
from tests.support.world import World

CONVERGES, SILENT = "converges", "silent"
TRIES = 12
LISTS = {"meter": "meters", "feature": "features", "addon": "addons", "plan": "plans", "customer": "customers"}
STOPS = (Outcome.REFUSED, Outcome.BLOCKED, Outcome.WAITING, Outcome.UNMANAGEABLE)
SERVERS_OWN = frozenset({"created_at", "updated_at", "effective_from", "effective_to", "version"})
"""Members of rows that say when and which, not what was declared."""


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
        _bring(world, desired)
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
        plan = world.plan(desired)
        fresh = self._fresh(base, desired)
        if (code := _code(plan)) != CONVERGES or fresh.trouble:
            return Trial(code, fresh.trouble or _changed(rows(world), before))
        try:
            _bring(world, desired)
        except AssertionError as error:
            return Trial(code, str(error))
        kind = base.kind.name
        return Trial(code, _departure(_of(kind, rows(world)), before=_of(kind, before), fresh=_of(kind, fresh.rows)))

    def _fresh(self, base: Base, desired: Desired) -> Fresh:
        """The same declaration on a server that has only what stands beside the entity, if that can stand alone."""
        world = self._world(self.prepared(base.text_beside())[0] if base.stands_alone else None)
        try:
            if not _stops(world.plan(desired)):
                _bring(world, desired)
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


def _bring(world: World, desired: Desired) -> None:
    """Sync, and then there is nothing to do any more. Raises AssertionError."""
    run = world.sync(desired)
    ends = [f"{result.step.id} {result.status.value}: {result.reason}" for result in run.report.results]
    assert run.report.succeeded, "; ".join(ends)
    again = world.plan(desired)
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


def rows(world: World) -> Mapping[str, Any]:
    """The newest row of each key as the bare API shows it, ids by name and without the server's own times."""
    with world.http() as http:

        def listed(path: str) -> list[dict[str, Any]]:
            answer = http.get(path, params={"page[size]": "1000"})
            answer.raise_for_status()
            data: list[dict[str, Any]] = answer.json()["data"]
            return data

        found = {kind: listed(path) for kind, path in LISTS.items()}
        for plan in found["plan"]:
            plan["addons"] = listed(f"plans/{plan['id']}/addons")
            plan["labels"] = _labels(http.get(f"{str(http.base_url).partition('/v3')[0]}/v1/plans/{plan['id']}").json())
        names = {row["id"]: f"{kind}/{row['key']}" for kind, members in found.items() for row in members}
        names |= {row["id"]: f"tax_code/{row['key']}" for row in listed("tax-codes")}
        shown = {names[row["id"]]: row for members in found.values() for row in _oldest_first(members)}
        for customer in found["customer"]:
            for grant in listed(f"customers/{customer['id']}/credits/grants"):
                shown[f"grant/{customer['key']}/{grant['key']}"] = grant
        for row in listed("subscriptions"):
            shown[f"subscription/{names[row['customer_id']]}"] = _settled_part(row)
    return {name: _worded(row, names) for name, row in shown.items()}


def _labels(document: dict[str, Any]) -> list[Any]:
    """The labels of a plan, its phases and its cards, which only API v1 shows, as it shows them."""
    lists = [document.get(name, []) for name in ("phases", "rateCards")]
    return [document.get("metadata"), [_labels(member) for members in lists for member in members]]


def _oldest_first(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(members, key=lambda row: row.get("version", 0))


def _settled_part(row: dict[str, Any]) -> dict[str, Any]:
    """What of a subscription was declared; the rest follows from the time at which it began."""
    settled = ("customer_id", "plan_id", "settlement_mode", "cost_basis_mode", "labels", "billing_anchor", "status")
    return {name: row[name] for name in settled if name in row}


def _worded(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in SERVERS_OWN}
        return {name: _worded(item, names) for name, item in kept.items() if name != "id" or item in names}
    if isinstance(value, list):
        return [_worded(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
