"""What becomes of a chain, by the situation that its head is in and by what is declared; on OpenMeter and on Konnect.

Konnect shows neither the times nor the plan's version of a subscription, begins none later, and takes back none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from billsync.api.documents import BALANCE
from billsync.api.generations import dated
from billsync.api.routes import routes_of
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, Row, Snapshot
from billsync.model.transition import REFUSE, Side, Transition

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DECEMBER, JANUARY, MAY = "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-05-01T00:00:00Z"
OURS = {"billsync_owner": "payments"}
PREVIOUS, SUPERSEDED = "openmeter_subscription.previous.id", "openmeter_subscription.superseding.id"
DIALECTS = ("openmeter", "konnect")
CODES = {
    "begins-later", "cant-withdraw", "chain-ended", "chain-ending", "change-scheduled", "changed-elsewhere",
    "changed-on-both-sides", "ends", "ends-first", "ends-later", "made-elsewhere", "never-begun", "no-timing",
    "not-owned",
    "restart-waits", "start-differs", "start-passed", "transition-refused", "unmanageable", "would-move",
}  # fmt: skip
PLANS = {"S1": ("small", 1, "archived"), "S2": ("small", 2, "active"), "L1": ("large", 1, "active")}
PLANS |= {"B1": ("barred", 1, "active")}
RULES = (Transition(Side(), Side(("barred",)), REFUSE, "ask sales"),)
SHOWN_BY_OPENMETER = ("active_from", "active_to", "current_period", "plan")
Links = tuple[dict[str, Any], ...]


def link(number: int, plan: str, status: str, **more: Any) -> dict[str, Any]:
    """A link of ours that began on 1 November, or as `more` says."""
    labels = {**OURS, "billsync_key": "default", "billsync_plan": plan, **more.pop("labels", {})}
    period = {} if status == "scheduled" else {"current_period": {"from": "2026-11-01T00:00:00Z", "to": DECEMBER}}
    return {
        "id": f"X{number}",
        "customer_id": "C1",
        "plan_id": plan,
        "plan": {"id": plan, "key": PLANS[plan][0], "version": PLANS[plan][1]},
        "status": status,
        "settlement_mode": "credit_only",
        "billing_anchor": "2026-11-01T00:00:00Z",
        "billing_cadence": "P1M",
        "active_from": "2026-11-01T00:00:00Z",
        "labels": {name: value for name, value in labels.items() if value is not None},
        **period,
        **more,
    }


def going_to(plan: str, applied: str) -> Links:
    """A link on version 2 of the small plan that changes at renewal; `applied` is what billsync last applied."""
    now = link(1, "S2", "canceled", active_to=DECEMBER, labels={SUPERSEDED: "X2"})
    then = link(2, plan, "scheduled", active_from=DECEMBER, labels={PREVIOUS: "X1", "billsync_plan": applied})
    return (now, then)


UNMADE = {"billsync_key": None, "billsync_owner": None, "billsync_plan": None}
SITUATIONS: Mapping[str, Links] = {
    "none": (),
    "active": (link(1, "S2", "active"),),
    "active, archived version": (link(1, "S1", "active"),),
    "canceled": (link(1, "S2", "canceled", active_to=DECEMBER),),
    "canceled, later": (link(1, "S2", "canceled", active_to=JANUARY),),
    "ended": (link(1, "S2", "inactive", active_to="2026-11-09T00:00:00Z"),),
    "scheduled change": going_to("L1", "L1"),
    "scheduled by others": going_to("L1", "S2"),
    "scheduled first": (link(1, "S2", "scheduled", active_from=JANUARY),),
    "changed by others": (link(1, "L1", "active", labels={"billsync_plan": "S2"}),),
    "made by others": (link(1, "L1", "active", labels=UNMADE),),
    "of another owner": (link(1, "S2", "active", labels={"billsync_owner": "growth"}),),
}


def seen(row: dict[str, Any], dialect: str) -> dict[str, Any]:
    hidden = SHOWN_BY_OPENMETER if dialect == "konnect" else ()
    return {name: value for name, value in row.items() if name not in hidden}


def planned(situation: str, dialect: str, allow: str, declared: dict[str, Any] | None) -> PlanFile:
    can = dated(dialect)
    server = Server("here", routes_of(can), BALANCE, can.missing, can.is_alone)
    shown = {"currency": "USD", "billing_cadence": "P1M", "phases": []}
    plans = [
        Row("plan", id_, {"id": id_, "key": key, "name": key, "version": version, "status": status, **shown})
        for id_, (key, version, status) in PLANS.items()
    ]
    rows = tuple(Row("subscription", row["id"], seen(row, dialect)) for row in SITUATIONS[situation])
    acme = Row("customer", "C1", {"id": "C1", "key": "acme", "name": "Acme", "labels": OURS})
    place = Position("a.yaml", 1, 1)
    chains = (
        ()
        if declared is None
        else (Entity(Address("subscription", ("acme", "default")), {"key": "default", **declared}, place),)
    )
    entities = (Entity(Address("customer", ("acme",)), {"key": "acme", "name": "Acme"}, place), *chains)
    desired = Desired("payments", entities, named=frozenset({"customer", "subscription"}), transitions=RULES)
    live = Snapshot({"customer": (acme,), "plan": tuple(plans), "subscription": rows})
    flags = dict.fromkeys(allow.split(), "")
    return diff(desired, live, KINDS, server=server, mode=Mode("sync", True, flags), now=NOW)


def told(plan: PlanFile) -> str:
    """What a plan file says of the chain: its calls with the time of the change, or its code; then the guards."""
    changes = []
    for change in plan.changes:
        calls = [step.id.rpartition(":")[2] for step in plan.steps if step.id in change.steps]
        when = f" {change.timing}" if change.timing else ""
        changes.append(f"{', '.join(calls)}{when}" if calls else change.code)
    return "; ".join([*changes, *(f"stopped by {guard.code}" for guard in plan.guards)]) or "-"


DECLARED: Mapping[str, dict[str, Any] | None] = {
    "small": {"plan": "small"},
    "small ends at_renewal": {"plan": "small", "ends": "at_renewal"},
    "small ends immediate": {"plan": "small", "ends": "immediate"},
    "small start MAY": {"plan": "small", "start": MAY},
    "small start JANUARY": {"plan": "small", "start": JANUARY},
    "small start JANUARY ends": {"plan": "small", "start": JANUARY, "ends": "at_renewal"},
    "nothing": None,
    "large": {"plan": "large"},
    "large immediate": {"plan": "large", "change": "immediate"},
    "large at_renewal": {"plan": "large", "change": "at_renewal"},
    "barred": {"plan": "barred"},
    "small ends JANUARY": {"plan": "small", "ends": JANUARY},
    "large ends at_renewal": {"plan": "large", "ends": "at_renewal"},
    "small restart": {"plan": "small", "restart": 1},
    "small, other mode immediate": {"plan": "small", "settlement_mode": "credit_then_invoice", "change": "immediate"},
    "small latest at_renewal": {"plan": "small", "version": "latest", "change": "at_renewal"},
}
OUTCOMES = Path(__file__).with_name("chain_outcomes.txt")


def cases() -> Iterator[tuple[str, str, str]]:
    """A situation with its declaration, a dialect, and the outcome there."""
    for line in OUTCOMES.read_text(encoding="utf-8").splitlines()[1:]:
        case, *outcomes = (part.strip() for part in line.split("|"))
        for dialect, outcome in zip(DIALECTS, outcomes, strict=True):
            yield case, dialect, outcomes[0] if outcome == "=" else outcome


@pytest.mark.parametrize(("case", "dialect", "outcome"), list(cases()))
def test_a_chain_comes_to_the_outcome_of_its_situation(case: str, dialect: str, outcome: str) -> None:
    situation, _, declaration = case.partition(" / ")
    declared, _, allow = declaration.partition(" +")

    plan = planned(situation, dialect, allow, DECLARED[declared])

    assert told(plan) == outcome


def test_each_code_of_chains_has_its_case() -> None:
    said = {word for _, _, outcome in cases() for word in outcome.split("; ")}

    assert CODES - said == set()
