"""Negative controls: with its safety taken out, billsync doubles things, and the harness must say so."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from billsync.apply.bindings import Bindings, Observed
from billsync.model.address import Address
from billsync.model.value import Fields
from tests.support.crash_harness import Journey, Start, from_plan_file, troubles_at, undisturbed
from tests.support.faults import FAULTS, Point
from tests.support.world import declared_in, examples

PREPAID = next((example for example in examples() if example.name == "prepaid-credits"), Path("absent"))
BY_NAME = {fault.name: fault for fault in FAULTS}


class WithoutGrantKeys(httpx.BaseTransport):
    """Takes the key out of every grant that is sent."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/credits/grants"):
            body = {name: value for name, value in json.loads(request.read()).items() if name != "key"}
            request = httpx.Request("POST", request.url, json=body)
        return self._inner.handle_request(request)


def journey() -> Journey:
    return Journey("prepaid", (declared_in(PREPAID),))


def about(place: str, calls: tuple[Point, ...]) -> Point:
    return next(call for call in calls if call.writes and call.path.endswith(place))


def blind_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nothing is seen the first time that it is looked at."""
    see = Bindings.observe
    looked: set[tuple[int, Address]] = set()

    def observe(self: Bindings, address: Address, beside: Fields | None) -> Observed:
        first = (id(self), address) not in looked
        looked.add((id(self), address))
        return Observed(None) if first else see(self, address, beside)

    monkeypatch.setattr(Bindings, "observe", observe)


def said(troubles: tuple[str, ...], about_what: str) -> list[str]:
    """The troubles that speak of something, without the fault's name."""
    texts = [trouble.partition(": ")[2] for trouble in troubles]
    return [text for text in texts if text.startswith(about_what)]


@pytest.mark.parametrize(
    ("name", "funded"),
    [("broken after", 1500), ("502 after", 1500), ("twice, first answer", 1500), ("killed after", 1000)],
)
def test_without_grant_keys_the_harness_finds_doubled_credit(name: str, funded: int, tmp_path: Path) -> None:
    safe = journey()
    start = Start(safe, tmp_path)
    whole = undisturbed(safe, start)
    point = about("/credits/grants", whole.calls)

    unsafe = replace(safe, wrap=WithoutGrantKeys, allow={"doubled-grant": ""})
    troubles = troubles_at(unsafe, start, whole, fault=BY_NAME[name], point=point)

    assert said(troubles, "customer acme has") == [
        f"customer acme has {funded} USD, declared are 500",
        "customer acme has 0 running subscriptions, declared are 1",
    ]
    assert said(troubles, "there are")[-1:] == [f"there are {funded // 500} grant rows, expected 1"]


def test_without_grant_keys_a_run_again_is_stopped_by_a_guard(tmp_path: Path) -> None:
    safe = journey()
    start = Start(safe, tmp_path)
    whole = undisturbed(safe, start)
    point = about("/credits/grants", whole.calls)

    unsafe = replace(safe, wrap=WithoutGrantKeys)
    troubles = troubles_at(unsafe, start, whole, fault=BY_NAME["killed after"], point=point)

    assert said(troubles, "grant/acme/welcome") == ["grant/acme/welcome:create blocked: a guard stopped the run"]


def test_without_observing_the_harness_finds_a_plan_versioned_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe = journey()
    start = Start(safe, tmp_path)
    attempt = from_plan_file(start.world().plan_file(safe.last))
    whole = undisturbed(safe, start, attempt)
    point = about("/subscriptions", whole.calls)
    seeing = troubles_at(safe, start, whole, fault=BY_NAME["killed after"], point=point, attempt=attempt)

    blind_at_first(monkeypatch)
    blind = troubles_at(safe, start, whole, fault=BY_NAME["killed after"], point=point, attempt=attempt)

    assert seeing == ()
    assert said(blind, "there are") == ["there are 2 plan rows, expected 1"]


def test_with_grant_keys_the_same_faults_double_nothing(tmp_path: Path) -> None:
    safe = journey()
    start = Start(safe, tmp_path)
    whole = undisturbed(safe, start)
    point = about("/credits/grants", whole.calls)

    troubles = [troubles_at(safe, start, whole, fault=fault, point=point) for fault in FAULTS]

    assert troubles == [()] * len(FAULTS)
