"""A state machine of a subscription's life: our runs, edits of the files, a portal, crashes, and a second runner.

What a run must leave as it is stands in `subscription_verdicts`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.core.diffing.diff import Mode
from billsync.core.plan_file import from_json, to_json
from billsync.local.server.editions import AUGUST, Edition
from billsync.model.change import PlanFile
from billsync.model.moment import moment_text
from billsync.model.ports import RemoteError
from billsync.model.result import Report
from billsync.model.state import Snapshot
from tests.support.faults import FAULTS, Deliver, Fault, Killed
from tests.support.portal import Portal, Row
from tests.support.struck_at import struck
from tests.support.subscription_files import CUSTOMER, EDITS, PLANS, Files
from tests.support.subscription_verdicts import (
    Begun,
    ByHand,
    billed_twice,
    booked_twice,
    in_force_at_once,
    new_links,
    restarts,
    undone,
    unlike_declared,
)
from tests.support.world import NoJournal, World, as_it_is

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
    """One customer's subscription on a server of an edition; `steps` counts the rules that were run in all lives."""

    edition: ClassVar[Edition] = AUGUST
    steps: ClassVar[int] = 0

    @initialize()
    def first_run(self) -> None:
        """The catalog, the customer and the subscription are made."""
        self.world = World(edition=self.edition)
        self.portal = Portal(self.world)
        self.files = Files({"plan": "small", "settlement_mode": "credit_only", "change": "at_renewal"})
        self.by_hand = ByHand()
        self.saved: Decided | None = None
        self.begun = Begun(self.files)
        self.run("sync", frozenset())

    def teardown(self) -> None:
        """Let go of the server."""
        self.world.close()

    # -- our hands

    @rule(edits=st.lists(EDITS, min_size=1, max_size=2))
    def the_subscription_is_edited(self, edits: list[tuple[str, object]]) -> None:
        for edit in edits:
            self.files = self.files.with_field(*edit)

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

    @rule(plan=st.sampled_from(PLANS))
    def a_plan_gets_another_price(self, plan: str) -> None:
        self.files = self.files.dearer(plan)

    @rule(mode=MODES, allow=ALLOWED)
    def run(self, mode: str, allow: frozenset[str]) -> None:
        """A run, of which a second makes no write."""
        decided = self.decide(mode, allow)
        report = self.carry_out(decided, known=decided.known)
        if report is None:
            return
        failed = [f"{result.step.id}: {result.reason}" for result in report.results if result.reason]
        assert not failed, failed
        again = self.decide(mode, allow)
        more = [*(step.id for step in again.plan.steps), *again.plan.pending]
        assert not more, f"a second run would write: {more}"
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
        self.carry_out(self.saved, known=None)

    # -- other hands

    @precondition(lambda self: self.head_is("active"))
    @rule(plan=st.sampled_from(PLANS), timing=TIMINGS)
    def somebody_changes(self, plan: str, timing: str) -> None:
        head, version = self.portal.head(), self.portal.active_version(plan)
        if head and version:
            self.in_portal(lambda: self.portal.change(head["id"], version, timing))

    @precondition(lambda self: self.is_over())
    @rule(plan=st.sampled_from(PLANS))
    def somebody_subscribes(self, plan: str) -> None:
        customer, version = self.portal.customer(CUSTOMER), self.portal.active_version(plan)
        running = any(row["status"] != "inactive" for row in self.portal.links())
        if customer and version and not running:
            self.in_portal(lambda: self.portal.subscribe(customer, version))

    @precondition(lambda self: self.head_is("active"))
    @rule(timing=TIMINGS)
    def somebody_cancels(self, timing: str) -> None:
        head = self.portal.head()
        if head and self.in_portal(lambda: self.portal.cancel(head["id"], timing)):
            self.by_hand.ended.add(head["id"])

    @precondition(lambda self: self.head_is("canceled"))
    @rule()
    def somebody_resumes(self) -> None:
        head = self.portal.head()
        if head and self.in_portal(lambda: self.portal.resume(head["id"])):
            self.by_hand.ended.discard(head["id"])

    @precondition(lambda self: self.head_is("scheduled"))
    @rule()
    def somebody_takes_back_what_is_scheduled(self) -> None:
        *others, head = [*self.portal.links()] or [None]
        if head and self.in_portal(lambda: self.portal.withdraw(head["id"])) and others:
            self.portal.resume(others[-1]["id"])

    @rule(days=st.sampled_from([0.1, 1, 7, 31, 62]))
    def time_passes(self, days: float) -> None:
        self.world.clock.advance(days * 86400)
        self.begun = Begun(self.files)

    # -- what always holds

    @invariant()
    def nothing_is_billed_or_granted_twice(self) -> None:
        if not hasattr(self, "portal") or (customer := self.portal.customer(CUSTOMER)) is None:
            return
        SubscriptionLife.steps += 1
        twice = [*billed_twice(self.portal.charges(customer)), *booked_twice(self.portal.bookings(customer))]
        assert not twice, f"billed or granted twice: {twice}"

    @invariant()
    def never_two_are_in_force(self) -> None:
        if not hasattr(self, "portal"):
            return
        found = in_force_at_once(self.portal.links())
        assert not found, f"in force at once: {found}"

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
        before, plans = self.portal.links(), self.portal.plans()
        report = None
        with suppress(Killed, RemoteError):
            report = self.execute(decided, known=known, wrap=wrap)
        after = self.portal.links()
        self.assert_nothing_is_undone(decided, before, after)
        self.by_hand.ended &= {row["id"] for row in after if row["status"] == "canceled"}
        has_changed = (before, plans) != (after, self.portal.plans())
        self.begun = self.begun.after(decided.files, new_links(before, after), has_changed=has_changed)
        assert self.begun.number <= 1, "more than one subscription was begun for one state of the files"
        return report

    def execute(self, decided: Decided, *, known: Snapshot | None, wrap: Any = as_it_is) -> Report:
        return carry_out(self.world.connection(wrap), decided.plan, journal=NoJournal(), known=known)

    def in_portal(self, act: Callable[[], bool]) -> bool:
        """Something done by hand, if the server takes it."""
        before = {row["id"] for row in self.portal.links()}
        done = act()
        self.by_hand.made |= {row["id"] for row in self.portal.links()} - before
        self.begun = Begun(self.files)
        return done

    def assert_nothing_is_undone(self, decided: Decided, before: tuple[Row, ...], after: tuple[Row, ...]) -> None:
        found = undone(
            before,
            after,
            declared=decided.files.subscription,
            allow=decided.allow,
            by_hand=self.by_hand,
            plans=self.portal.plans(),
        )
        assert not found, found

    def assert_as_declared(self) -> None:
        declared = self.files.subscription
        latest = self.portal.active_version(declared["plan"]) if declared else None
        found = unlike_declared(declared, self.portal.head(), self.portal.plans(), latest)
        assert not found, found
