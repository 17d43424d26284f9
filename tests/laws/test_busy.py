"""Nothing is made twice because of a wait: whatever somebody else does meanwhile is seen before the next call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from billsync.model.change import Step
from billsync.model.ports import Answer, Busy, Unclear
from billsync.model.result import Status
from billsync.model.value import Fields, Plain
from tests.laws.test_execute import (
    CUSTOMER,
    METER,
    PLAN,
    SUBSCRIPTIONS,
    Ran,
    create,
    rename,
    server_with,
    subscribe,
)
from tests.laws.test_first_call import SUBSCRIBED
from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import App, serving
from tests.support.scripted import Reaction, Scripted

DRAFTED: Fields = {**PLAN, "version": 1, "status": "draft"}
RENAMED: Fields = {**METER, "name": "New"}
Act = Callable[[], object]


def asked(server: Scripted, act: Act) -> Reaction:
    """429: the server did nothing, and wants to be asked later."""
    return _busy(act, was_asked=True)


def not_asked(server: Scripted, act: Act) -> Reaction:
    """Another call was answered with 429 just before."""
    return _busy(act, was_asked=False)


def _busy(act: Act, *, was_asked: bool) -> Reaction:
    def reaction(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        raise Busy("busy", lambda asked: act() and None, was_asked=was_asked)

    return reaction


@dataclass(frozen=True, slots=True)
class Case:
    """A step, the path of its call, and the row as somebody else leaves it meanwhile."""

    step: Step
    path: str
    theirs: Fields
    end: Status

    def act(self, server: Scripted) -> None:
        """Do it before the step does."""
        if self.step.call.method == "POST":
            server.keep(self.path, self.theirs)
        else:
            server.rows["/openmeter/meters"] = [self.theirs]


CASES = {
    "a subscription": Case(subscribe(), SUBSCRIPTIONS, SUBSCRIBED, Status.ALREADY),
    "a version of a plan": Case(create("plan", PLAN), "/openmeter/plans", DRAFTED, Status.ALREADY),
    "a change": Case(
        rename(METER, RENAMED), "/openmeter/meters/m1", {"id": "m1", **METER, "name": "Theirs"}, Status.STALE
    ),
}


def prepared(case: str) -> Scripted:
    known = {"meters": [{"id": "m1", **METER}], "customers": [{"id": "c1", **CUSTOMER}]}
    plans = [{"id": "p1", **PLAN, "version": 1, "status": "active"}] if case == "a subscription" else []
    return server_with(**known, plans=plans)


@pytest.mark.parametrize("way", [asked, not_asked])
@pytest.mark.parametrize("name", CASES)
def test_what_others_do_in_a_pause_is_seen_before_the_call(name: str, way: Callable[[Scripted, Act], Reaction]) -> None:
    case, server = CASES[name], prepared(name)
    server.reactions[case.path] = [way(server, lambda: case.act(server))]

    ran = Ran(server, [case.step])

    assert [end[1] for end in ran.ends] == [case.end]
    assert [call[0] for call in server.called] == [case.step.call.method]
    assert list(ran.journal.names()) == ["call", "busy", "result"]


def test_what_comes_late_is_seen_after_the_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a create is lost, and the server carries it out after the next look."""
    case, server = CASES["a version of a plan"], prepared("")

    def lost(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        monkeypatch.setattr(FakeClock, "sleep", lambda clock, seconds: case.act(server))
        raise Unclear("the answer was lost")

    server.reactions[case.path] = [lost]

    ran = Ran(server, [case.step])

    assert ran.ends == [(case.step.id, Status.DONE, "", True)]
    assert len(server.called) == 1


SHOP = """
_info: {owner: payments}
features: [{key: calls, name: Calls}]
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M,
     phases: [{key: default, name: D, rate_cards: [{key: a, name: A, price: {type: free}}]}]}
"""


def test_a_busy_server_gets_each_version_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first 429 comes as it carries out the same call for somebody else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(SHOP)
    posts = list[str]()

    def wrap(app: App) -> App:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("POST", "/api/v3/openmeter/plans"):
                posts.append(environ["PATH_INFO"])
                if len(posts) == 1:
                    list(app(environ, lambda *_: None))
                    start_response("429 Too Many Requests", [("Retry-After", "3")])
                    return []
            return app(environ, start_response)

        return wrapped

    with serving(tmp_path / "served.db", FakeClock(), wrap) as base:
        shell = Shell()
        ran = shell.run("sync", "shop.yaml", "--server", base, "--yes")
        again = shell.run("diff", "shop.yaml", "--server", base, "--format", "json")

    assert (ran.code, ran.err, len(posts)) == (0, "", 1)
    assert shell.clock.slept == [3.0]
    assert json.loads(again.out)["summary"]["total"] == 0
