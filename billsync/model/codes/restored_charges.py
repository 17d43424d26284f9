"""Codes of the loss report of a restore about fees, charges and usage."""

from __future__ import annotations

from billsync.model.codes.code import Code

CHARGES = (
    Code(
        "waits-for-period",
        "a subscription that begins at the next boundary",
        "With `--in-advance wait`, no fee is billed again, and the customer has no subscription until then.",
        "subscription/acme/default: it begins at 2026-10-01T00:00:00Z, and isn't in force until then",
    ),
    Code(
        "fee-unused",
        "a fee that was paid for a time in which nothing is in force",
        "With `--in-advance wait`, the customer has no subscription until the next period, and has paid the fees "
        "in advance for that time.",
        "subscription/acme/default: 19.96 USD of fees were paid before for the time until 2026-10-01T00:00:00Z, "
        "in which it isn't in force",
    ),
    Code(
        "fee-unasked",
        "fees that are not charged after waiting",
        "With `--in-advance wait`, the subscription that ran isn't there at its period's end, which would have "
        "charged its fees in arrears. The money is the difference of what is charged then, without usage.",
        "subscription/acme/default: at 2026-10-01T00:00:00Z other fees are charged than if it had run through: "
        "those in arrears are lost",
    ),
    Code(
        "charged-between",
        "fees that fell due between the snapshot and the restore",
        "Periods ended between the snapshot and the restore. What they charged is in no new subscription; the "
        "money is without usage, and nobody loses any that the old server has charged.",
        "subscription/acme/default: 42 USD of fees fell due after the snapshot: only the old server may have "
        "asked for them",
    ),
    Code(
        "charges-hidden",
        "charges that a subscription's row does not show",
        "Something of the subscription changed within its running period, such as the quantity of an add-on. What "
        "the time before costs is charged at the period's end, and a restored subscription doesn't know of it. "
        "Where usage is priced too, and an older snapshot doesn't say how much of the next charge that is, the "
        "line says how much it is at most.",
        "subscription/acme/default: 5 USD of its running period were for what has changed since, and aren't "
        "charged again",
    ),
    Code(
        "change-lost",
        "a scheduled change that isn't scheduled again",
        "The subscription was to change later, to something or at a time that can't be declared again.",
        "subscription/acme/default: the change that was scheduled isn't scheduled again",
    ),
    Code(
        "usage-early",
        "usage that counts for a card that was not in force yet",
        "An add-on with a price by usage was attached within the running period. All usage of the period is dated "
        "at the start of the new subscription, when it is attached already, so that the usage from before counts "
        "for it, too. The money is what the customer is charged more.",
        "usage of acme: its usage is charged 2 USD more as that from before a card began counts for it, too",
    ),
    Code(
        "usage-cut",
        "usage of longer periods that is not sent again",
        "Usage is sent again since the running period of a card began. Where several cards price the same events "
        "by periods of several lengths, that is the latest of these starts, as all before it was charged for the "
        "shorter one: the card with the longer period lacks it. Where invoices pay, and a card has a shorter "
        "period than its plan, its ended periods are on the invoice of the plan's period, and aren't charged "
        "again. The money is what the next charge lacks.",
        "usage of acme: its usage is charged 50 USD less: what is from before the shortest running period of cards "
        "for the same events isn't sent again",
    ),
    Code(
        "usage-at-start",
        "usage that is dated at the start of the new subscription",
        "Totals and tiers of the running period come out right; the times in the history don't.",
        "usage of acme: 120 events dated at the start of the new subscription",
    ),
    Code(
        "usage-not-billed",
        "usage that is never billed",
        "The events keep their times, which lie before the new subscription begins, so that no bill counts them. "
        "The money is what they would have added to the next charge. Those of a period that has ended since the "
        "snapshot are never dated later, as the old server may have billed them.",
        "usage of acme: 120 events with their own times, before the subscription begins again: no bill counts them",
    ),
    Code(
        "usage-not-sent",
        "usage that isn't sent",
        "With `--usage none`, no events are sent: the event store still has them. They lie before the new "
        "subscription begins, so that no bill counts them; the money is what they would have added to the next "
        "charge.",
        "usage of acme: 120 events not sent: the event store must have them still, and no bill counts them",
    ),
    Code(
        "usage-not-in-snapshot",
        "usage that the snapshot doesn't have",
        "The snapshot was taken without `--events`, so that there is nothing to send. The money is what the usage "
        "would have added to the next charge.",
        "usage of acme: the snapshot was taken without usage events: no bill counts those of the running period",
    ),
    Code(
        "usage-held-back",
        "usage of a customer whose subscription isn't restored",
        "Its subscription is lost, refused or blocked, so that the events would be billed by nobody, or by a "
        "subscription that isn't theirs. They aren't sent; the snapshot has them.",
        "usage of acme: 120 events not sent, as its subscription isn't restored",
    ),
    Code(
        "usage-in-first-phase",
        "usage that counts in another phase",
        "The new server begins no subscription in a later phase (Konnect), so that the usage of the running period "
        "counts in the first one again. The money is what the later phase would have charged for it, where "
        "the snapshot shows that and the first phase charges no usage; else it isn't known.",
        "usage of acme: its usage counts in phase trial again, which charges nothing for it, in place of 23 USD",
    ),
)
"""Part of the chapter on losses of a restore."""
