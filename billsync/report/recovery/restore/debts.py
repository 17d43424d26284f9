"""Debts of a recovery snapshot, which one-off fees make again: a fee that no credit pays is a negative balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds, moment_text
from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Row
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import negative
from billsync.report.billing.subscribed import CREDIT_ONLY
from billsync.report.recovery.facts.restored_keys import PREFIX, short_digest
from billsync.report.recovery.losses.accounting import DEBT, Place, money_id
from billsync.report.recovery.restore.grants import GRANT, starts_at
from billsync.report.recovery.restore.old import Old

NAME = "Debt from before the restore"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
NOT_FOR_ONE = "later credit for one feature alone doesn't pay it"
NO_FEES, NOT_RESTORED = "this server's API takes no one-off fees", "its customer isn't restored"


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt that is made again, once every grant of its customer is there, so that none of these pays it.

    Credit that is left beside a debt is for features, or starts later: it can't pay a fee of now. Where it can, as it
    came after the debt, `before` is a moment before all of it: a fee of then leaves it alone (customer-facts.md §11).
    A credit for a fee in advance may pay this fee in place of its own, which is then the debt.
    """

    customer_id: str
    customer: str
    currency: str
    amount: Decimal
    before: datetime | None = None

    @property
    def place(self) -> Place:
        """The place of the debt in the accounts."""
        return DEBT, money_id(self.customer_id, self.currency)

    @property
    def reference(self) -> str:
        """The fee's `unique_reference_id`, under which no server makes a second one."""
        return f"{PREFIX}{short_digest(DEBT, self.customer, self.currency)}"


def debts(old: Old) -> tuple[Debt, ...]:
    """The debts, as they are made again; those in a custom currency, too."""
    owing = {customer: credit for customer, credit in old.recovery.credit.items() if credit.debts}
    granted: dict[str, list[Row]] = defaultdict(list)
    for row in old.recovery.live.of(GRANT):
        if row.parent_id in owing and owing[row.parent_id].left.get(row.id):
            granted[row.parent_id].append(row)
    taken_at = old.recovery.header.taken_at
    found = (
        Debt(customer, _key(old, customer), currency, amount, _before_usable(granted[customer], currency, taken_at))
        for customer, credit in owing.items()
        for currency, amount in credit.debts.items()
    )
    return tuple(sorted(found, key=lambda one: (one.customer, one.currency)))


def debt_accounts(several: Iterable[Debt], *, takes_fees: bool) -> Iterator[Accounted]:
    """The fates of debts."""
    for debt in several:
        if not takes_fees:
            yield lost_debt(debt, NO_FEES)
        elif decimals(debt.currency) is None:
            yield lost_debt(debt, f"no fee can be in {debt.currency}")
        else:
            kind, place = debt.place
            amount = f"{decimal_text(debt.amount)} {debt.currency}"
            how = f"a one-off fee of {amount} makes it again, which no call ever takes back; {NOT_FOR_ONE}"
            yield Accounted(kind, place, _named(debt), Fate.DIFFERENT, "debt-as-fee", how, debt.customer)


def kept_debt(debt: Debt) -> Accounted:
    """The fate of a debt of a customer that the server hasn't lost: it is still owed, and isn't made again."""
    kind, place = debt.place
    return Accounted(kind, place, _named(debt), Fate.RESTORED, customer=debt.customer)


def lost_debt(debt: Debt, why: str) -> Accounted:
    """The fate of a debt that can't be made again: the seller loses it."""
    kind, place = debt.place
    how, money = f"a negative balance can't be given: {why}", {debt.currency: negative(debt.amount)}
    return Accounted(kind, place, _named(debt), Fate.LOST, "debt", how, debt.customer, money)


def fee_of(debt: Debt, now: datetime) -> Fields:
    """The request of the fee that makes a debt."""
    at = debt.before or cut_to_seconds(now)
    start = moment_text(at)
    return {
        "type": "flat_fee",
        "name": NAME,
        "currency": debt.currency,
        "invoice_at": start,
        "service_period": {"from": start, "to": moment_text(at + DAY)},
        "settlement_mode": CREDIT_ONLY,
        "payment_term": "in_advance",
        "proration_configuration": {"mode": "no_proration"},
        "amount_before_proration": {"amount": decimal_text(debt.amount), "currency": debt.currency},
        "unique_reference_id": debt.reference,
    }


def _named(debt: Debt) -> str:
    return f"debt of {debt.customer} in {debt.currency}"


def _key(old: Old, customer: str) -> str:
    address = old.source.found.names.get(customer)
    return address.key if address else customer


def _before_usable(grants: Iterable[Row], currency: str, taken_at: datetime) -> datetime | None:
    """A second before the first credit in a currency began that could pay a fee at the time of the snapshot; None
    where there is none. `grants` are those of which something is left."""
    fit = (row for row in grants if row.fields["currency"] == currency and not row.fields.get("filters"))
    starts = [start for row in fit if (start := starts_at(row)) is not None and start <= taken_at]
    return min(starts) - SECOND if starts else None
