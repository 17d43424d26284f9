"""Codes of notes on answers: the limits of a forecast, of a customer's usage, and of a ledger."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

ANSWERS = Chapter(
    "Notes on answers",
    "`forecast`, `usage` and `ledger` answer as far as the server tells. Notes say what an answer lacks; those of "
    "`forecast` and `usage` are on stderr. The exit code stays 0.",
    "note[{name}]: {example}",
    (
        Code(
            "estimate",
            "a forecast is an estimate",
            "With `--format csv` the estimate's general limits are on stderr, as a table has no place for them.",
            "Estimate from usage so far. Left out: taxes, payment fees, credits still to be bought.",
        ),
        Code(
            "all-features",
            "the usage of all features is shown",
            "Konnect documents a subscription without its phases, its cards and its periods. `usage` then shows all "
            "metered features, and without `--from` the last thirty days instead of the running billing period.",
            "the server shows neither the cards nor the period of the customer's subscriptions: this is the usage of "
            "all features, and without --from, of the last thirty days",
        ),
        Code(
            "usage-not-read",
            "usage that can't be read counts as none",
            "A card of the subscription has a price for the usage of a feature that has no meter, or whose meter is "
            "gone. The estimate is too low by what that usage costs.",
            "usage of the feature api_requests can't be read, so it counts as none",
        ),
        Code(
            "credits-shared",
            "several subscriptions use the same credits",
            "The customer has several subscriptions in force. Each is estimated as if it alone used the credits, so "
            "they may run out earlier.",
            "2 subscriptions are in force, and each estimate counts all credits as its own",
        ),
        Code(
            "balance-differs",
            "a balance isn't the sum of its movements",
            "The server changes a balance without a movement when it gives credits back, for a deleted draft invoice, "
            "say. The balance counts.",
            "the server's balance in USD differs by 20 from the sum of its movements; the estimate goes by the balance",
        ),
        Code(
            "not-estimated",
            "a charge that can't be estimated",
            "Negative usage, for example, keeps a tiered price from being rated. The charge is in no total.",
            "not estimated, and in no total: api of api_requests, whose usage is -3: the quantity is negative",
        ),
        Code(
            "not-booked-yet",
            "a fee that the server books late",
            "The fee was due a moment ago, and the server hasn't booked it yet. It is counted as due.",
            "base: the fee due 2026-09-01 00:00:00Z is not booked yet, as the server lags; it is counted as due",
        ),
        Code(
            "not-begun",
            "a subscription that hasn't begun",
            "Only subscriptions in force are estimated.",
            "the subscription to prepaid that begins 2026-10-01 00:00:00Z is left out",
        ),
        Code(
            "usage-restored",
            "usage that a restore dated at the start of a subscription",
            "A restore sends the usage of the running period dated in the second in which the subscription begins "
            "again. The pace by which credits run out is that of all usage since the period began, as if nothing had "
            "been lost. Where the usage from before the restore wasn't sent (`--usage none`), the pace is too slow.",
            "prepaid began again in a restore, which dates earlier usage at that moment: the pace is that of all usage "
            "since 2026-09-01 00:00:00Z",
        ),
        Code(
            "earlier-not-read",
            "a part of the period that the server doesn't show",
            "A subscription shows its items as they are now. What an item cost before it was changed, or an add-on "
            "that has ended, can't be read where the server lists no charges. The estimate lacks it.",
            "base counts only since 2026-09-16 00:00:00Z: what it was before can't be read",
        ),
        Code(
            "not-charged-yet",
            "an item that is gone and not charged yet",
            "The item ended within the period, and the server hasn't worked out its charge. The estimate lacks it; ask "
            "again later.",
            "api isn't there any more, and the server hasn't worked out yet what it cost: it isn't counted",
        ),
        Code(
            "terms-not-read",
            "terms of an item that isn't there now",
            "The item's price is known from its charges, but not its minimum, its maximum or its unit conversion. If "
            "it has one of these, the estimate is wrong by its effect.",
            "calls isn't there now: a minimum, a maximum or a unit conversion that it has when it is aren't known",
        ),
        Code(
            "changes-later",
            "an item that changes within the period",
            "A change is scheduled before the period ends. What the item costs afterwards is in the estimate only as "
            "far as the server has charged it.",
            "base changes 2026-10-01 00:00:00Z: what it costs then counts only as far as it was charged already",
        ),
        Code(
            "known-until",
            "credits are followed only until a scheduled change",
            "After the first scheduled change the costs aren't known, so neither is when credits run out.",
            "when credits run out is worked out until 2026-10-01 00:00:00Z only",
        ),
        Code(
            "no-such-dimension",
            "a feature whose usage can't be grouped like this",
            "`usage --by` groups by a dimension of the meter, and the meter of this feature lacks it. The feature is "
            "left out.",
            "gigabytes is left out: its meter has no dimension 'region'",
        ),
        Code(
            "movements-not-listed",
            "a ledger that the server can't list",
            "The server fails to list the movements of a customer whose grant paid for a debt. The ledger is put "
            "together from the movements that it does list, and from the grants.",
            "The server can't list this customer's movements in full; the funded ones come from the grants.",
        ),
    ),
)
