"""A state machine of a subscription's life: our runs, edits of the files, a portal, crashes, and a second runner.

What somebody did in a portal stays, unless `--allow revert` is given:

* a change to another plan than the declared one, whatever else the files say; a subscription that billsync didn't make;
* a cancel, where the files declare no end;
* an end: no subscription begins again without an unused `restart`.

Nothing on the server shows who made the following, so that the files win, behind the guard `cancel` where it ends
something: a portal's end in place of a declared one; a declared end that a portal took back; a scheduled change that a
portal took back; a change to another version of the same plan; a subscription that is removed from the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billsync.app.pipeline import carry_out, compare
from billsync.core.diff import Mode
from billsync.core.lifecycle import chained
from billsync.core.plan_file import from_json, to_json
from billsync.local.server.editions import AUGUST, EDITIONS, Edition
from billsync.model.change import PlanFile
from billsync.model.moment import moment_text
from billsync.model.ports import RemoteError
from billsync.model.result import Report
from billsync.model.state import Snapshot
from tests.support.budgets import examples
from tests.support.faults import FAULTS, Deliver, Fault, Killed
from tests.support.portal import RUNNING, Portal, Row
from tests.support.step_counts import STEPS
from tests.support.struck_at import struck
from tests.support.subscription_files import CUSTOMER, EDITS, PLANS, Files
from tests.support.world import NoJournal, World, as_it_is

pytestmark = pytest.mark.thorough

CHAIN = f"subscription/{CUSTOMER}/default"
DAYS = timedelta(days=1)
ALLOWED = st.sampled_from([frozenset(), {"cancel"}, {"revert"}, {"cancel", "revert"}]).map(frozenset)
MODES = st.sampled_from(["sync", "sync", "apply"])
TIMINGS = st.sampled_from(["immediate", "next_billing_cycle", "next_billing_cycle"])
FAULT = st.sampled_from(FAULTS)
CALLS = st.integers(0, 30)


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan file, the files and the flags that it was made from, and what was read for it."""

    text: str
    files: Files
    allow: frozenset[str]
    mode: str
    known: Snapshot

    @property
    def plan(self) -> PlanFile:
        return from_json(self.text)


