"""The one rule, against a server that does what each test wrote down: stale, blocked, unclear, unreachable, lying."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from billsync.api.documents import BALANCE
from billsync.api.routes import routes
from billsync.apply.bindings import Bindings
from billsync.apply.execute import Manner, execute
from billsync.apply.unchanged import decided_on
from billsync.apply.world import World
from billsync.core.changes.obstacles import CREDIT
from billsync.core.observed.index import Index, index
from billsync.core.views.normalize import normalize
from billsync.core.views.view import body, complete
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import read_list
from billsync.model.address import Address, Symbol
from billsync.model.change import Call, Expectation, Obstacle, PlanFile, Step
from billsync.model.ports import Answer, Unclear, Unreachable
from billsync.model.result import Report, Status, StepResult
from billsync.model.routes import ListQuery
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from tests.support.clock import FakeClock
from tests.support.scripted import (
    Notebook,
    Reaction,
    Scripted,
    acts_but,
    answers,
    fails,
    keeps_another,
    obeys,
    only_says_so,
    shows_it_later,
)

ROUTES = routes("openmeter")
METERS, FEATURES, CUSTOMERS = "/openmeter/meters", "/openmeter/features", "/openmeter/customers"
SUBSCRIPTIONS = "/openmeter/subscriptions"
METER: Fields = {"key": "calls", "name": "Calls", "event_type": "call", "aggregation": "count"}
FEATURE: Fields = {"key": "calls", "name": "Calls", "meter": "calls"}
PLAN: Fields = {
    "key": "pro",
    "name": "Pro",
    "currency": "USD",
    "billing_cadence": "P1M",
    "phases": [
        {"key": "default", "name": "Default", "rate_cards": [{"key": "a", "name": "A", "price": {"type": "free"}}]}
    ],
}
CUSTOMER: Fields = {"key": "acme", "name": "Acme"}
LOST = fails(Unclear("the answer was lost"))
GONE = fails(Unreachable("the server can't be reached"))


def address(kind: str, *names: str) -> Address:
    return Address(kind, names)


def seen(kind: str, declared: Fields) -> Fields:
    return complete(KINDS[kind], normalize(KINDS[kind], declared), None, {})


def create(kind: str, declared: Fields, *, needs: tuple[str, ...] = (), repeatable: bool = True) -> Step:
    where, want = address(kind, declared["key"]), seen(kind, declared)
    call = Call("POST", ROUTES[kind].collection, body(KINDS[kind], want, ROUTES[kind].create))
    return Step(f"{kind}:create", where, "creating", call, Expectation(None), Expectation(want), needs, repeatable)


def rename(old: Fields, new: Fields) -> Step:
    where, want = address("meter", "calls"), seen("meter", new)
    call = Call("PUT", ROUTES["meter"].item(where.symbol), body(KINDS["meter"], want, ROUTES["meter"].update))
    return Step("meter:update", where, "updating", call, Expectation(seen("meter", old)), Expectation(want))


def delete(have: Fields) -> Step:
    where = address("meter", "calls")
    call = Call("DELETE", ROUTES["meter"].item(where.symbol))
    return Step("meter:delete", where, "deleting", call, Expectation(seen("meter", have)), Expectation(None))


def subscribe() -> Step:
    want = {"plan": Symbol(address("plan", "pro").at(1)), "labels": {"billsync_key": "default"}}
    sent = {"customer": {"id": Symbol(address("customer", "acme"))}, "labels": {"billsync_key": "default"}}
    where = address("subscription", "acme", "default")
    call = Call("POST", SUBSCRIPTIONS, sent)
    return Step("sub:create", where, "subscribing", call, Expectation(None), Expectation(want), repeatable=False)


LOOKING_FIRST = Manner(calls_first=False)


class Ran:
    """One execution of steps against a scripted server, which keeps no key unique."""

    def __init__(
        self,
        server: Scripted,
        steps: Sequence[Step],
        manner: Manner = LOOKING_FIRST,
        *,
        is_alone: bool = False,
        known: Snapshot | None = None,
    ) -> None:
        self.clock, self.journal = FakeClock(), Notebook()
        self.told: list[StepResult] = []

        def rows(path: str, query: Sequence[tuple[str, str]], listing: ListQuery) -> Sequence[Fields]:
            return read_list(server, path, query, listing, self.clock)

        plan = PlanFile("test", "payments", "sync", (), tuple(steps))
        found = index(known, KINDS, ROUTES) if known else Index()
        bindings = Bindings(KINDS, ROUTES, rows, {named: server_id for server_id, named in found.names.items()})
        known_rows = decided_on(plan, found, ROUTES)
        world = World(server, bindings, self.journal, self.clock, one_chain_per_parent=is_alone, decided_on=known_rows)
        self.report: Report = execute(plan, world, on_result=self.told.append, manner=manner)

    @property
    def ends(self) -> list[tuple[str, Status, str, bool]]:
        """Each step's id, end, reason, and whether something may have been written."""
        return [(r.step.id, r.status, r.reason, r.wrote) for r in self.report.results]


