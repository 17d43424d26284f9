"""Codes of guards: changes that a run makes only when it is allowed to."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

GUARDS = Chapter(
    "Guards",
    "A guard stops the whole run before its first write, as what would happen is more likely a mistake than a wish. "
    "Its message names the flag that overrides it, once. The exit code is 4.",
    "stopped[{name}]: {example}",
    (
        Code(
            "deletes",
            "the run would delete a lot",
            "More than ten entities would be deleted, or more than a fifth of all owned ones of a kind. Often a "
            "file is missing from the command line. If it is meant, pass `--allow deletes=N` with the number of "
            "deletes.",
            "12 deletes exceed the limit of 10\n  Allow it with --allow deletes=12",
        ),
        Code(
            "bills-twice",
            "a change at once bills the running period again",
            "With `credit_then_invoice` the server invoices the new fees in advance for the rest of the period at "
            "once, and gives nothing back of those that it has invoiced for it, once that invoice is final. So "
            "does any change of the quantity of an add-on with fees in advance, even to a lower one. The message shows "
            "both amounts, before credits and taxes. `change: at_renewal` bills nothing twice, unless a fee "
            "is paid for longer than the plan's period. If it is meant, pass "
            "`--allow bills-twice`.",
            "the change from plan/team@1 to plan/business@1 at once bills 30 USD in advance, and nothing comes "
            "back of the 25 USD billed until 2026-10-01T00:00:00Z (12.5 USD of it for the time after the change) once "
            "that invoice is final; `change: at_renewal` bills nothing twice\n  subscription acme/default\n"
            "  Allow it with --allow bills-twice",
        ),
        Code(
            "dearer-plan",
            "a subscription would move to a dearer plan or version",
            "Fees are compared for a month, each phase of the new plan with the last of the old one, and prices by "
            "usage at every quantity at which they may differ most. What can't be compared may cost more, and is "
            "guarded too. `diff --impact` shows what the move means at real usage. If it is meant, pass "
            "`--allow dearer-plan`.",
            "a change from plan/team@1 to plan/business@1 would cost more: fees of 25 USD each P1M become 60 USD each "
            "P1M\n  subscription acme/default\n  Allow it with --allow dearer-plan",
        ),
        Code(
            "trial-again",
            "a trial would run again",
            "A change begins a plan at its first phase. The new plan's is free, or its fees are lower than those of "
            "the phase after it, and the customer has had such a phase. If it is meant, pass `--allow trial-again`.",
            "a change to plan/business@1 would begin with its phase trial (P14D), which costs less than what follows, "
            "and a trial was had before\n  subscription acme/default\n  Allow it with --allow trial-again",
        ),
        Code(
            "recreated",
            "a deleted customer would be created again",
            "The server had a customer of this key, and it was deleted: in a portal, through the API, or by a run "
            "after it was taken out of the files. Created again, it is granted and billed from the start. Take it out "
            "of the files, or pass `--allow recreated`. Only API v1 lists deleted customers: Konnect shows none.",
            "customer/acme was deleted at 2026-09-05T12:00:00Z, here or elsewhere; it would be created again, granted "
            "100 USD and subscribed to plan/team@1 (25 USD billed in advance): what the deleted one had was granted "
            "and billed before\n  customer acme\n  Allow it with --allow recreated",
        ),
        Code(
            "billing-setup",
            "a customer can't be billed for a plan with prices",
            "The customer's billing profile collects by Stripe, and the API shows no Stripe customer or no default "
            "payment method for it, or there is no profile at all. The server would refuse the subscription in the "
            "middle of the run. Sandbox and external invoicing need no set-up. Set the customer's billing up first. If "
            "Stripe has what the API doesn't show, pass `--allow billing-setup`.",
            "the customer of a plan with prices can't be billed: it is billed by Stripe, and has no Stripe customer\n"
            "  subscription acme/default\n  Allow it with --allow billing-setup",
        ),
        Code(
            "default-billing",
            "another billing profile would bill everybody",
            "A restore would bill the customers without a profile of their own by another default profile than "
            "before: the old one can't be made here, as its app isn't installed, say, or somebody has chosen another "
            "default. Install the app, or make the profile the default under its old name, and run it again. If the "
            "default profile of this organization is the right one, pass `--allow default-billing`. It also brings "
            "back those whose own profile can't be made: the default one bills them.",
            "customers without a billing profile of their own would be billed by another one than before: there is no "
            "app of the type stripe: install its app 'Stripe' first\n  Allow it with --allow default-billing",
        ),
        Code(
            "cancel",
            "the run would end a subscription",
            "A subscription is declared to end, or is no longer declared, so that its customer would lose what it "
            "gives. If that is meant, pass `--allow cancel`.",
            "subscription/acme/default would end at 2026-10-01T00:00:00Z\n  Allow it with --allow cancel",
        ),
        Code(
            "revert",
            "the run would undo what somebody else did",
            "A subscription was changed or cancelled outside of billsync, perhaps by the customer. Such a change is "
            "shown as a note and left alone; with `--allow revert`, a run undoes it.",
            "subscription/acme/default was changed to plan/basic@1 elsewhere\n  Allow it with --allow revert",
        ),
        Code(
            "unpublished-change",
            "the files declare another content of the plan than its active version has",
            "`migrate` publishes nothing: it would move subscriptions to a version that the next `sync` replaces. No "
            "flag overrides it: `sync` first, or name the version that is meant (`--to 2`, `--to team@2`), which makes "
            "this a warning.",
            "the files declare another content of plan pro than the active version plan/pro@2 has (in phases): `sync` "
            "publishes it first, so that nobody is moved twice; or name the version that is meant, `--to pro@2`\n"
            "  plan pro\n  No flag allows it: change the policy, or the files",
        ),
    ),
)
