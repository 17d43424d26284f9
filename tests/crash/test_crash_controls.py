"""Negative controls: with its safety taken out, billsync doubles things, and the harness must say so.

They run against the harness that remembers second runs, as the tests do; each has a harness of its own, so that
nothing is remembered of a journey that is safe.
"""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
import pytest

from billsync.apply import one_rule
from billsync.apply.bindings import Bindings, Observed
from billsync.apply.calling import UNTRIED
from billsync.model.address import Address
from billsync.model.value import Fields
from tests.crash.struck_runs import JOURNEYS, QUICK, Runs, StruckRun
from tests.support.crash_harness import Harness, Journey, harness
from tests.support.end_state import SUPERSEDED
from tests.support.faults import FAULTS, Point
from tests.support.shared_thread import sharing
from tests.support.state_digest import Digest, Tables, state_digest
from tests.support.world import EXAMPLES, declared

pytestmark = pytest.mark.thorough

BY_NAME = {fault.name: fault for fault in FAULTS}
GRANTS = "/credits/grants"
PREPAID = StruckRun(EXAMPLES / QUICK)
DOUBLED = {"doubled-grant": ""}
MICROSECONDS = 10**15
"""Integers from there on are times."""
Grant = dict[str, object]


@dataclass(slots=True)
class ChangingGrants(httpx.BaseTransport):
    """Changes every grant that is sent; without `always`, only those sent after an answer was a 502."""

    inner: httpx.BaseTransport
    change: Callable[[Grant], Grant]
    always: bool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.always and request.method == "POST" and request.url.path.endswith(GRANTS):
            request = httpx.Request("POST", request.url, json=self.change(json.loads(request.read())))
        response = self.inner.handle_request(request)
        self.always = self.always or response.status_code == 502
        return response


@dataclass(slots=True)
class InTwoCalls(httpx.BaseTransport):
    """Takes a scheduled subscription back in two calls: it goes, and then the one before it gets its end back."""

    inner: httpx.BaseTransport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/restore"):
            return self.inner.handle_request(request)
        base, _, link = str(request.url).removesuffix("/restore").replace("/v1/", "/v3/openmeter/").rpartition("/")
        shown = self.inner.handle_request(httpx.Request("GET", f"{base}/{link}"))
        following = json.loads(shown.read())["labels"][SUPERSEDED]
        withdrawn = httpx.Request("DELETE", f"{base}/{following}".replace("/v3/openmeter/", "/v1/"))
        self.inner.handle_request(withdrawn).read()
        return self.inner.handle_request(httpx.Request("POST", f"{base}/{link}/unschedule-cancelation"))


def without_key(grant: Grant) -> Grant:
    return {name: value for name, value in grant.items() if name != "key"}


def dearer(grant: Grant) -> Grant:
    return {**grant, "amount": str(3 * int(str(grant["amount"])))}


def broken(safe: Harness, change: Callable[[Grant], Grant], *, always: bool = True) -> Harness:
    """A harness of a journey whose client changes the grants that it sends; a guard that would see it is let pass."""
    wrap = partial(ChangingGrants, change=change, always=always)
    return replace(safe, journey=replace(safe.journey, wrap=wrap, allow=DOUBLED))


def about(place: str, harness: Harness) -> Point:
    return next(call for call in harness.whole.calls if call.writes and call.path.endswith(place))


def blind_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nothing is seen the first time that it is looked at."""
    see = Bindings.observe
    looked: set[tuple[int, Address]] = set()
    kept: list[object] = []  # an object that is gone leaves its id to another

    def observe(
        self: Bindings, address: Address, compared_with: Fields | None, facts: Collection[str] = ()
    ) -> Observed:
        first = (id(self.ids), address) not in looked
        kept.append(self.ids)
        looked.add((id(self.ids), address))
        return Observed(None) if first else see(self, address, compared_with, facts)

    monkeypatch.setattr(Bindings, "observe", observe)


def said(troubles: tuple[str, ...], about_what: str) -> list[str]:
    """The troubles that speak of something, without the fault's name."""
    texts = [trouble.partition(": ")[2] for trouble in troubles]
    return [text for text in texts if text.startswith(about_what)]


def found_at_some_calls(harness: Harness) -> dict[tuple[str, Point], tuple[str, ...]]:
    """What is wrong after a fault at each write and at some reads; first those in which the client has no defect."""
    calls = list(harness.whole.calls)
    points = [*(call for call in calls if call.writes), *[call for call in calls if not call.writes][::8]]
    places = [(name, point) for name in ("killed before", "killed after", "502 before") for point in points]
    troubles = {(name, point): harness.troubles_at(BY_NAME[name], point) for name, point in places}
    return {place: found for place, found in troubles.items() if found}


@pytest.mark.parametrize(
    ("name", "funded"),
    [("broken after", 1500), ("502 after", 1500), ("twice, first answer", 1500), ("killed after", 1000)],
)
def test_without_grant_keys_the_harness_finds_doubled_credit(name: str, funded: int, runs: Runs) -> None:
    unsafe = broken(runs.harness(PREPAID), without_key)

    troubles = unsafe.troubles_at(BY_NAME[name], about(GRANTS, unsafe))

    assert said(troubles, "customer acme has") == [
        f"customer acme has {funded} USD, declared are 500",
        "customer acme has 0 charges, expected 1",
        f"customer acme has {funded // 500} bookings, expected 1",
        "customer acme has 0 running subscriptions, declared are 1",
    ]
    assert f"there are {funded // 500} grant rows, expected 1" in said(troubles, "there are")


