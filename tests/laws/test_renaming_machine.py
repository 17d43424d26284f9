"""Files of which only keys change, of every kind, with `moved` or without, while somebody cancels: a state machine.

Whatever is renamed, nothing is granted and nothing is sold after the first run, as no flag is given. With `moved` for
what it takes, a run is empty.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.apply.execute import stopped
from billsync.core.diffing.diff import Mode
from billsync.core.guards import guards
from billsync.kinds.registry import KINDS
from billsync.model.state import Desired
from tests.support.budgets import examples
from tests.support.faults import FaultyTransport
from tests.support.world import NoJournal, World, declared

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
CATALOG = tuple(kind.name for kind in KINDS.values() if kind.traits is None)
MOVABLE = tuple(kind.name for kind in KINDS.values() if kind.traits is not None)
MODES = {"sync": Mode("sync", True, {}), "apply": Mode("apply", False, {})}


def document(keys: dict[str, str], moved: list[Document]) -> Document:
    """One of everything, under these keys."""
    meter, feature, tax_code, addon, plan = (keys[kind] for kind in CATALOG)
    fee = {"key": "extra", "name": "Extra", "price": {"type": "flat", "amount": "3"}, "billing_cadence": "P1M"}
    offer = {"addon": addon}
    cards = [{"feature": feature, "price": {"type": "unit", "amount": "2"}, "tax_config": {"code": tax_code}}]
    grant = {"name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none"}
    return {
        "_info": {"owner": "us", "defaults": {"plan": {"currency": "USD", "billing_cadence": "P1M"}}},
        "adopted": {"plans": ["*"]},
        "meters": [{"key": meter, "name": "Calls", "event_type": "call", "aggregation": "count"}],
        "features": [{"key": feature, "name": "Calls", "meter": meter}],
        "tax_codes": [{"key": tax_code, "name": "VAT"}],
        "addons": [{"key": addon, "name": "More", "currency": "USD", "instance_type": "multiple", "rate_cards": [fee]}],
        "plans": [
            {
                "key": plan,
                "name": "Basic",
                "settlement_mode": "credit_only",
                "phases": [{"key": "default", "name": "Default", "rate_cards": cards}],
                "addons": [offer],
            }
        ],
        "customers": [
            {
                "key": keys["customer"],
                "name": "Acme Inc.",
                "grants": [{"key": keys["grant"], **grant}],
                "subscriptions": [{"key": keys["subscription"], "plan": plan}],
            },
            {"key": "other", "name": "Other Inc."},
        ],
        "moved": moved,
    }


class RenamedKeys(RuleBasedStateMachine):
    """`moves` are all renamings so far of what `moved` takes; every run may name them or not."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.keys = {kind: f"{kind}_0" for kind in CATALOG} | {kind: f"{kind}0" for kind in MOVABLE}
        self.moves: list[Document] = []
        self.number = 0
        self.cancelled = False
        self.first_keys = dict(self.keys)

    def teardown(self) -> None:
        self.world.close()

    @initialize()
    def first_run(self) -> None:
        """Everything is made once."""
        assert self.world.sync(self.desired(moved=False)).report.succeeded
        self.first = self.money()

    @rule(kind=st.sampled_from(CATALOG), mode=st.sampled_from(sorted(MODES)))
    def rename_in_the_catalog(self, kind: str, mode: str) -> None:
        """What is new is made, or refused; what it replaces goes, waits, or stays."""
        self.number += 1
        self.keys[kind] = f"{kind}_{self.number}"
        self.run(mode, self.desired(moved=True))

    @rule(kind=st.sampled_from(MOVABLE), mode=st.sampled_from(sorted(MODES)), moved=st.booleans())
    def rename_what_can_be_moved(self, kind: str, mode: str, *, moved: bool) -> None:
        """With `moved`, the run is empty; without it, no money is written."""
        self.number += 1
        self.moves.append({"kind": kind, "from": self.keys[kind], "to": f"{kind}{self.number}"})
        self.keys[kind] = f"{kind}{self.number}"
        if moved:
            self.run_with_moved(mode)
        else:
            self.run(mode, self.desired(moved=False))

    @rule(mode=st.sampled_from(sorted(MODES)))
    def give_the_catalog_its_first_keys(self, mode: str) -> None:
        """A mistake in the catalog is taken back, and the next run has everything as it was."""
        self.keys |= {kind: self.first_keys[kind] for kind in CATALOG}
        self.run_with_moved(mode)

    def run_with_moved(self, mode: str) -> None:
        """A run, and another one that is empty unless something in the catalog is renamed or somebody cancelled."""
        desired = self.desired(moved=True)
        plan = self.run(mode, desired)
        if not self.cancelled and all(self.keys[kind] == self.first_keys[kind] for kind in CATALOG):
            again = self.world.plan(desired, mode=mode, deletes=MODES[mode].deletes)
            assert [guard.code for guard in plan.guards] == []
            assert (again.pending, again.steps) == ((), ())

    @rule()
    def somebody_cancels(self) -> None:
        with self.world.http() as http:
            for row in http.get("subscriptions").json()["data"]:
                if row["status"] == "active":
                    http.post(f"subscriptions/{row['id']}/cancel", json={"timing": "immediate"}).raise_for_status()
        self.cancelled = True

    @invariant()
    def nothing_is_given_or_sold_again(self) -> None:
        granted, running = self.money()
        assert granted == self.first[0]
        assert running == (0 if self.cancelled else self.first[1])

    def desired(self, *, moved: bool) -> Desired:
        owner = {"customer": self.keys["customer"]}
        moves = [move if move["kind"] == "customer" else {**move, **owner} for move in self.moves if moved]
        return declared(yaml.safe_dump(document(self.keys, moves)))

    def run(self, mode: str, desired: Desired) -> Any:
        """One command without any flag: no money is written, whatever else is."""
        wires: list[FaultyTransport] = []

        def watched(inner: Any) -> FaultyTransport:
            wires.append(FaultyTransport(inner))
            return wires[-1]

        connection = self.world.connection(watched)
        comparison = compare(connection, desired, MODES[mode])
        guarded = bool(comparison.plan.guards)
        stop = stopped(comparison.plan) if guarded else None
        report = stop or carry_out(connection, comparison.plan, journal=NoJournal(), known=comparison.snapshot)
        assert [
            str(point) for point in wires[0].writes if "grants" in point.path or "subscriptions" in point.path
        ] == []
        assert report.succeeded or guarded, [result.reason for result in report.results]
        return comparison.plan

    def money(self) -> tuple[list[str], int]:
        """The grants of all live customers, and how many subscriptions are in force."""
        with self.world.http() as http:
            customers = http.get("customers", params={"page[size]": "100"}).json()["data"]
            grants = [
                grant["amount"]
                for customer in customers
                for grant in http.get(f"customers/{customer['id']}/credits/grants").json()["data"]
            ]
            rows = http.get("subscriptions", params={"page[size]": "100"}).json()["data"]
        return grants, sum(row["status"] != "inactive" for row in rows)


SETTINGS = settings(
    max_examples=examples(25), stateful_step_count=8, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestRenamedKeys = RenamedKeys.TestCase
TestRenamedKeys.settings = SETTINGS


def test_without_its_guards_the_machine_finds_money_that_is_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(guards, "doubled", lambda context, changes: ())
    quick = settings(SETTINGS, max_examples=25, phases=[Phase.generate], derandomize=True, database=None)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(RenamedKeys, settings=quick)
