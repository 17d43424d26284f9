"""Plans whose labels can't be read: on Konnect, with `unit_config`, or because the older API fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare, everything
from billsync.app.server.connection import Connection
from billsync.core.diffing.diff import Mode
from billsync.core.dump.dump import dump
from billsync.kinds.registry import KINDS
from tests.support.world import EVERY_ROW, NoJournal, World, declared

pytestmark = pytest.mark.thorough

FILES = """\
_info: {owner: OWNER, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
MORE
plans:
  - key: pro
    name: Pro
    phases: [{key: default, name: Default, rate_cards: [CARD]}]
"""
FEE = '{key: fee, name: Fee, price: {type: flat, amount: "AMOUNT"}}'
USED = '{feature: tokens, name: Tokens, billing_cadence: P1M, price: {type: flat, amount: "AMOUNT"}}'
CONVERTED = (
    '{feature: tokens, name: Tokens, price: {type: unit, amount: "AMOUNT"}, '
    "unit_config: {operation: divide, conversion_factor: 10, rounding: ceiling}}"
)
OWN = (
    "meters: [{key: m, name: M, event_type: e, aggregation: count}]\nfeatures: [{key: tokens, name: Tokens, meter: m}]"
)
EXTERNAL = "external: {features: [tokens]}"


@dataclass(frozen=True, slots=True)
class Failing(httpx.BaseTransport):
    """Answers every read of the older API with this status."""

    inner: httpx.BaseTransport
    status: int

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner answer, but for the older API."""
        if "/api/v1/" in request.url.path:
            return httpx.Response(self.status, json={"detail": "no"}, request=request)
        return self.inner.handle_request(request)


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.close()


def files(owner: str, card: str, amount: str, more: str = "") -> str:
    text = FILES.replace("OWNER", owner).replace("CARD", card.replace("AMOUNT", amount))
    return text.replace("MORE", more)


def konnect(world: World) -> Connection:
    return replace(world.connection(), dialect="konnect")


def without_v1(world: World, status: int) -> Connection:
    return world.connection(lambda inner: Failing(inner, status))


def synced(connection: Connection, text: str, **allow: str) -> list[tuple[str, str]]:
    """Sync; what is refused, noted or guarded, by code and reason."""
    allowed = {name.replace("_", "-"): value for name, value in allow.items()}
    comparison = compare(connection, declared(text), Mode("sync", True, allowed))
    plan = comparison.plan
    if not plan.guards:
        carry_out(connection, plan, journal=NoJournal(), known=comparison.snapshot)
    told = [(change.code, change.reason) for change in plan.changes if change.code]
    return told + [(guard.code, guard.reason) for guard in plan.guards]


def codes(connection: Connection, text: str, **allow: str) -> list[str]:
    return [code for code, _ in synced(connection, text, **allow)]


def newest(world: World) -> tuple[int, str]:
    with world.http() as http:
        rows = http.get("plans", params=EVERY_ROW).json()["data"]
        row = max(rows, key=lambda row: row["version"])
        return row["version"], row["phases"][0]["rate_cards"][0]["price"]["amount"]


@pytest.mark.parametrize("card", [USED, CONVERTED])
def test_a_plan_is_ours_where_what_it_sells_is(world: World, card: str) -> None:
    connection = konnect(world) if card == USED else world.connection()

    first = codes(connection, files("payments", card, "1", OWN))
    dearer = codes(connection, files("payments", card, "2", OWN))

    assert (first, dearer, newest(world)) == ([], [], (2, "2"))


@pytest.mark.parametrize("card", [USED, CONVERTED])
def test_a_plan_that_uses_another_owners_entity_needs_adopting(world: World, card: str) -> None:
    """A plan that uses an entity of another owner is refused unless it is adopted."""
    connection = konnect(world) if card == USED else world.connection()
    codes(connection, files("payments", card, "1", OWN))

    refused = synced(connection, files("growth", card, "2", EXTERNAL), unmarked_plan="")
    before = newest(world)
    adopted = codes(connection, files("growth", card, "2", f"{EXTERNAL}\nadopted: {{plans: [pro]}}"))

    differs = "it is live, differs in phases, and uses feature/tokens, which belongs to the owner 'payments'"
    assert (refused, before) == ([("other-owner", differs)], (1, "1"))
    assert (adopted, newest(world)) == ([], (2, "2"))


def test_where_nothing_tells_the_guard_asks_until_the_files_say_it(world: World) -> None:
    connection = konnect(world)
    codes(connection, files("payments", FEE, "1"))

    stopped = codes(connection, files("payments", FEE, "2"))
    allowed = codes(connection, files("payments", FEE, "2"), unmarked_plan="")
    again = codes(connection, files("payments", FEE, "3"))
    recorded = codes(connection, files("payments", FEE, "3", "adopted: {plans: [pro]}"))

    assert (stopped, allowed, again, recorded) == (["unmarked-plan"], ["unrecorded"], ["unmarked-plan"], [])
    assert newest(world) == (3, "3")


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_failing_older_api_makes_nothing_nobodys(world: World, status: int) -> None:
    codes(world.connection(), files("payments", FEE, "1"))
    connection = without_v1(world, status)

    ours = synced(connection, files("payments", FEE, "2"), unmarked_plan="")
    others = synced(connection, files("growth", FEE, "2"), unmarked_plan="")
    adopted = codes(connection, files("payments", FEE, "2", "adopted: {plans: [pro]}"))

    assert [code for code, _ in ours] == [code for code, _ in others] == ["unread-owner"]
    assert f"its labels could not be read (GET /v1/plans: {status}" in ours[0][1]
    assert (adopted, newest(world)) == ([], (2, "2"))


@pytest.mark.parametrize("card", [USED, CONVERTED])
def test_what_hides_its_labels_is_never_archived_unless_it_is_adopted(world: World, card: str) -> None:
    connection = konnect(world) if card == USED else world.connection()
    codes(connection, files("payments", card, "1", OWN))
    gone = f"_info: {{owner: payments}}\n{OWN}\nplans: []\n"

    kept = codes(connection, gone)
    status = statuses(world)
    codes(connection, f"{gone}adopted: {{plans: [pro]}}\n")

    assert (kept, status, statuses(world)) == ([], ["active"], ["archived"])


def statuses(world: World) -> list[str]:
    with world.http() as http:
        return [row["status"] for row in http.get("plans", params=EVERY_ROW).json()["data"]]


LABELLED = FEE.replace("{key", "{labels: {team: a}, key")


@pytest.mark.parametrize("amount", ["1", "2"])
def test_declared_labels_that_nothing_shows_are_refused(world: World, amount: str) -> None:
    text = files("payments", LABELLED, amount)

    nowhere = synced(konnect(world), text)
    unread = synced(without_v1(world, 404), text)
    codes(world.connection(), text)
    now_unread = synced(without_v1(world, 404), text)

    hidden = "it declares labels, and this server keeps the labels of a plan and never shows them"
    assert nowhere == [("hidden-labels", f"{hidden}, so that they can't be compared")]
    assert unread == []
    assert [code for code, _ in now_unread] == ["hidden-labels"]
    assert newest(world) == (1, amount)


def test_a_dump_says_whose_labels_it_could_not_read(world: World) -> None:
    codes(world.connection(), files("payments", CONVERTED, "1", OWN))

    found = dump(everything(world.connection()), KINDS, world.connection().routes)

    assert "the labels of plan/pro can't be read: the file has none of them, nor whose it is" in [
        loss.text for loss in found.losses
    ]
