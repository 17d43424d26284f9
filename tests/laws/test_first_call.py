"""Creates without a look: the same reports as with one, from a server that keeps keys unique, and fewer requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from billsync.apply import one_rule
from billsync.apply.execute import Manner
from billsync.model.change import Obstacle, Step
from billsync.model.ports import Answer, Unclear
from billsync.model.result import Status
from billsync.model.value import Fields, Plain
from tests.laws.test_execute import (
    CUSTOMER,
    FEATURE,
    FIRST_PRO,
    METER,
    METERS,
    PLAN,
    SUBSCRIPTIONS,
    Ran,
    create,
    delete,
    seen,
    subscribe,
)
from tests.support.scripted import Reaction, Scripted, acts_but, answers, fails, obeys

NOW = "2026-09-01T00:00:00Z"
CALLING_FIRST = Manner(calls_first=True)
LOOKING_FIRST = Manner(calls_first=False)
LOST = fails(Unclear("the answer was lost"))


@dataclass
class Keeping(Scripted):
    """A scripted server that keeps keys unique, and shows when a row was made."""

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """A conflict, or the next reaction."""
        if method == "POST" and any(row.get("key") == body.get("key") for row in self.rows.get(path, [])):
            self.called.append((method, path, body))
            return Answer(409, None, "it exists")
        return super().call(method, path, body)

    def keep(self, path: str, row: Fields) -> Fields:
        """Store a row with its time."""
        return super().keep(path, {"created_at": NOW, **row})


def server_with(*reactions: Reaction, **rows: list[Fields]) -> Keeping:
    kept = {f"/openmeter/{name}": [{"created_at": NOW, **row} for row in found] for name, found in rows.items()}
    return Keeping(kept, {METERS: list(reactions)})


def shows(**other: Plain) -> Reaction:
    """Do what is asked, and answer with other values."""

    def reaction(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        answer = obeys(server, method, path, body)
        return Answer(answer.status, {**answer.body, **other})

    return reaction


def test_an_answer_that_shows_everything_ends_a_create() -> None:
    server = server_with()

    ran = Ran(server, [create("meter", METER), create("feature", FEATURE, needs=("meter:create",))], CALLING_FIRST)

    assert [end[1] for end in ran.ends] == [Status.DONE] * 2
    assert (len(server.called), server.reads) == (2, 0)
    assert server.rows["/openmeter/features"][0]["meter"] == {"id": server.rows[METERS][0]["id"]}


@pytest.mark.parametrize(
    "reaction",
    [
        shows(name="Other"),
        shows(key="other"),
        shows(created_at=None),
        shows(deleted_at=NOW),
        shows(aggregation="later"),
        shows(event_type=7),
        acts_but(answers(204)),
        acts_but(LOST),
        acts_but(answers(502)),
    ],
)
def test_an_answer_that_leaves_a_doubt_is_looked_up(reaction: Reaction) -> None:
    server = server_with(reaction)

    ran = Ran(server, [create("meter", METER)], CALLING_FIRST)

    assert ran.ends == [("meter:create", Status.DONE, "", True)]
    assert (len(server.called), server.reads) == (1, 1)


def cases() -> dict[str, tuple[list[Step], dict[str, list[Fields]]]]:
    """Steps, and what another hand has made since they were decided."""
    meter = create("meter", METER)
    guarded = replace(meter, before=replace(meter.before, without=(Obstacle("users", "feature"),)))
    return {
        "nothing": ([meter], {}),
        "an equal one": ([meter], {"meters": [{"id": "m1", **METER}]}),
        "another one": ([meter], {"meters": [{"id": "m1", **METER, "event_type": "other"}]}),
        "a deleted one": ([meter], {"meters": [{"id": "m1", **METER, "key": "gone", "deleted_at": NOW}]}),
        "an unknown one": ([meter], {"meters": [{"id": "m1", **METER, "aggregation": "later"}]}),
        "one that a later step leaves": (
            [meter, replace(meter, id="later", after=replace(meter.after, view=seen("meter", {**METER, "name": "B"})))],
            {"meters": [{"id": "m1", **METER, "name": "B"}]},
        ),
        "what it needs": ([create("feature", FEATURE)], {}),
        "something in the way": ([guarded], {}),
        "a subscription's customer": (
            [create("customer", CUSTOMER), subscribe()],
            {"customers": [{"id": "c1", **CUSTOMER}]},
        ),
    }


@pytest.mark.parametrize("name", cases())
def test_a_report_is_the_same_with_a_look_before_the_call(name: str) -> None:
    steps, rows = cases()[name]
    calling, looking = server_with(**rows), server_with(**rows)

    first = Ran(calling, steps, CALLING_FIRST)
    second = Ran(looking, steps, LOOKING_FIRST)

    assert first.ends == second.ends
    assert calling.rows == looking.rows


@pytest.mark.parametrize("step", [FIRST_PRO, subscribe(), replace(create("meter", METER), repeatable=False)])
def test_what_the_server_could_make_twice_is_looked_at_first(step: Step) -> None:
    server = server_with(customers=[{"id": "c1", **CUSTOMER}])
    reads_before_calls: Sequence[int] = []

    def noted(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        reads_before_calls.append(server.reads)
        return obeys(server, method, path, body)

    server.reactions = {step.call.path: [noted]}
    Ran(server, [step], CALLING_FIRST)

    assert reads_before_calls
    assert min(reads_before_calls) > 0


def test_a_run_again_looks_and_calls_nothing() -> None:
    """After one conflict, or one that is there, each step is looked at first."""
    server = server_with()
    steps = [create("meter", {**METER, "key": f"calls{number}"}) for number in range(4)]
    steps = [replace(step, id=f"meter{number}") for number, step in enumerate(steps)]
    Ran(server, steps, CALLING_FIRST)

    again = Ran(server, steps, CALLING_FIRST)

    assert [end[1] for end in again.ends] == [Status.ALREADY] * 4
    assert len(server.called) == 4 + 1


SUBSCRIBED: Fields = {
    "customer_id": "c1",
    "plan": {"id": "p1", "key": "pro", "version": 1},
    "labels": {"billsync_key": "default"},
    "status": "active",
    "active_from": NOW,
    "billing_anchor": NOW,
    "billing_cadence": "P1M",
    "phases": [],
}


def subscribes(*others: Fields, **shown: Plain) -> Reaction:
    """Begin a subscription, as others do at the same moment, and answer with other values."""

    def reaction(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        row = server.keep(path, SUBSCRIBED)
        for other in others:
            server.keep(path, other)
        return Answer(201, {**row, **shown})

    return reaction


def subscribed(*reactions: Reaction, is_alone: bool) -> tuple[Ran, Keeping]:
    """A subscription that was begun on a server that keeps a customer to one, or not."""
    server = server_with(
        customers=[{"id": "c1", **CUSTOMER}], plans=[{"id": "p1", "version": 1, "status": "active", **PLAN}]
    )
    server.reactions = {SUBSCRIPTIONS: list(reactions)}
    return Ran(server, [subscribe()], CALLING_FIRST, is_alone=is_alone), server


def test_where_a_customer_has_one_subscription_its_answer_ends_the_step() -> None:
    ending, ended = subscribed(subscribes(), is_alone=True)
    looking, looked = subscribed(subscribes(), is_alone=False)

    assert ending.ends == looking.ends == [("sub:create", Status.DONE, "", True)]
    assert ended.reads == looked.reads - 1


@pytest.mark.parametrize(
    "shown",
    [
        {"customer_id": "c2"},
        {"plan": {"id": "p2", "key": "pro", "version": 2}},
        {"labels": {}},
        {"status": "inactive"},
        {"status": "later"},
        {"created_at": None},
        {"deleted_at": NOW},
        {"id": None},
    ],
)
def test_a_subscription_of_which_the_answer_leaves_a_doubt_is_looked_at(shown: Fields) -> None:
    plain, once = subscribed(subscribes(), is_alone=True)

    doubtful, twice = subscribed(subscribes(**shown), is_alone=True)

    assert doubtful.ends == plain.ends
    assert twice.reads > once.reads


def test_where_a_customer_may_have_several_a_second_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run begins one between the look and the call. With the answer believed there, too, nobody would see."""
    safe, _ = subscribed(subscribes(SUBSCRIBED), is_alone=False)
    monkeypatch.setattr(one_rule, "may_end_by_answer", lambda step, world: True)
    unsafe, server = subscribed(subscribes(SUBSCRIBED), is_alone=False)

    assert (safe.ends[0][1], unsafe.ends[0][1]) == (Status.FAILED, Status.DONE)
    assert len(server.rows[SUBSCRIPTIONS]) == 2


@pytest.mark.parametrize(
    ("answer", "manner", "reads"),
    [
        (obeys, CALLING_FIRST, 1),
        (obeys, LOOKING_FIRST, 2),
        (acts_but(answers(200)), CALLING_FIRST, 2),
        (acts_but(LOST), CALLING_FIRST, 2),
    ],
)
def test_no_content_alone_ends_a_delete(answer: Reaction, manner: Manner, reads: int) -> None:
    """The server says so of any id that is gone; after any other answer, there is a look."""
    server = server_with(meters=[{"id": "m1", **METER}])
    server.reactions[f"{METERS}/m1"] = [answer]

    ran = Ran(server, [delete(METER)], manner)

    assert ran.ends == [("meter:delete", Status.DONE, "", True)]
    assert (server.rows[METERS], server.reads) == ([], reads)
