"""Looks that are made for several deletes together: the ends are those of looks made one by one, for fewer requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from billsync.api.documents import BALANCE
from billsync.apply.bindings import Bindings
from billsync.apply.execute import Manner, execute
from billsync.apply.workers import OneThread, Workers
from billsync.apply.world import World
from billsync.core.changes.obstacles import CHILDREN, CREDIT
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import read_list
from billsync.live.lists.streams import read_together
from billsync.model.change import Call, Expectation, Obstacle, PlanFile, Step
from billsync.model.ports import Answer, ListRead, ReadAhead, Unclear
from billsync.model.result import Status
from billsync.model.routes import ListQuery
from billsync.model.value import Fields, Plain
from tests.laws.test_execute import CUSTOMERS, ROUTES, SUBSCRIPTIONS, address, seen
from tests.support.clock import FakeClock
from tests.support.scripted import Notebook, Scripted

MADE = "2026-09-01T00:00:00Z"
GRANT: Fields = {
    "id": "g",
    "key": "g",
    "name": "G",
    "amount": "5",
    "currency": "USD",
    "status": "active",
    "created_at": MADE,
    "effective_at": MADE,
}
REFUSED = Answer(400, None, "no such operator")


@dataclass(slots=True)
class Filtering(Scripted):
    """A scripted server that keeps to filters, and may refuse lists of values."""

    knows_lists: bool = True
    asked: list[str] = field(default_factory=list)

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """The rows that the filters let through."""
        self.asked.append(path)
        if any("[oeq]" in name for name, _ in query) and not self.knows_lists:
            return REFUSED
        answer = Scripted.get(self, path)
        if not answer.ok or not isinstance(answer.body, dict) or "data" not in answer.body:
            return answer
        rows = [row for row in answer.body["data"] if all(_lets_through(row, *each) for each in query)]
        return Answer(200, {"data": rows, "meta": {"page": {"size": 100, "number": 1, "total": len(rows)}}})


def _lets_through(row: Fields, name: str, value: str) -> bool:
    if not name.startswith("filter["):
        return True
    wanted = value.split(",") if name.endswith("[oeq]") else [value]
    return row.get(name[len("filter[") :].partition("]")[0]) in wanted


def grants_of(key: str) -> str:
    return f"{CUSTOMERS}/id-{key}/credits/grants"


def balance_of(key: str) -> str:
    return BALANCE.replace("{parent}", f"id-{key}")


def balance(amount: str) -> Answer:
    rows = [{"currency": "USD", "settled": amount, "live": amount, "pending": "0"}]
    return Answer(200, {"retrieved_at": MADE, "balances": rows if amount != "0" else []})


def renamed(server: Scripted, key: str) -> None:
    server.rows[CUSTOMERS] = [{**row, "name": "?"} if row["key"] == key else row for row in server.rows[CUSTOMERS]]


def gone(server: Scripted, key: str) -> None:
    server.rows[CUSTOMERS] = [row for row in server.rows[CUSTOMERS] if row["key"] != key]


def twin(server: Scripted, key: str) -> None:
    server.rows[CUSTOMERS].append({"id": "twin", "key": key, "name": key})


def with_balance(server: Scripted, key: str) -> None:
    server.refused[balance_of(key)] = balance("7")


def unseen_balance(server: Scripted, key: str) -> None:
    server.unreadable[balance_of(key)] = Unclear("the answer was lost")


def with_grant(server: Scripted, key: str) -> None:
    server.rows[grants_of(key)] = [GRANT]


def unseen_grants(server: Scripted, key: str) -> None:
    server.refused[grants_of(key)] = Answer(503, None, "credits are down")


def subscribed(server: Scripted, key: str) -> None:
    row = {
        "id": f"s-{key}",
        "customer_id": f"id-{key}",
        "status": "active",
        "labels": {"billsync_key": "default"},
        "billing_anchor": MADE,
        "created_at": MADE,
        "plan_id": "p",
    }
    server.rows[SUBSCRIPTIONS].append(row)


def unchanged(server: Scripted, key: str) -> None:
    pass


MEANWHILE: tuple[Callable[[Scripted, str], None], ...] = (
    unchanged, renamed, gone, twin, with_balance, unseen_balance, with_grant, unseen_grants, subscribed,
)  # fmt: skip


def removal(key: str) -> Step:
    where = address("customer", key)
    obstacles = (
        Obstacle(CREDIT, path=BALANCE.replace("{parent}", where.symbol)),
        Obstacle(CHILDREN, "grant"),
        Obstacle(CHILDREN, "subscription"),
    )
    before = Expectation(seen("customer", {"key": key, "name": key}), without=obstacles)
    call = Call("DELETE", ROUTES["customer"].item(where.symbol))
    return Step(f"{key}:delete", where, "deleting", call, before, Expectation(None))


class AtOnce:
    """Carries out each task at once."""

    def begin(self, task: Callable[[], None]) -> None:
        task()

    def when_idle(self, call: Callable[[], None]) -> None:
        call()

    def close(self) -> None:
        pass


def in_lots(at_once: int) -> Workers:
    return OneThread(AtOnce())


def carried_out(
    changes: Sequence[Callable[[Scripted, str], None]], manner: Manner, *, knows_lists: bool = True
) -> tuple[list[tuple[str, Status, str]], list[Plain], int]:
    """The ends of the deletes of customers that something happened to meanwhile, the calls, and the number of reads."""
    keys = [f"c{number}" for number in range(len(changes))]
    rows = {CUSTOMERS: [{"id": f"id-{key}", "key": key, "name": key} for key in keys], SUBSCRIPTIONS: []}
    server, clock = Filtering({**rows}, knows_lists=knows_lists), FakeClock()
    for key, change in zip(keys, changes, strict=True):
        server.refused[balance_of(key)] = balance("0")
        change(server, key)

    def rows_of(path: str, query: Sequence[tuple[str, str]], listing: ListQuery) -> Sequence[Fields]:
        return read_list(server, path, query, listing, clock)

    def together(lists: Sequence[ListRead], documents: Sequence[str]) -> ReadAhead:
        return read_together(server, lists, documents, clock, at_once=1)

    ids = {address("customer", key): f"id-{key}" for key in keys}
    names = {server_id: where for where, server_id in ids.items()}
    bindings = Bindings(KINDS, ROUTES, rows_of, ids, names, read_together=together)
    plan = PlanFile("test", "payments", "sync", (), tuple(map(removal, keys)))
    report = execute(plan, World(server, bindings, Notebook(), clock), manner=manner)
    return [(r.step.id, r.status, r.reason) for r in report.results], server.called, len(server.asked)


@given(st.lists(st.sampled_from(MEANWHILE), min_size=1, max_size=7), st.booleans())
def test_ends_are_those_of_looks_made_one_by_one(
    changes: list[Callable[[Scripted, str], None]], knows_lists: bool
) -> None:
    alone = carried_out(changes, Manner())

    together = carried_out(changes, Manner(10, workers=in_lots), knows_lists=knows_lists)

    assert together[:2] == alone[:2]


def test_a_lot_takes_fewer_reads() -> None:
    alone, together = (carried_out([unchanged] * 7, manner) for manner in (Manner(), Manner(10, workers=in_lots)))

    assert {status for _, status, _ in together[0]} == {Status.DONE}
    assert (alone[2], together[2]) == (7 * 4, 2 * 8 + 4)