def server_with(*reactions: Reaction, path: str = METERS, **rows: list[Fields]) -> Scripted:
    return Scripted({f"/openmeter/{name}": list(kept) for name, kept in rows.items()}, {path: list(reactions)})


def test_a_step_whose_promise_holds_is_not_called() -> None:
    server = server_with(meters=[{"id": "m1", **METER}])

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.ALREADY, "", False)]
    assert server.called == []


def test_a_step_is_called_once_and_then_looked_at() -> None:
    server = Scripted()

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.DONE, "", True)]
    assert [(method, path) for method, path, _ in server.called] == [("POST", METERS)]
    assert list(ran.journal.names()) == ["call", "answer", "result"]
    assert [result.status for result in ran.told] == [Status.DONE]


def test_an_entity_that_drifted_since_the_plan_is_not_touched() -> None:
    """An entity that drifted after the plan was made is stale, and is not touched."""
    drifted = {"id": "m1", **METER, "name": "Somebody's"}
    server = server_with(meters=[drifted])

    ran = Ran(server, [rename(METER, {**METER, "name": "All calls"})])

    reason = "meter/calls is not as expected: name is Somebody's, expected Calls"
    assert ran.ends == [("meter:update", Status.STALE, reason, False)]
    assert (server.called, server.rows[METERS]) == ([], [drifted])


def test_an_entity_that_is_gone_since_it_was_decided_is_stale() -> None:
    server = Scripted()

    ran = Ran(server, [rename(METER, {**METER, "name": "All calls"})])

    assert ran.ends == [("meter:update", Status.STALE, "meter/calls is not as expected: it is not there", False)]


def test_a_create_over_something_else_is_stale() -> None:
    server = server_with(meters=[{"id": "m1", **METER, "event_type": "other"}])

    ran = Ran(server, [create("meter", METER)])

    reason = "meter/calls is not as expected: event_type is other, expected call"
    assert ran.ends == [("meter:create", Status.STALE, reason, False)]


def test_a_deleted_row_is_not_there() -> None:
    server = server_with(meters=[{"id": "m1", **METER, "deleted_at": "2026-01-01T00:00:00Z"}])

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.DONE, "", True)]


def test_a_row_with_another_key_is_not_it_whatever_the_filter_did() -> None:
    server = server_with(meters=[{"id": "m1", **METER, "key": "other"}])

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.DONE, "", True)]
    assert [row["key"] for row in server.rows[METERS]] == ["other", "calls"]


def test_an_update_and_a_delete_name_the_id_that_is_live_now() -> None:
    named = {**METER, "name": "All calls"}
    server = server_with(meters=[{"id": "m7", **METER}])

    ran = Ran(server, [rename(METER, named), delete(named)])

    assert [end[1] for end in ran.ends] == [Status.DONE, Status.DONE]
    assert [(method, path) for method, path, _ in server.called] == [
        ("PUT", f"{METERS}/m7"),
        ("DELETE", f"{METERS}/m7"),
    ]
    assert server.rows[METERS] == []


def test_a_delete_of_what_is_gone_is_done_already() -> None:
    server = Scripted()

    ran = Ran(server, [delete(METER)])

    assert ran.ends == [("meter:delete", Status.ALREADY, "", False)]


def test_a_failed_step_blocks_what_needs_it_and_the_rest_goes_on() -> None:
    server = server_with(answers(400, "validation error: no"))
    feature = create("feature", FEATURE, needs=("meter:create",))
    other = create("customer", {**CUSTOMER, "key": "other"}, needs=("feature:create",))
    dependent = replace(other, id="other:create")

    ran = Ran(server, [create("meter", METER), feature, dependent, create("customer", CUSTOMER)])

    assert ran.ends == [
        ("meter:create", Status.FAILED, "validation error: no", False),
        ("feature:create", Status.BLOCKED, "meter:create was not done", False),
        ("other:create", Status.BLOCKED, "feature:create was not done", False),
        ("customer:create", Status.DONE, "", True),
    ]


