"""Reads the parts of the credit of customers, so far as their balances don't tell that each is as it was.

That is a list of grants for each customer who has credit, or had any, and one of movements for those who owe something,
whose grants aren't the same, or who have credits for fees in advance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from billsync.app.recovery.promises import SUBSCRIPTION
from billsync.app.recovery.taken_credit import LOT, checked_grants, is_lacking, read_consumed, read_grants
from billsync.app.recovery.taken_rows import lots
from billsync.app.server.connection import Connection
from billsync.core.observed.ownership import KEY, labels_of
from billsync.live.lists.paging import Refused
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text
from billsync.model.recovery import Recovery
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.report.credits.ledger import Statement
from billsync.report.recovery.facts.left import GRANT, credit_of
from billsync.report.recovery.proof.paid import Chains, paid_fees
from billsync.report.recovery.proof.parts import Credits, Parts, parts_by_customer, parts_of, rows_prove
from billsync.report.recovery.restore.compensated import is_compensation

CUSTOMER, FEATURE = "customer", "feature"


@dataclass(frozen=True, slots=True)
class _Granted:
    """A customer on the server, its rows of grants, and the parts that it should have."""

    customer: Row
    rows: tuple[Row, ...]
    want: Parts

    @property
    def key(self) -> str:
        """The customer's key."""
        return str(self.customer.fields["key"])


def read_credits(connection: Connection, recovery: Recovery, live: Recovery) -> Credits:
    """The parts of the credit of the snapshot's customers, there and on the server. Raises RemoteError."""
    want, have, proved = parts_by_customer(recovery), dict[str, Parts](), set[str]()
    chains, features = _chains(live), {row.id: str(row.fields.get("key")) for row in live.live.of(FEATURE)}
    for lot in lots(_asked(want, live), LOT):
        found = tuple(_granted(connection, lot, want))
        proved |= {one.key for one in found if rows_prove(one.want, one.rows)}
        rest = [one for one in found if one.key not in proved]
        for one, consumed in zip(rest, read_consumed(connection, [one.customer.id for one in rest]), strict=True):
            if not isinstance(consumed, Refused):
                have[one.key] = _parts(one, consumed, live, chains.get(one.customer.id, {}), features)
    return Credits(want, have, frozenset(proved))


def _asked(want: Mapping[str, Parts], live: Recovery) -> Iterator[Row]:
    """The customers of both that have credit, or had any."""
    for row in live.live.of(CUSTOMER):
        known = want.get(str(row.fields.get("key")))
        if known is not None and (known.currencies or live.credit[row.id].balances):
            yield row


def _granted(connection: Connection, lot: Sequence[Row], want: Mapping[str, Parts]) -> Iterator[_Granted]:
    """Read the grants of customers; those of one who is gone are left out."""
    for customer, rows in zip(lot, read_grants(connection, [one.id for one in lot]), strict=True):
        if is_lacking(rows):
            continue
        if isinstance(rows, Refused):
            raise rows
        grants = (Row(GRANT, str(row["id"]), row, customer.id) for row in checked_grants(connection, rows))
        yield _Granted(customer, tuple(grants), want[str(customer.fields["key"])])


def _parts(
    one: _Granted, consumed: tuple[Fields, ...], live: Recovery, chains: Chains, features: Mapping[str, str]
) -> Parts:
    grants = tuple(row.fields for row in one.rows)
    balance = {"retrieved_at": moment_text(live.header.taken_at), "balances": live.credit[one.customer.id].balances}
    credit = credit_of(Statement(balance, consumed, grants), features)
    fees = {row.id: row.fields for row in one.rows if is_compensation(row.fields, one.want.rests)}
    return parts_of(one.rows, credit, fees, paid_fees(fees.values(), consumed, chains))


def _chains(live: Recovery) -> Mapping[str, Chains]:
    """By the customer's id, the chains of its running subscriptions."""
    names = {row.id: str(row.fields.get("key")) for row in live.live.of(CUSTOMER)}
    found: dict[str, dict[str, Address]] = defaultdict(dict)
    for row in live.live.of(SUBSCRIPTION):
        owner, key = str(row.fields.get("customer_id")), str(labels_of(row.fields).get(KEY))
        if owner in names:
            found[owner][row.id] = Address(SUBSCRIPTION, (names[owner], key))
    return found
