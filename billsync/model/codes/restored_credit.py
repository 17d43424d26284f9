"""Codes of the loss report of a restore about credit, debts, and credit for fees in advance."""

from __future__ import annotations

from billsync.model.codes.code import Code

CREDIT = (
    Code(
        "debt",
        "a negative balance",
        "The customer owed more than its credits. The server takes no fee that would make the debt again, or the "
        "customer isn't restored: the seller loses the debt.",
        "debt of acme in USD: a negative balance can't be given: this server's API takes no one-off fees",
    ),
    Code(
        "debt-as-fee",
        "a negative balance that a fee makes again",
        "The customer owed more than its credits. A one-off fee of exactly the debt (`credit_only`, so that no "
        "invoice is made), made once its credits are there, makes it again: the balance is the same, and later "
        "credit pays the debt first, as before. A debt for usage is a fee of its feature, so that credit for that "
        "feature alone pays it, too. `undo` can't take it back: give the customer credit instead.",
        "debt of acme in USD: one-off fees of 2.5 USD for calls, 30 USD make it again, which no call ever takes back",
    ),
    Code(
        "unexplained-credit",
        "a balance that isn't the sum of its movements",
        "The server showed another balance than its grants and movements add up to, and it isn't known which "
        "grant has the difference.",
        "credit of acme in USD: the balance isn't what its grants and movements add up to",
    ),
    Code(
        "custom-credit",
        "credit in a currency in which there is none",
        "Servers answer a grant in a custom currency with an error, so that only an edited snapshot has one.",
        "grant/acme/coins: no server grants credit in such a currency",
    ),
    Code(
        "left-unknown",
        "a grant of which nobody knows what is left",
        "The snapshot doesn't say what is left of the grant, and it isn't restored in full.",
        "grant/acme/welcome: the snapshot doesn't say what is left",
    ),
    Code(
        "expired-since",
        "a grant that expired since the snapshot",
        "Its end has passed between the snapshot and the restore, as it would have on the old server.",
        "grant/acme/welcome: it expired since the snapshot was taken",
    ),
    Code(
        "fee-not-booked",
        "the credit for a fee in advance is not used up yet",
        "A restore gives each customer the fee in advance of the running period that its new subscription is "
        "billed again. The balance is higher until the server has booked that fee, seconds after the subscription "
        "began. `verify` explains no more by it than was given.",
        "acme: balance 58.67 USD more: the credit for its fee in advance is there until the server has booked it",
    ),
    Code(
        "fee-not-due",
        "the credit for a fee in advance waits for a fee that is due later",
        "A phase that was over comes again, so that the fee of the phase after it, which was paid before, is "
        "billed again later in the running period. Or invoices pay a card with a shorter period than its plan's: "
        "periods of it begin later, and no invoice has asked for them yet. The credit for them is there until "
        "then: nothing is wrong. Once the fee is due, `fee-not-booked`, "
        "`credit-not-taken` or `invoiced-twice` names what is left.",
        "acme: balance 8.67 USD more: the credit for a fee in advance is there until that fee is due, later in the "
        "period",
    ),
    Code(
        "credit-not-taken",
        "the credit for a fee in advance is not taken by an invoice",
        "As `fee-not-booked`, of a subscription that is paid by invoices (`credit_then_invoice`). The server "
        "hasn't made the invoice yet, or doesn't show invoices (Konnect). As the customer may pay the fee twice, "
        "`verify` names the departure so, and never counts it as explained. Where the credit is still whole some "
        "minutes later, the server takes no credits for invoices: void the invoice of that moment, and the credit "
        "(`state: voided`, or in the portal).",
        "acme: balance 20.67 USD more: the credit for its fee in advance is unused, and no invoice has asked for "
        "that fee yet",
    ),
    Code(
        "invoiced-twice",
        "an invoice asks for a fee that was paid before",
        "As `credit-not-taken`, of a customer with an invoice for a period since its subscription began again, "
        "which has an amount to pay although the credit for it is there. `verify` never counts the departure as "
        "explained. Void the invoice, and the credit.",
        "acme: balance 20.67 USD more: the credit for its fee in advance is unused, and was paid before: void what "
        "invoice OM-7 (issued, 20.67 USD) asks for it",
    ),
    Code(
        "fee-smaller",
        "a part of the credit for a fee in advance is left over",
        "A restore gives the credit before the subscription begins. If it paused in between, the subscription "
        "began later, and its fee for the rest of the period is smaller than the credit: the part that is left is "
        "the seller's loss, and expires with the period. A restore never gives such a credit twice, nor takes a "
        "part of it back. `verify` works the part out from the subscription's real start.",
        "subscription/acme/default: it begins later than its fee in advance was worked out for: 1.03 USD of the "
        "credit for that fee is left, and expires at 2026-10-01T00:00:00Z",
    ),
    Code(
        "drawn-instead",
        "a grant pays a fee in advance in the place of the credit for it",
        "A server draws credit by priority, then what is for certain features, then what ends first. The credit "
        "that a restore gives for a fee with a feature is for that feature alone, of priority 1, and ends before "
        "what would be drawn before it. It isn't drawn first where such a grant ends within two days: a credit "
        "that was over before the fee is billed would be worse. As much as the fee took from the grant is left of "
        "the credit, until the end of the period, for that feature alone; the customer loses the use for the "
        "grant's other features. Where there are none, nobody loses anything, and there is no line.",
        "grant/acme/seats: 4.66 USD of it pays a fee in advance that is billed again, as it ends before the credit "
        "for that fee: as much of that is left for calls until 2026-10-01T00:00:00Z, which the customer can't use "
        "for seats",
    ),
    Code(
        "paid-before",
        "a grant that was paid for",
        "The rest of the credits comes back without a payment, so that nobody is invoiced for them again.",
        "grant/acme/topup: it was paid before: it comes back without a payment",
    ),
    Code(
        "payment-open",
        "a grant whose payment was open",
        "The credits come back without a payment. Collect the open amount where it was asked for.",
        "grant/acme/topup: its payment (pending) isn't asked for again: collect it where it was asked for",
    ),
    Code(
        "billed-again",
        "fees in advance that are billed again",
        "The new subscription bills the fees of the rest of the running period, which were paid before. "
        "`--in-advance grant` gives each customer a credit of exactly that amount.",
        "subscription/acme/default: it is billed 20.67 USD in advance again",
    ),
    Code(
        "credit-may-not-pay",
        "an invoice that the credit for it may not pay",
        "The subscription is paid by invoices (`credit_then_invoice`), and the fee in advance of the new one is "
        "invoiced again. The credit that a restore gives for it pays that invoice only where the server takes "
        "credits for invoices. OpenMeter does with `credits.enableCreditThenInvoice` alone, which no call shows. "
        "Where it doesn't, void the invoice, or restore with `--in-advance wait`.",
        "subscription/acme/default: the credit for 20.67 USD in advance pays its invoice only where the server "
        "takes credit for it: else the customer is invoiced twice",
    ),
)
"""Part of the chapter on losses of a restore."""