THREE = declared(
    "_info: {owner: payments}\ncustomers:\n"
    + "".join(
        f"  - {{key: c{number}, name: C{number}, grants: [{{key: welcome, name: W{number}, amount: {number}, "
        "currency: USD, funding_method: none}]}\n"
        for number in (1, 2, 3)
    )
)


@pytest.mark.parametrize("name", ["502 after", "broken after", "killed after"])
def test_with_several_calls_under_way_a_doubled_grant_is_found(name: str, tmp_path: Path) -> None:
    """Of three grants under way over one thread one answer is lost: without keys they are doubled, with keys they
    aren't."""
    safe = harness(Journey("three", (THREE,), DOUBLED, manner=sharing(3)), tmp_path)
    unsafe = broken(safe, without_key)
    points = [call for call in safe.whole.calls if call.writes and call.path.endswith(GRANTS)]

    found = [safe.troubles_at(BY_NAME[name], point) for point in points]
    doubled = [said(unsafe.troubles_at(BY_NAME[name], point), "there are") for point in points]

    assert found == [()] * 3
    assert all(texts and "grant rows, expected 3" in texts[0] for texts in doubled)


def test_without_grant_keys_a_run_again_is_stopped_by_a_guard(runs: Runs) -> None:
    unsafe = broken(runs.harness(PREPAID), without_key)
    unsafe = replace(unsafe, journey=replace(unsafe.journey, allow={}))

    troubles = unsafe.troubles_at(BY_NAME["killed after"], about(GRANTS, unsafe))

    assert said(troubles, "grant/acme/welcome") == ["grant/acme/welcome:create blocked: a guard stopped the run"]


def test_without_observing_the_harness_finds_a_plan_versioned_twice(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe = runs.harness(StruckRun(EXAMPLES / QUICK, saved=True))
    point = about("/subscriptions", safe)
    seeing = safe.troubles_at(BY_NAME["killed after"], point)

    blind_at_first(monkeypatch)
    monkeypatch.setattr(one_rule, "called_first", lambda step, world: UNTRIED)
    monkeypatch.setattr(one_rule, "gave_way", lambda step, made, world: False)
    blind = replace(safe).troubles_at(BY_NAME["killed after"], point)

    assert seeing == ()
    assert said(blind, "there are") == ["there are 2 plan rows, expected 1"]


def test_a_change_taken_back_in_two_calls_may_leave_an_end(runs: Runs, tmp_path: Path) -> None:
    safe = runs.harness(StruckRun(JOURNEYS / "a-change-at-renewal-taken-back"))
    unsafe = harness(replace(safe.journey, wrap=InTwoCalls), tmp_path)
    point = next(call for call in unsafe.whole.calls if call.method == "DELETE")

    troubles = unsafe.troubles_at(BY_NAME["killed after"], point)

    assert said(troubles, "a subscription is") != []
    assert "'status': 'canceled'" in said(troubles, "a subscription is")[0]


def test_with_grant_keys_the_same_faults_double_nothing(runs: Runs) -> None:
    safe = runs.harness(PREPAID)

    troubles = [safe.troubles_at(fault, about(GRANTS, safe)) for fault in FAULTS]

    assert troubles == [()] * len(FAULTS)


def test_a_harness_for_another_journey_remembers_nothing(runs: Runs) -> None:
    safe = runs.harness(PREPAID)
    safe.troubles_at(BY_NAME["killed after"], about(GRANTS, safe))

    others = (replace(safe), broken(safe, without_key))

    assert safe.outcomes != {}
    assert [other.outcomes for other in others] == [{}, {}]


@pytest.mark.slow
@pytest.mark.parametrize("change", [without_key, dearer])
def test_remembering_misses_no_defect_at_single_fault_points(change: Callable[[Grant], Grant], runs: Runs) -> None:
    """A defect at some fault points only is found also by a harness that remembers the other points."""
    unsafe = broken(runs.harness(PREPAID), change, always=False)

    remembering = found_at_some_calls(unsafe)
    unremembering = found_at_some_calls(unsafe.unremembering)

    assert remembering == unremembering
    assert {name for name, _ in remembering} == {"502 before"}
    assert len(unsafe.outcomes) < len(unsafe.whole.calls)


def without_times(value: object) -> object:
    """The value of a column with all times the same."""
    if isinstance(value, int):
        return value if value < MICROSECONDS else MICROSECONDS
    return re.sub(r"\b\d{16}\b", "0", value) if isinstance(value, str) else value


def without_times_and_money(value: object) -> object:
    """The value of a column with all times, and all amounts, the same."""
    timeless = without_times(value)
    return re.sub(r'"amount":"[^"]*"', '"amount":""', timeless) if isinstance(timeless, str) else timeless


@pytest.mark.slow
def test_a_digest_without_money_would_miss_a_doubled_grant(runs: Runs) -> None:
    """A harness that remembered states without their money would miss a doubled grant."""
    unsafe = broken(runs.harness(PREPAID), dearer, always=False)

    found = found_at_some_calls(unsafe)
    timeless = found_at_some_calls(replace(unsafe, digest=forgetting(without_times)))
    moneyless = found_at_some_calls(replace(unsafe, digest=forgetting(without_times_and_money)))

    assert timeless == found
    assert moneyless != found


def forgetting(blank: Callable[[object], object]) -> Digest:
    """A digest of a state whose columns were blanked."""

    def digest(tables: Tables, now: datetime) -> str:
        blanked = {name: (names, [tuple(map(blank, row)) for row in rows]) for name, (names, rows) in tables.items()}
        return state_digest(blanked, now)

    return digest
