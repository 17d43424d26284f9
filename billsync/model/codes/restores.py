"""Codes of the loss report of a restore: how rows came back differently, or why they are lost."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

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
            "debt of acme in USD: one-off fees of 2.5 USD for calls, 30 USD make it again, which no call ever takes "
            "back",
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
