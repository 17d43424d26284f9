"""Codes of the loss report of a restore: how rows came back differently, or why they are lost."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code
from billsync.model.codes.restored_charges import CHARGES
from billsync.model.codes.restored_credit import CREDIT

RESTORES = Chapter(
    "Losses of a restore",
    "`restore` accounts for every row of the snapshot: restored, restored differently, or lost. These say how, or why. "
    "What the new server refuses stands there under the code of its refusal.",
    "{name}: {example}",
    (
        Code(
            "ended",
            "it has ended and stays so",
            "The subscription has ended, before the snapshot was taken or since. Its history isn't restored. No server "
            "remembers that it ended, so that files that still declare it (`ends: at_renewal`) begin it, and bill it, "
            "again: take it out of them before their next run.",
            "subscription/acme/default: it has ended; files that still declare it begin it again: take it out of them",
        ),
        Code(
            "not-managed",
            "something that billsync doesn't manage",
            "No file can declare it, and no call of the API is known to make it again. Set it up by hand.",
            "billing_profiles Default: billsync doesn't manage these",
        ),
        Code(
            "currency-differs",
            "a custom currency that is here in another form",
            "The organization has a custom currency of this code already, with another name, mark or cost of a unit. "
            "No call changes a currency, and a cost that is in force isn't replaced: set another cost basis if it is "
            "wrong.",
            "custom currency COINS: a unit costs 0.02 USD here, not 0.01",
        ),
        Code(
            "costs-unknown",
            "the costs of a custom currency aren't in the snapshot",
            "An earlier billsync took the snapshot, without the cost bases of custom currencies. The currency is made "
            "again, and a plan with cards in it can't be published before a unit costs something: set its cost bases.",
            "custom currency COINS: the snapshot, which an earlier billsync took, doesn't say what a unit costs: set "
            "its cost bases",
        ),
        Code(
            "profile-differs",
            "a billing profile that is here in another form",
            "The organization has the billing profile already, with another supplier, workflow or app, or nothing can "
            "set a part of it again. It is left as it is: compare it with the old one before anything is invoiced.",
            "billing profile 'EU': the one here has another workflow",
        ),
        Code(
            "profile-not-made",
            "a billing profile that can't be made",
            "A billing profile hangs on an app, and no call installs one without somebody's key (a Stripe app), or "
            "the server doesn't show its profiles or apps. Install the app, or make the profile under its old name, "
            "and run the restore again.",
            "billing profile 'EU': there is no app of the type stripe: install its app 'Stripe EU' first",
        ),
        Code(
            "billing-missing",
            "a customer whose billing profile can't be had here",
            "The customer had a billing profile of its own, which is neither here nor can be made. Nothing of it comes "
            "back, so that no other profile invoices it; everybody else is restored, and the exit code is 4. Install "
            "the app, or make the profile under its old name, and run the restore again: it then brings the customer "
            "back. `--allow default-billing` brings it back now, and the default profile bills it.",
            "customer/acme: its billing profile 'EU' can't be made here: there is no app of the type stripe: install "
            "its app 'Stripe EU' first",
        ),
        Code(
            "not-shown",
            "the server refused to show a list",
            "The list couldn't be read when the snapshot was taken, so that nothing is known of its rows.",
            "the list of charges: the server refused to show it (501)",
        ),
        *CREDIT,
        *CHARGES,
        Code(
            "phase-again",
            "a phase with an end that begins again",
            "No call of the API begins in the middle of a phase, so that it lasts its whole length again. Konnect has "
            "no call that begins in a later phase either: there, phases that were over come again. The money is that "
            "of the next charge; `phase-later` has that of the charges after it.",
            "subscription/acme/default: its phase trial lasts 9.5 days longer than it would have; its next charge is "
            "9.66 USD less",
        ),
        Code(
            "phase-later",
            "the cost of a longer phase after the next charge",
            "A phase comes again, or lasts longer (`phase-again`): until the last phase has begun, charges are others "
            "than they would have been. The money is exact, without usage; with that of `phase-again` it is all that "
            "the longer phase costs.",
            "subscription/acme/default: as its phase lasts longer, charges after the next one are 5.85 USD less, "
            "without usage",
        ),
        Code(
            "new-period",
            "a period that began after the snapshot",
            "A billing period has ended, or the subscription has begun, between the snapshot and the restore. Usage of "
            "an ended period isn't billed, and the fees in advance of the new one are given as credit, as the old "
            "server may have billed them.",
            "subscription/acme/default: its period ended at 2026-10-01T00:00:00Z, after the snapshot",
        ),
        Code(
            "times-unshown",
            "a subscription whose server shows no times",
            "Konnect shows neither the start nor the phase and the end of a subscription. The restore takes them from "
            "its creation, its anchor and its plan version, which is right for one that was begun at once and "
            "never edited; nothing can prove it.",
            "subscription/acme/default: its server showed no start, phase and end: taken as begun at "
            "2026-09-01T00:00:00Z, in phase main",
        ),
        Code(
            "start-unknown",
            "a start that the server doesn't show",
            "The subscription was scheduled, and its server doesn't show for when. Subscribe the customer then.",
            "subscription/acme/default: it was scheduled, and its server didn't show for when",
        ),
        Code(
            "end-moved",
            "an end, or a change, that comes with another phase's end",
            "It was to end, or to change, with a period. A server that shows no times can only do so at the next "
            "renewal, which is the end of the phase that began again where that comes first.",
            "subscription/acme/default: it ends, or changes, at 2026-10-26T05:00:00Z, as its phase does then",
        ),
        Code(
            "next-charge-unknown",
            "a next charge that can't be worked out",
            "The fees in advance are given as credit, but the next charge can't be compared with the one that there "
            "would have been.",
            "subscription/acme/default: its next charge can't be worked out (it shows phases)",
        ),
        Code(
            "marked",
            "something that nobody owned",
            "Nobody owned it. billsync's own label says its key now; it still has no owner.",
            "subscription/acme/default: billsync's label of its key is new, and it still has no owner",
        ),
        Code(
            "owner-not-set",
            "something that was there already, without its owner",
            "The organization has the same under its key, made by somebody without billsync. It is used as it is, and "
            "the next `sync` changes nothing of it: list it under `adopted` in the owner's files.",
            "customer/acme: it was there already, and nobody owns it: list it under `adopted` in the files of shop",
        ),
        Code(
            "used-as-it-is",
            "something live that is used in the place of the snapshot's",
            "`--use-live` says that the live one is the same. It keeps its fields and its owner, and all that belongs "
            "to it is restored: a customer's grants, subscriptions and usage. Look at the fields in which it differs: "
            "events of subjects that it doesn't have are counted for nobody, and `verify` compares the next charge.",
            "customer/acme: the live one, which differs in name, is used as it is, with its owner crm",
        ),
        Code(
            "arrears-cut",
            "fees in arrears for a part of the period",
            "Fees in arrears are billed for the time since the subscription began again: the part before is lost.",
            "subscription/acme/default: its next charge has fees in arrears for the time since it began again",
        ),
        Code(
            "arrears-later",
            "fees in arrears for a part of a longer period",
            "A fee in arrears that is billed less often than its plan, such as once a year, is billed for the time "
            "since the subscription began again, once that longer period ends: the part before is lost. No charge of "
            "the running period shows it.",
            "subscription/acme/default: as fees in arrears are for the time since it began again, charges after the "
            "next one are 2.89 USD less, without usage",
        ),
        Code(
            "addons-not-attached",
            "add-ons that can't be attached",
            "The new server's API can't attach add-ons, so that the subscription begins without them. Attach them "
            "where the server offers that.",
            "subscription/acme/default: its add-ons aren't attached again: this server's API can't attach any",
        ),
    ),
)