class SubscriptionLife(RuleBasedStateMachine):
    """`moved_by_portal` are the links that somebody made by hand, `ended_by_portal` those that got an end by hand."""

    edition: ClassVar[Edition] = AUGUST
    steps: ClassVar[int] = 0

    @initialize()
    def first_run(self) -> None:
        """The catalog, the customer and the subscription are made."""
        self.world = World(edition=self.edition)
        self.portal = Portal(self.world)
        self.files = Files({"plan": "small", "settlement_mode": "credit_only", "change": "at_renewal"})
        self.moved_by_portal: set[str] = set()
        self.ended_by_portal: set[str] = set()
        self.saved: Decided | None = None
        self.made = 0
        self.run("sync", frozenset())

    def teardown(self) -> None:
        self.world.close()

    # -- our hands

    @rule(edits=st.lists(EDITS, min_size=1, max_size=2))
    def the_subscription_is_edited(self, edits: list[tuple[str, object]]) -> None:
        for edit in edits:
            self.files = self.files.with_field(*edit)
        self.made = 0

    @rule(plan=st.sampled_from(PLANS), change=st.sampled_from(["at_renewal", "immediate"]), allow=ALLOWED)
    def another_plan_is_declared_and_applied(self, plan: str, change: str, allow: frozenset[str]) -> None:
        self.the_subscription_is_edited([("plan", plan), ("change", change), ("ends", None)])
        self.run("sync", allow)

    @rule(days=st.sampled_from([None, -40, -1, 3, 20]))
    def its_start_is_edited(self, days: int | None) -> None:
        start = None if days is None else moment_text(self.world.clock.now() + days * DAYS)
        self.the_subscription_is_edited([("start", start)])

    @precondition(lambda self: self.is_over())
    @rule(days=st.sampled_from([None, 3, 20]))
    def it_is_declared_to_begin_again(self, days: int | None) -> None:
        number = 1 + max(map(restarts, self.portal.links()), default=0)
        self.its_start_is_edited(days)
        self.the_subscription_is_edited([("restart", number), ("ends", None)])

    @rule()
    def it_is_removed_from_the_files(self) -> None:
        self.files = Files(None, self.files.prices)
        self.made = 0

    @rule(plan=st.sampled_from(PLANS))
    def a_plan_gets_another_price(self, plan: str) -> None:
        self.files = self.files.dearer(plan)
        self.made = 0

    @rule(mode=MODES, allow=ALLOWED)
    def run(self, mode: str, allow: frozenset[str]) -> None:
        """A run, of which a second makes no write."""
        decided = self.decide(mode, allow)
        report = self.carry_out(decided, known=decided.known)
        if report is None:
            return
        failed = [f"{result.step.id}: {result.reason}" for result in report.results if result.reason]
        assert failed == []
        again = self.decide(mode, allow)
        assert ([step.id for step in again.plan.steps], again.plan.pending) == ([], ())
        if not any(change.address.text == CHAIN for change in again.plan.changes):
            self.assert_as_declared()

    @rule(mode=MODES, allow=ALLOWED, fault=FAULT, number=CALLS)
    def a_run_breaks(self, mode: str, allow: frozenset[str], fault: Fault, number: int) -> None:
        decided = self.decide(mode, allow)
        self.carry_out(decided, known=decided.known, wrap=struck(fault, number))

    @rule(mode=MODES, allow=ALLOWED, number=CALLS, before=st.booleans())
    def two_run_at_once(self, mode: str, allow: frozenset[str], number: int, *, before: bool) -> None:
        """A second runner does all of it while the first stands between two calls."""
        first = self.decide(mode, allow)

        def overtake(request: httpx.Request, deliver: Deliver) -> httpx.Response:
            response = None if before else deliver(request)
            if response is not None:
                response.read()
            second = self.decide(mode, allow)
            if not second.plan.guards:
                self.execute(second, known=second.known)
            return response or deliver(request)

        self.carry_out(first, known=first.known, wrap=struck(Fault("overtaken", overtake), number))

    @rule(mode=MODES, allow=ALLOWED)
    def a_plan_file_is_saved(self, mode: str, allow: frozenset[str]) -> None:
        self.saved = self.decide(mode, allow)

    @precondition(lambda self: self.saved is not None)
    @rule()
    def the_saved_plan_file_is_run(self) -> None:
        """Whatever happened since it was decided."""
        assert self.saved is not None
        if self.saved.files != self.files:
            self.made = 0
        self.carry_out(self.saved, known=None)

    # -- other hands

    @precondition(lambda self: self.head_is("active"))
    @rule(plan=st.sampled_from(PLANS), timing=TIMINGS)
    def somebody_changes(self, plan: str, timing: str) -> None:
        head, version = self.portal.head(), self.portal.active_version(plan)
        if head and version:
            self.by_portal(lambda: self.portal.change(head["id"], version, timing))

    @precondition(lambda self: self.is_over())
    @rule(plan=st.sampled_from(PLANS))
    def somebody_subscribes(self, plan: str) -> None:
        customer, version = self.portal.customer(CUSTOMER), self.portal.active_version(plan)
        running = any(row["status"] != "inactive" for row in self.portal.links())
        if customer and version and not running:
            self.by_portal(lambda: self.portal.subscribe(customer, version))

    @precondition(lambda self: self.head_is("active"))
    @rule(timing=TIMINGS)
    def somebody_cancels(self, timing: str) -> None:
        head = self.portal.head()
        if head and self.by_portal(lambda: self.portal.cancel(head["id"], timing)):
            self.ended_by_portal.add(head["id"])

    @precondition(lambda self: self.head_is("canceled"))
    @rule()
    def somebody_resumes(self) -> None:
        head = self.portal.head()
        if head and self.by_portal(lambda: self.portal.resume(head["id"])):
            self.ended_by_portal.discard(head["id"])

    @precondition(lambda self: self.head_is("scheduled"))
    @rule()
    def somebody_takes_back_what_is_scheduled(self) -> None:
        *others, head = [*self.portal.links()] or [None]
        if head and self.by_portal(lambda: self.portal.withdraw(head["id"])) and others:
            self.portal.resume(others[-1]["id"])

    @rule(days=st.sampled_from([0.1, 1, 7, 31, 62]))
    def time_passes(self, days: float) -> None:
        self.world.clock.advance(days * 86400)
        self.made = 0

    # -- what always holds

    @invariant()
    def nothing_is_billed_or_granted_twice(self) -> None:
        if not hasattr(self, "portal") or (customer := self.portal.customer(CUSTOMER)) is None:
            return
        SubscriptionLife.steps += 1
        periods = sorted(fee_periods(self.portal.charges(customer)))
        assert [pair for pair in pairwise(periods) if pair[0][1] > pair[1][0]] == []
        booked = [
            (row["labels"].get("charge_id"), row["booked_at"], row["amount"]) for row in self.portal.bookings(customer)
        ]
        assert len(booked) == len(set(booked))

    @invariant()
    def never_two_are_in_force(self) -> None:
        if not hasattr(self, "portal"):
            return
        statuses = [row["status"] for row in self.portal.links()]
        assert sum(status in RUNNING for status in statuses) <= 1
        assert statuses.count("scheduled") <= 1

    # -- how it is done

    def head_is(self, status: str) -> bool:
        head = self.portal.head()
        return head is not None and head["status"] == status

    def is_over(self) -> bool:
        return self.portal.head() is None or self.head_is("inactive")

    def decide(self, mode: str, allow: frozenset[str]) -> Decided:
        """A plan file, with what was read for it."""
        compared = compare(
            self.world.connection(), self.files.desired, Mode(mode, mode == "sync", dict.fromkeys(allow, ""))
        )
        return Decided(to_json(compared.plan), self.files, allow, mode, compared.snapshot)

    def carry_out(self, decided: Decided, *, known: Snapshot | None, wrap: Any = as_it_is) -> Report | None:
        """Run a plan file unless a guard stops it, and check that it undid nothing; None if there is no report."""
        if decided.plan.guards:
            return None
        before = self.portal.links()
        report = None
        with suppress(Killed, RemoteError):
            report = self.execute(decided, known=known, wrap=wrap)
        after = self.portal.links()
        self.assert_nothing_is_undone(decided, before, after)
        self.ended_by_portal &= {row["id"] for row in after if row["status"] == "canceled"}
        self.made += len({row["id"] for row in after} - {row["id"] for row in before})
        assert self.made <= 1, "more than one subscription was begun for one state of the files"
        return report

    def execute(self, decided: Decided, *, known: Snapshot | None, wrap: Any = as_it_is) -> Report:
        return carry_out(self.world.connection(wrap), decided.plan, journal=NoJournal(), known=known)

    def by_portal(self, act: Callable[[], bool]) -> bool:
        """Something done by hand, if the server takes it."""
        before = {row["id"] for row in self.portal.links()}
        done = act()
        self.moved_by_portal |= {row["id"] for row in self.portal.links()} - before
        self.made = 0
        return done

    def assert_nothing_is_undone(self, decided: Decided, before: tuple[Row, ...], after: tuple[Row, ...]) -> None:
        head = before[-1] if before else None
        if head is None or "revert" in decided.allow:
            return
        declared = decided.files.subscription
        if head["status"] == "inactive":
            if int((declared or {}).get("restart") or 0) <= max(map(restarts, before)):
                assert ids(after) == ids(before), "it had ended, and was begun again"
        elif self.is_of_others(head, declared, decided.allow):
            assert shown(after) == shown(before), "what was done in the portal was undone"

    def is_of_others(self, head: Row, declared: Mapping[str, Any] | None, allow: frozenset[str]) -> bool:
        """Whether a run must leave the chain as it is."""
        if "billsync_key" not in head["labels"]:
            return True
        if declared is None:
            return "cancel" not in allow
        if head["id"] in self.moved_by_portal and self.plan_of(head) not in (declared["plan"], self.applied_to(head)):
            return True
        return head["id"] in self.ended_by_portal and ("ends" not in declared or "cancel" not in allow)

    def plan_of(self, row: Row) -> str:
        return str(self.portal.plans()[row["plan_id"]]["key"])

    def applied_to(self, row: Row) -> str:
        """The plan that billsync last applied to the chain."""
        return str(self.portal.plans()[row["labels"]["billsync_plan"]]["key"])

    def assert_as_declared(self) -> None:
        """A chain of which a run says nothing is as declared: silence is never a difference."""
        declared, head = self.files.subscription, self.portal.head()
        if declared is None:
            assert head is None or head["status"] == "inactive" or "billsync_key" not in head["labels"]
            return
        assert head is not None
        plan = self.portal.plans()[head["plan_id"]]
        assert head["status"] in (("canceled", "inactive") if declared.get("ends") else ("active",))
        if head["status"] == "inactive":
            return
        assert plan["key"] == declared["plan"]
        if declared.get("version") == "latest":
            assert plan["id"] == self.portal.active_version(declared["plan"])
        elif declared.get("version"):
            assert plan["version"] == declared["version"]
        assert head["settlement_mode"] == declared.get("settlement_mode", head["settlement_mode"])
        assert (declared.get("labels") or {}).items() <= head["labels"].items()


