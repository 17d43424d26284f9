"""Fees in advance that an invoice asks for again: whether the credit that a restore gives pays it is for the server to
say."""

from __future__ import annotations

from billsync.model.frozen import dataclass
from billsync.report.billing.subscribed import CREDIT_ONLY
from billsync.report.moves.amounts import Amounts, amounts_text


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for which a subscription doesn't come back as it was: its code, and its words."""

    code: str
    how: str


def credit_doubts(mode: str, fees: Amounts, ahead: Amounts) -> list[Reason]:
    """The reason for a subscription whose fees are invoiced, and given as credit before; `ahead` is the part for
    periods that begin later, which is invoiced at once by the rule of vectors (timelines.jsonl), and in no recording.

    A server whose `credits.enableCreditThenInvoice` is off takes no credits for invoices, and no call shows that
    (customer-facts.md §1.1, §19.1).
    """
    if mode == CREDIT_ONLY:
        return []
    how = f"the credit for {amounts_text(fees)} in advance pays its invoice only where the server takes credit for it"
    free = f"; {amounts_text(ahead)} of it is for later periods: a gift, if it wasn't invoiced before"
    return [Reason(code="credit-may-not-pay", how=f"{how}: else the customer is invoiced twice{free if ahead else ''}")]
