"""Growth of what a comparison costs: `python -m benchmarks.scaling [N…]`, for N customers each.

Every case compares made-up files with a made-up server in this process, and renders the result. An exponent of 1 is
linear; the CPU of the server is in "read".
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from benchmarks.reconcile import files
from benchmarks.reconcile.answers import ROOT, Api
from benchmarks.reconcile.declared import Fields, plan_count
from benchmarks.reconcile.store import empty, filled
from billsync.app.comparing.difference import DiffScope, difference
from billsync.app.planning.pipeline import compared, read_live
from billsync.app.planning.plan_files import saved
from billsync.app.server.connection import Connection
from billsync.config import load
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.live.protocol.encoding import decode
from billsync.model.ports import Answer
from billsync.model.state import Desired, Entity
from billsync.model.value import Plain
from billsync.render.plan.outline import outline
from billsync.render.plan.structured import as_json
from billsync.render.plan.text import as_text

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIZES = (500, 1_000, 2_000)
STAGES = ("read", "compare", "money", "text", "json", "plan file")


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return always the same moment."""
        return NOW

    def sleep(self, seconds: float) -> None:
        """Wait for nothing."""


class InProcess:
    """Implements `ports.Remote` over the made-up server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """Return an answer, with exact numbers."""
        status, body = self._api.answer("GET", f"{ROOT}{path.removeprefix('/openmeter/')}?{urlencode(query)}", b"")
        return Answer(status, decode(body))

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """Nothing is written."""
        raise AssertionError(f"{method} {path}")


@dataclass(frozen=True)
class Case:
    """Files and a server. One customer in `every` is declared, changed by `change`, and one in `subscribers_every` is
    live with a subscription; `dearer` changes a price of all plans."""

    name: str
    every: int = 1
    is_empty: bool = False
    subscribers_every: int = 1
    change: Callable[[Entity, int], Entity] = lambda entity, plans: entity
    dearer: bool = False
    catalog_only: bool = False


def renamed(entity: Entity, plans: int) -> Entity:
    """Return a customer with another name; a grant and a subscription stay."""
    if entity.address.kind != "customer":
        return entity
    return replace(entity, fields={**entity.fields, "name": f"{entity.fields['name']} Ltd"})


def moved(entity: Entity, plans: int) -> Entity:
    """Return a subscription with another plan."""
    if entity.address.kind != "subscription":
        return entity
    number = int(str(entity.address.parents[0]).rpartition("-")[2])
    return replace(entity, fields={**entity.fields, "plan": f"plan_{(number + 1) % plans:03}"})


def rekeyed(entity: Entity, plans: int) -> Entity:
    """Return an entity of a customer under another key."""
    address = entity.address
    if not address.names[0].startswith("customer-"):
        return entity
    names = (address.names[0].replace("customer-", "client-"), *address.names[1:])
    fields = entity.fields
    if address.kind == "customer":
        subjects = [f"new-{subject}" for subject in fields["usage_attribution"]["subject_keys"]]
        fields = {**fields, "key": names[0], "usage_attribution": {"subject_keys": subjects}}
    return replace(entity, address=replace(address, names=names), fields=fields)


CASES = (
    Case("no change"),
    Case("create all", is_empty=True),
    Case("delete half", every=2, subscribers_every=10**9),
    Case("delete half, with subscriptions", every=2),
    Case("change all", change=renamed),
    Case("new prices", dearer=True),
    Case("move all", change=moved),
    Case("all under new keys", change=rekeyed),
    Case("catalog only", catalog_only=True),
)


def declared(folder: Path, customers: int, *, dearer: bool) -> Desired:
    """The state that files of that many customers declare."""
    files.write_files(folder, customers, dearer=lambda number: dearer)
    desired, findings = load([str(folder)], registry=KINDS)
    assert not findings, findings[:3]
    return desired


def desired_in(case: Case, whole: Desired, customers: int) -> Desired:
    """The part of a state that a case declares."""
    plans = plan_count(customers)

    def is_there(entity: Entity) -> bool:
        name = entity.address.names[0]
        if name.startswith("customer-"):
            number = int(name.rpartition("-")[2])
            return not case.catalog_only and number < customers and number % case.every == 0
        return entity.address.kind != "plan" or int(name.rpartition("_")[2]) < plans

    entities = tuple(case.change(_with_plan(entity, plans), plans) for entity in whole.entities if is_there(entity))
    if case.subscribers_every > 1:
        entities = tuple(entity for entity in entities if len(entity.address.names) == 1)
    return replace(whole, entities=entities)


def _with_plan(entity: Entity, plans: int) -> Entity:
    if entity.address.kind != "subscription":
        return entity
    number = int(str(entity.address.parents[0]).rpartition("-")[2])
    return replace(entity, fields={**entity.fields, "plan": f"plan_{number % plans:03}"})


def measured(case: Case, whole: Desired, customers: int) -> Mapping[str, float]:
    """CPU seconds by stage."""
    desired = desired_in(case, whole, customers)
    shelves = empty() if case.is_empty else filled(customers, subscribers_every=case.subscribers_every)
    connection = Connection(InProcess(Api(shelves)), Still(), "http://bench", "openmeter")
    mode = Mode("sync", deletes=True, allow={"deletes": "1000000", "cancel": "", "customer-credit": ""})
    times: dict[str, float] = {}

    def timed(stage: str, act: Callable[[], object]) -> object:
        gc.collect()
        began = time.process_time()
        result = act()
        times[stage] = time.process_time() - began
        return result

    found = timed("read", lambda: read_live(connection, desired, deletes=True))
    comparison = timed("compare", lambda: compared(connection, desired, found, mode))  # type: ignore[arg-type]
    scope = DiffScope(mode.allow)
    timed("money", lambda: difference(connection, desired, scope))
    times["money"] -= times["read"] + times["compare"]
    shown = outline(comparison.plan)  # type: ignore[attr-defined]
    timed("text", lambda: as_text(outline(comparison.plan)))  # type: ignore[attr-defined]
    timed("json", lambda: as_json(shown))
    timed("plan file", lambda: saved(comparison.plan))  # type: ignore[attr-defined]
    return times


def exponent(small: float, large: float, ratio: float) -> float:
    """The power of the size with which a time grows; 0 for times too short to say."""
    return math.log(large / small) / math.log(ratio) if small > 0.02 and large > 0 else 0.0


def main(arguments: Sequence[str]) -> None:
    """Measure, and print a line for each case and size."""
    sizes = tuple(int(one) for one in arguments if one.isdigit()) or SIZES
    words = [one for one in arguments if not one.isdigit()]
    with TemporaryDirectory() as folder:
        plain = declared(Path(folder, "plain"), sizes[-1], dearer=False)
        dearer = declared(Path(folder, "dearer"), sizes[-1], dearer=True)
    print(f"{'case':34}{'N':>7}" + "".join(f"{stage:>11}" for stage in STAGES), flush=True)
    for case in CASES:
        if words and not any(word in case.name for word in words):
            continue
        rows: list[Fields] = []
        for size in sizes:
            rows.append(dict(measured(case, dearer if case.dearer else plain, size)))
            print(f"{case.name:34}{size:>7}" + "".join(f"{rows[-1][stage]:>11.3f}" for stage in STAGES), flush=True)
        growth = (exponent(rows[0][stage], rows[-1][stage], sizes[-1] / sizes[0]) for stage in STAGES)
        print(f"{'':34}{'grows':>7}" + "".join(f"{power:>11.2f}" for power in growth), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