def test_an_unreachable_server_is_not_asked_again() -> None:
    server = server_with(GONE)

    ran = Ran(server, [create("meter", METER), create("customer", CUSTOMER)])

    assert ran.ends == [
        ("meter:create", Status.FAILED, "the server can't be reached", False),
        ("customer:create", Status.BLOCKED, "not tried: the server can't be reached", False),
    ]
    assert [path for _, path, _ in server.called] == [METERS]
    assert server.reads == 1


def test_a_server_that_is_gone_when_it_is_looked_at_stops_the_run() -> None:
    server = Scripted(unreadable={METERS: Unreachable("gone")})

    ran = Ran(server, [create("meter", METER), create("customer", CUSTOMER)])

    assert ran.ends == [
        ("meter:create", Status.FAILED, "gone", False),
        ("customer:create", Status.BLOCKED, "not tried: gone", False),
    ]


def test_a_list_that_cannot_be_read_fails_its_step_only() -> None:
    server = Scripted(unreadable={METERS: Unclear("the answer was lost")})

    ran = Ran(server, [create("meter", METER), create("customer", CUSTOMER)])

    assert ran.ends == [
        ("meter:create", Status.FAILED, "the answer was lost", False),
        ("customer:create", Status.DONE, "", True),
    ]


@pytest.mark.parametrize("lost", [LOST, answers(500, "Internal Server Error"), answers(502), answers(408)])
def test_a_lost_answer_to_what_was_done_is_looked_up_not_repeated(lost: Reaction) -> None:
    server = server_with(acts_but(lost))

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.DONE, "", True)]
    assert (len(server.called), len(server.rows[METERS])) == (1, 1)


@pytest.mark.parametrize("lost", [LOST, answers(500, "Internal Server Error"), answers(502), answers(408)])
def test_a_call_that_was_lost_twice_is_made_a_third_time(lost: Reaction) -> None:
    server = server_with(lost, lost)

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.DONE, "", True)]
    assert (len(server.called), len(server.rows[METERS])) == (3, 1)
    assert ran.clock.slept == [1.0, 2.0]


def test_a_call_that_is_always_lost_is_given_up_as_unclear() -> None:
    server = server_with(*[LOST] * 9)

    ran = Ran(server, [create("meter", METER), create("customer", CUSTOMER)])

    reason = "unclear whether it was carried out: the answer was lost"
    assert ran.ends == [("meter:create", Status.FAILED, reason, True), ("customer:create", Status.DONE, "", True)]
    assert [path for _, path, _ in server.called] == [METERS] * 3 + [CUSTOMERS]


def test_what_the_server_does_not_keep_unique_is_never_called_twice() -> None:
    server = server_with(LOST, path=SUBSCRIPTIONS, customers=[{"id": "c1", **CUSTOMER}])

    ran = Ran(server, [subscribe()])

    reason = "unclear whether it was carried out: the answer was lost"
    assert ran.ends == [("sub:create", Status.FAILED, reason, True)]
    assert len(server.called) == 1


def test_a_conflict_with_an_equal_entity_is_success() -> None:
    server = server_with(acts_but(answers(409, "it exists")))

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.ALREADY, "", False)]


def test_a_conflict_with_another_entity_shows_both_sides() -> None:
    def another_was_faster(server: Scripted, method: str, path: str, sent: Fields) -> Answer:
        server.keep(path, {**sent, "event_type": "other"})
        return answers(409, "it exists")(server, method, path, sent)

    server = server_with(another_was_faster)

    ran = Ran(server, [create("meter", METER)])

    reason = "it exists; meter/calls is not as expected: event_type is other, expected call"
    assert ran.ends == [("meter:create", Status.FAILED, reason, False)]
    assert len(server.called) == 1


def test_a_conflict_with_nothing_that_can_be_seen_is_a_failure() -> None:
    server = server_with(answers(409, "it exists"))

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.FAILED, "it exists", False)]


def test_a_server_that_says_yes_and_stores_nothing_is_not_believed() -> None:
    server = server_with(only_says_so)

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [
        ("meter:create", Status.FAILED, "the server accepted the call, but the entity is unchanged", True)
    ]
    assert len(server.called) == 1


def test_a_server_that_says_yes_and_stores_something_else_is_not_believed() -> None:
    server = server_with(keeps_another(name="Other"))

    ran = Ran(server, [create("meter", METER)])

    reason = "the server accepted the call; meter/calls is not as expected: name is Other, expected Calls"
    assert ran.ends == [("meter:create", Status.FAILED, reason, True)]