def fee_periods(charges: list[Row]) -> list[tuple[str, str]]:
    """The service periods of fees in advance that are not empty."""
    periods = [row["service_period"] for row in charges if row["type"] == "flat_fee" and not row.get("deleted_at")]
    return [(period["from"], period["to"]) for period in periods if period["from"] < period["to"]]


def restarts(row: Row) -> int:
    return int(row["labels"].get("billsync_restart", 0))


def ids(rows: tuple[Row, ...]) -> list[str]:
    return [row["id"] for row in rows]


def shown(rows: tuple[Row, ...]) -> list[tuple[object, ...]]:
    names = ("id", "plan_id", "status", "active_from", "active_to", "settlement_mode")
    return [tuple(row.get(name) for name in names) for row in rows]


def settings_of(number: int, steps: int, **more: Any) -> settings:
    return settings(
        max_examples=examples(number),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        **more,
    )


def on(edition: Edition) -> type[SubscriptionLife]:
    """The machine over a server of an edition."""
    return type("SubscriptionLife", (SubscriptionLife,), {"edition": edition})


def case(edition: Edition) -> object:
    """An edition, whose traffic is checked against the document of its generation."""
    name = f"{edition.dialect}@{edition.generation}"
    return pytest.param(edition, id=name, marks=() if edition is AUGUST else pytest.mark.generation(name))


EVERY_EDITION = pytest.mark.parametrize("edition", [case(edition) for edition in EDITIONS])


@EVERY_EDITION
def test_no_run_undoes_what_others_did_or_bills_twice(edition: Edition) -> None:
    run_state_machine_as_test(on(edition), settings=settings_of(5, 20))


@pytest.mark.exhaustive
@EVERY_EDITION
def test_no_run_undoes_what_others_did_or_bills_twice_in_long_lives(
    edition: Edition, record_property: Callable[[str, object], None]
) -> None:
    before = SubscriptionLife.steps

    run_state_machine_as_test(on(edition), settings=settings_of(40, 50))

    record_property(STEPS, SubscriptionLife.steps - before)


def test_the_machine_finds_a_change_of_others_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: billsync takes what others changed for its own."""
    monkeypatch.setattr(chained, "_was_changed", lambda context, head, entity: False)
    quick = settings_of(60, 20, phases=[Phase.generate], derandomize=True, database=None)

    with pytest.raises(AssertionError, match="was undone"):
        run_state_machine_as_test(SubscriptionLife, settings=quick)
