"""How a run finds what its calls are about: no row is taken for an entity unless it certainly is that entity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from billsync.api.routes import routes
from billsync.apply.bindings import Bindings, Observed
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, part_address
from billsync.model.ports import RemoteError
from billsync.model.routes import HiddenLabels, ListQuery
from billsync.model.value import Fields, Plain

TABLES = routes("openmeter")
CUSTOMERS, SUBSCRIPTIONS = "/openmeter/customers", "/openmeter/subscriptions"
PLANS, OFFERS = "/openmeter/plans", "/openmeter/plans/P1/addons"
ADDONS = "/openmeter/addons"
CARD = {"key": "fee", "name": "Fee", "price": {"type": "free"}}
PRO: Fields = {
    "id": "P1",
    "key": "pro",
    "name": "Pro",
    "version": 1,
    "status": "active",
    "currency": "USD",
    "billing_cadence": "P1M",
    "phases": [{"key": "default", "name": "Default", "rate_cards": [CARD]}],
}
SEATS: Fields = {
    "id": "A1",
    "key": "seats",
    "name": "Seats",
    "version": 1,
    "status": "active",
    "currency": "USD",
    "instance_type": "multiple",
    "rate_cards": [CARD],
}
OFFER: Fields = {"id": "O1", "name": "Seats", "addon": {"id": "A1"}, "from_plan_phase": "default", "labels": {}}
PLAN, ADDON = Address("plan", ("pro",), 1), Address("addon", ("seats",), 1)
MEMBER = part_address(PLAN, "addons", ADDON)


@dataclass
class Lists:
    """What a server shows, by path; each read of a list is noted."""

    rows: Mapping[str, Sequence[Fields]]
    document: Plain = None
    read: list[str] = field(default_factory=list)

    def bindings(self) -> Bindings:
        return Bindings(KINDS, TABLES, self.rows_of, read_document=self.document_of)

    def rows_of(self, path: str, query: Sequence[tuple[str, str]], listing: ListQuery) -> Sequence[Fields]:
        self.read.append(path)
        return self.rows.get(path, ())

    def document_of(self, where: HiddenLabels, server_id: str) -> Any:
        return self.document


@pytest.mark.parametrize(
    ("offers", "found"),
    [
        ([OFFER], "O1"),
        ([], None),
        ([{**OFFER, "addon": {"id": "A2"}}], None),
        ([{**OFFER, "deleted_at": "2026-01-01T00:00:00Z"}, {**OFFER, "id": "O2"}], "O2"),
        ([OFFER, {**OFFER, "id": "O2"}], None),
    ],
)
def test_a_member_is_the_one_row_that_names_it(offers: list[Fields], found: str | None) -> None:
    """A member of a list is the row that names it; with two such rows, it isn't known which of them is meant."""
    server = Lists({PLANS: [PRO], ADDONS: [SEATS], OFFERS: offers})
    bindings = server.bindings()
    bindings.bind(PLAN, "P1")
    bindings.bind(ADDON, "A1")

    assert bindings.id_of(MEMBER) == found


@pytest.mark.parametrize("missing", [PLANS, ADDONS])
def test_a_member_of_what_is_not_there_is_not_there(missing: str) -> None:
    rows = {PLANS: [PRO], ADDONS: [SEATS], OFFERS: [OFFER]}

    assert Lists({**rows, missing: []}).bindings().id_of(MEMBER) is None
    assert Lists(rows).bindings().id_of(MEMBER) == "O1"


def test_a_child_of_what_is_not_there_is_not_looked_for() -> None:
    server = Lists({})

    assert server.bindings().observe(Address("grant", ("acme", "welcome")), None) == Observed(None)
    assert server.read == [CUSTOMERS]


def test_a_row_that_does_not_say_whose_it_is_stops_the_look() -> None:
    acme = {"id": "C1", "key": "acme", "name": "Acme"}
    link = {"id": "S1", "customer_id": None, "status": "active", "labels": {}, "plan": {"id": "P1"}}
    server = Lists({CUSTOMERS: [acme], SUBSCRIPTIONS: [link]})

    with pytest.raises(RemoteError) as stopped:
        server.bindings().observe(Address("subscription", ("acme", "default")), None)

    assert str(stopped.value) == f"GET {SUBSCRIPTIONS}: unexpected response: customer_id: (none)"


def test_a_list_below_an_entity_with_unknown_values_stops_the_look() -> None:
    server = Lists({PLANS: [PRO], OFFERS: [OFFER, {**OFFER, "id": "O2"}]})

    with pytest.raises(RemoteError) as stopped:
        server.bindings().observe(PLAN, None)

    two = "addons: two with addon: {'id': 'A1'} (O1 and O2)"
    assert str(stopped.value) == f"GET {OFFERS}: unexpected response: {two}"


@pytest.mark.parametrize("document", [None, "damaged", {"phases": None}, {"metadata": "damaged", "phases": []}])
def test_labels_that_cannot_be_read_stop_the_look(document: Plain) -> None:
    """A plan whose hidden labels matter is not observed without them."""
    labelled = {"phases": ({"key": "default", "rate_cards": ({"key": "fee", "labels": {"a": "b"}},)},)}
    server = Lists({PLANS: [PRO]}, document)

    with pytest.raises(RemoteError) as stopped:
        server.bindings().observe(PLAN, labelled)

    assert str(stopped.value) == "the labels of the plan P1 can't be read"


@pytest.mark.parametrize(("status", "reads"), [("active", 1), ("draft", 2)])
def test_the_offers_of_an_active_version_are_read_once(status: str, reads: int) -> None:
    """A published version's list never changes; a draft's may."""
    server = Lists({OFFERS: [OFFER]})
    bindings = server.bindings()
    row = {**PRO, "status": status}

    found = [bindings.part_rows(row, TABLES["plan"].part("addons"), KINDS["plan"]) for _ in range(2)]

    assert found == [[OFFER], [OFFER]]
    assert server.read == [OFFERS] * reads