def test_an_update_that_is_accepted_and_not_stored_is_not_believed() -> None:
    server = server_with(only_says_so, path=f"{METERS}/m1", meters=[{"id": "m1", **METER}])

    ran = Ran(server, [rename(METER, {**METER, "name": "All calls"})])

    assert ran.ends == [
        ("meter:update", Status.FAILED, "the server accepted the call, but the entity is unchanged", True)
    ]


def test_what_is_seen_a_little_later_is_waited_for() -> None:
    server = server_with(shows_it_later)

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.DONE, "", True)]
    assert (len(server.called), ran.clock.slept) == (1, [1.0])


def test_a_reference_to_what_is_not_there_is_stale_and_nothing_is_sent() -> None:
    server = Scripted()

    ran = Ran(server, [create("feature", FEATURE)])

    assert ran.ends == [("feature:create", Status.STALE, "meter/calls is not on the server", False)]
    assert server.called == []


def test_a_reference_is_bound_to_what_an_earlier_step_made() -> None:
    server = Scripted()

    ran = Ran(server, [create("meter", METER), create("feature", FEATURE, needs=("meter:create",))])

    assert [end[1] for end in ran.ends] == [Status.DONE, Status.DONE]
    assert server.rows[FEATURES][0]["meter"] == {"id": server.rows[METERS][0]["id"]}


def test_a_second_run_of_the_same_steps_calls_nothing() -> None:
    server = Scripted()
    steps = [create("meter", METER), create("feature", FEATURE, needs=("meter:create",)), create("customer", CUSTOMER)]
    Ran(server, steps)
    calls = len(server.called)

    again = Ran(server, steps)

    assert [end[1] for end in again.ends] == [Status.ALREADY] * 3
    assert len(server.called) == calls


def test_a_step_from_which_a_run_went_on_is_done() -> None:
    """Two steps on one entity: run again, the first is neither as before nor as it left it, and is no drift."""
    second, third = {**METER, "name": "Second"}, {**METER, "name": "Third"}
    on = replace(rename(second, third), id="meter:again", needs=("meter:update",))
    steps = [rename(METER, second), on]
    server = server_with(meters=[{"id": "m1", **METER}])
    drifted = server_with(meters=[{"id": "m1", **METER, "name": "Somebody's"}])

    ran, again, elsewhere = Ran(server, steps), Ran(server, steps), Ran(drifted, steps)

    assert [end[1] for end in ran.ends] == [Status.DONE] * 2
    assert [end[1] for end in again.ends] == [Status.ALREADY] * 2
    assert [end[1] for end in elsewhere.ends] == [Status.STALE, Status.BLOCKED]
    assert (len(server.called), drifted.called) == (2, [])


def test_a_refusal_after_a_lost_answer_may_have_written() -> None:
    """A refusal after a lost answer still reports that something may have been written."""
    server = server_with(LOST, answers(400, "validation error: no"))

    ran = Ran(server, [create("meter", METER)])

    assert ran.ends == [("meter:create", Status.FAILED, "validation error: no", True)]


def test_a_server_that_goes_away_after_a_lost_answer_tells_both() -> None:
    server = server_with(LOST, GONE, obeys)

    ran = Ran(server, [create("meter", METER)])

    reason = "the server can't be reached (before that: the answer was lost)"
    assert ran.ends == [("meter:create", Status.FAILED, reason, True)]


def another_makes_the_first_draft(server: Scripted, method: str, path: str, sent: Fields) -> Answer:
    server.keep(path, {**sent, "version": 1, "status": "draft"})
    return obeys(server, method, path, {**sent, "version": 2, "status": "draft"})


FIRST_PRO = replace(create("plan", PLAN), address=address("plan", "pro").at(1))


def test_what_somebody_else_made_meanwhile_takes_the_place_of_ours() -> None:
    server = server_with(another_makes_the_first_draft, path="/openmeter/plans")

    ran = Ran(server, [FIRST_PRO])

    assert ran.ends == [("plan:create", Status.ALREADY, "", True)]
    assert [row["version"] for row in server.rows["/openmeter/plans"]] == [1]
    assert list(ran.journal.names()) == ["call", "answer", "call", "answer", "result"]


