"""Debts of a recovery snapshot, which one-off fees make again: a fee that no credit pays is a negative balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.core.observed.index import is_over
from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds, moment_text
from billsync.model.recovery import Accounted, Credit, Fate
from billsync.model.state import Row
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import minus, negative, total
from billsync.report.billing.subscribed import CREDIT_ONLY
from billsync.report.recovery.facts.restored_keys import PREFIX, short_digest
from billsync.report.recovery.losses.accounting import DEBT, Place, money_id
from billsync.report.recovery.restore.grants import GRANT, starts_at
from billsync.report.recovery.restore.old import Old

FEATURE = "feature"
NAME = "Debt from before the restore"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
NOT_FOR_ONE = "of a feature that doesn't come back: later credit for that feature alone doesn't pay it"
NO_FEES, NOT_RESTORED = "this server's API takes no one-off fees", "its customer isn't restored"


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee that makes a debt again, or the part of it that is for a feature, by the feature's key: later credit for
    that feature alone pays it, as before (customer-facts.md §7.8).

    It is made once every grant of its customer is there, so that none of these pays it. Credit that is left beside a
    debt is for other features, or starts later: it can't pay a fee of now. Where it can, as it came after the debt,
    `before` is a moment before all of it: a fee of then leaves it alone (customer-facts.md §11). A credit for a fee in
    advance may pay this fee in place of its own, which is then the debt.
    """

    customer: str
    currency: str
    amount: Decimal
    feature: str | None = None
    before: datetime | None = None

    @property
    def reference(self) -> str:
        """The fee's `unique_reference_id`, under which no server makes a second one."""
        parts = (self.feature,) if self.feature is not None else ()
        return f"{PREFIX}{short_digest(DEBT, self.customer, self.currency, *parts)}"


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt of a customer in a currency, and the fees that make it again; `is_for_gone`: a part of it was for a
    feature that doesn't come back."""

    customer_id: str
    customer: str
    currency: str
    amount: Decimal
    fees: tuple[Fee, ...]
    is_for_gone: bool = False

    @property
    def place(self) -> Place:
        """The place of the debt in the accounts."""
        return DEBT, money_id(self.customer_id, self.currency)


def debts(old: Old) -> tuple[Debt, ...]:
    """The debts, as they are made again; those in a custom currency, too."""
    owing = {customer: credit for customer, credit in old.recovery.credit.items() if credit.debts}
    granted: dict[str, list[Row]] = defaultdict(list)
    for row in old.recovery.live.of(GRANT):
        if row.parent_id in owing and owing[row.parent_id].left.get(row.id):
            granted[row.parent_id].append(row)
    rows = old.recovery.live.of(FEATURE)
    features = {str(row.fields.get("key")) for row in rows if not is_over(old.registry[FEATURE], row.fields)}
    found = (
        _debt(old, customer, currency, credit, granted[customer], features)
        for customer, credit in owing.items()
        for currency in credit.debts
    )
    return tuple(sorted(found, key=lambda one: (one.customer, one.currency)))


def _debt(
    old: Old, customer: str, currency: str, credit: Credit, grants: Sequence[Row], features: Collection[str]
) -> Debt:
    """A debt with a fee for each feature that is there again, and one for the rest."""
    key, taken_at = _key(old, customer), old.recovery.header.taken_at
    owed = credit.owed.get(currency, {})
    parts: dict[str | None, Decimal] = {one: amount for one, amount in sorted(owed.items()) if one in features}
    if rest := minus(credit.debts[currency], total(parts.values())):
        parts[None] = rest
    fees = tuple(
        Fee(key, currency, amount, feature, _before_usable(grants, currency, feature, taken_at))
        for feature, amount in parts.items()
    )
    return Debt(customer, key, currency, credit.debts[currency], fees, is_for_gone=bool(owed.keys() - features))


def debt_accounts(several: Iterable[Debt], *, takes_fees: bool) -> Iterator[Accounted]:
    """The fates of debts."""
    for debt in several:
        if not takes_fees:
            yield lost_debt(debt, NO_FEES)
        elif decimals(debt.currency) is None:
            yield lost_debt(debt, f"no fee can be in {debt.currency}")
        else:
            kind, place = debt.place
            how = f"{_fees_text(debt)} again, which no call ever takes back"
            how = f"{how}; a part is {NOT_FOR_ONE}" if debt.is_for_gone else how
            yield Accounted(kind, place, _named(debt), Fate.DIFFERENT, "debt-as-fee", how, debt.customer)


def without_fees(accounts: Iterable[Accounted], several: Iterable[Debt]) -> Iterator[Accounted]:
    """Yield the accounts on a server that took no fees after all: these debts are lost."""
    lost = {debt.place: lost_debt(debt, NO_FEES) for debt in several}
    return (lost.get((one.kind, one.row_id), one) for one in accounts)


def _fees_text(debt: Debt) -> str:
    texts = [
        f"{decimal_text(fee.amount)} {fee.currency}{f' for {fee.feature}' if fee.feature else ''}" for fee in debt.fees
    ]
    return f"a one-off fee of {texts[0]} makes it" if len(texts) == 1 else f"one-off fees of {', '.join(texts)} make it"


def kept_debt(debt: Debt) -> Accounted:
    """The fate of a debt of a customer that the server hasn't lost: it is still owed, and isn't made again."""
    kind, place = debt.place
    return Accounted(kind, place, _named(debt), Fate.RESTORED, customer=debt.customer)


def lost_debt(debt: Debt, why: str) -> Accounted:
    """The fate of a debt that can't be made again: the seller loses it."""
    kind, place = debt.place
    how, money = f"a negative balance can't be given: {why}", {debt.currency: negative(debt.amount)}
    return Accounted(kind, place, _named(debt), Fate.LOST, "debt", how, debt.customer, money)


def fee_of(fee: Fee, now: datetime) -> Fields:
    """The request of a fee, without its feature, which servers name in their own ways."""
    at = fee.before or cut_to_seconds(now)
    start = moment_text(at)
    return {
        "type": "flat_fee",
        "name": NAME,
        "currency": fee.currency,
        "invoice_at": start,
        "service_period": {"from": start, "to": moment_text(at + DAY)},
        "settlement_mode": CREDIT_ONLY,
        "payment_term": "in_advance",
        "proration_configuration": {"mode": "no_proration"},
        "amount_before_proration": {"amount": decimal_text(fee.amount), "currency": fee.currency},
        "unique_reference_id": fee.reference,
    }


def _named(debt: Debt) -> str:
    return f"debt of {debt.customer} in {debt.currency}"


def _key(old: Old, customer: str) -> str:
    address = old.source.found.names.get(customer)
    return address.key if address else customer


def _before_usable(grants: Iterable[Row], currency: str, feature: str | None, taken_at: datetime) -> datetime | None:
    """A second before the first credit in a currency began that could pay a fee for a feature, or for none, at the time
    of the snapshot; None where there is none. `grants` are those of which something is left."""
    fit = (row for row in grants if row.fields["currency"] == currency and _pays_for(row, feature))
    starts = [start for row in fit if (start := starts_at(row)) is not None and start <= taken_at]
    return min(starts) - SECOND if starts else None


def _pays_for(grant: Row, feature: str | None) -> bool:
    wanted = (grant.fields.get("filters") or {}).get("features")
    return not wanted or feature in wanted