@pytest.mark.parametrize("reaction", [answers(400, "it is active"), LOST, GONE])
def test_what_is_left_over_beside_somebody_elses_is_named(reaction: Reaction) -> None:
    server = server_with(another_makes_the_first_draft, path="/openmeter/plans")
    server.reactions["/openmeter/plans/id-plans-2"] = [reaction]

    ran = Ran(server, [FIRST_PRO])

    reason = (
        "another run created plan/pro@1 at the same moment; what this run created is left over as "
        "id-plans-2, and the next `sync` deletes it"
    )
    assert ran.ends == [("plan:create", Status.FAILED, reason, True)]


def test_a_second_version_that_is_no_draft_any_more_is_left_alone() -> None:
    def published(server: Scripted, method: str, path: str, sent: Fields) -> Answer:
        answer = another_makes_the_first_draft(server, method, path, sent)
        server.rows[path][1] |= {"status": "active"}
        return answer

    server = server_with(published, path="/openmeter/plans")

    ran = Ran(server, [FIRST_PRO])

    assert [end[1] for end in ran.ends] == [Status.FAILED]
    assert [method for method, _, _ in server.called] == ["POST"]


def test_two_rows_under_one_key_are_told_by_their_ids() -> None:
    def another_was_faster(server: Scripted, method: str, path: str, sent: Fields) -> Answer:
        server.keep(path, sent)
        return obeys(server, method, path, sent)

    server = server_with(another_was_faster)

    ran = Ran(server, [create("meter", METER)])

    reason = "meter/calls: the server shows it more than once: id-meters-1 and id-meters-2"
    assert ran.ends == [("meter:create", Status.FAILED, reason, True)]


def removal(obstacle: Obstacle) -> Step:
    """The delete of a customer, for which something may be in the way."""
    where = address("customer", "acme")
    before = Expectation(seen("customer", CUSTOMER), without=(obstacle,))
    call = Call("DELETE", ROUTES["customer"].item(where.symbol))
    return Step("customer:delete", where, "deleting", call, before, Expectation(None))


BALANCE_OF_ACME = f"{CUSTOMERS}/c1/credits/balance"
CREDIT_OF_ACME = Obstacle(CREDIT, path=BALANCE.replace("{parent}", address("customer", "acme").symbol))


def test_a_look_for_what_is_in_the_way_that_fails_stops_its_step_only() -> None:
    server = server_with(path=CUSTOMERS, customers=[{"id": "c1", **CUSTOMER}])
    server.unreadable[BALANCE_OF_ACME] = Unclear("the answer was lost")

    ran = Ran(server, [removal(CREDIT_OF_ACME), create("meter", METER)])

    assert ran.ends == [
        ("customer:delete", Status.FAILED, "the answer was lost", False),
        ("meter:create", Status.DONE, "", True),
    ]
    assert [(method, path) for method, path, _ in server.called] == [("POST", METERS)]


def test_a_balance_that_the_server_does_not_show_is_not_taken_for_none() -> None:
    server = server_with(path=CUSTOMERS, customers=[{"id": "c1", **CUSTOMER}])
    server.refused[BALANCE_OF_ACME] = Answer(503, None, "credits are down")

    ran = Ran(server, [removal(CREDIT_OF_ACME)])

    reason = f"GET {BALANCE_OF_ACME}: credits are down"
    assert ran.ends == [("customer:delete", Status.FAILED, reason, False)]
    assert server.called == []


def test_a_look_at_what_is_not_on_the_server_makes_its_step_stale() -> None:
    server = server_with(path=CUSTOMERS, customers=[{"id": "c1", **CUSTOMER}])
    elsewhere = Obstacle(CREDIT, path=BALANCE.replace("{parent}", address("customer", "other").symbol))

    ran = Ran(server, [removal(elsewhere)])

    assert ran.ends == [("customer:delete", Status.STALE, "customer/other is not on the server", False)]
    assert server.called == []


def test_a_version_that_was_archived_meanwhile_is_not_published() -> None:
    live = {"id": "p1", **PLAN, "version": 1, "status": "archived"}
    where = address("plan", "pro").at(1)
    want = seen("plan", PLAN)
    call = Call("POST", f"{ROUTES['plan'].item(where.symbol)}/publish")
    before, after = Expectation(want, ("draft",)), Expectation(want, ("active",))
    server = server_with(path="/openmeter/plans", plans=[live])

    ran = Ran(server, [Step("plan:publish", where, "publishing", call, before, after)])

    reason = "plan/pro@1 is not as expected: its status is 'archived'"
    assert ran.ends == [("plan:publish", Status.STALE, reason, False)]
    assert server.called == []
