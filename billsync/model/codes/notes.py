"""Codes of a plan's waiting changes and notes."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

NOTES = Chapter(
    "Waiting, and notes",
    "Notes are shown, but are not pending changes: they don't affect the exit code.",
    "note[{name}]: {example}",
    (
        Code(
            "in-use",
            "it is deleted when nothing uses it any more",
            "The entity is no longer declared, but something live still uses it, and the server would refuse to "
            "delete it. `sync` deletes it in a later run. Of a customer, the reason names all that the server still "
            "has: subscriptions, with their ends, entitlements, credit that waits for its invoice, and invoices that "
            "are not final (paid, voided or uncollectible).",
            "feature api: plan/pro still uses it; it is deleted when that has ended",
        ),
        Code(
            "scheduled",
            "the wanted version takes effect later",
            "The version that the file declares is there, and takes effect later by the server's clock. There is "
            "nothing to do.",
            "plan pro@3: it is scheduled: it takes effect at 2026-10-01T00:00:00Z by the server's clock, which may "
            "have gone back",
        ),
        Code(
            "left-over-draft",
            "a run left this draft",
            "A draft of yours equals the active version: an interrupted or overtaken run left it. Nothing is lost "
            "with it. `sync` deletes it; `apply` only names it.",
            "plan pro@3: a draft equal to plan/pro@2, which is active: an interrupted or overtaken run left it",
        ),
        Code(
            "grandfathered",
            "an older version still has subscribers",
            "Running subscriptions stay on the version that they began on; new ones begin on the active one. Those "
            "that a run moves, and those with a scheduled change or an end, are counted apart. There is nothing to do.",
            "plan pro@1: 12 subscriptions stay on plan/pro@1 (grandfathered), 3 are scheduled to move; plan/pro@2 is "
            "for new ones",
        ),
        Code(
            "kept",
            "it is no longer declared, and stays",
            "Taking a child with money in it out of the files neither cancels it nor takes credit back: billsync "
            "never cancels or voids because of an absence. Declare a grant with `state: voided` to take it back, or "
            "list the entity under `forget` to hear no more of it.",
            "grant acme/welcome: it is no longer declared; a grant is never taken back by leaving it out: left alone",
        ),
        Code(
            "unowned",
            "it is live, and neither declared nor yours",
            "`drift` found it in a collection that the files name. It counts for nothing: no run changes or deletes "
            "what isn't owned. Declare it and list it under `adopted` to take it over, or list it under `external`.",
            "customer initech: it is live, not declared, and not marked as anybody's",
        ),
        Code(
            "not-deletable",
            "it is no longer declared, and can't be deleted",
            "The API has no call that deletes an entity of this kind. It stays; list it under `external` if others "
            "refer to it.",
            "tax_code vat: it is no longer declared, and a tax code can't be deleted",
        ),
        Code(
            "over",
            "its time has passed",
            "The declared entity isn't there, and its end lies in the past, so none is created. Remove it from the "
            "files. As a loss of a `dump`, it says that an entity which has ended is not in the file.",
            "grant acme/welcome: it doesn't exist, and its end has passed: no grant is made",
        ),
        Code(
            "never-made",
            "it is declared as taken back, and isn't there",
            "The files declare an entity that is to be taken back, and this server never had it, so there is nothing "
            "to do. Remove it from the files.",
            "grant acme/welcome: it is declared as taken back and doesn't exist: no grant is made",
        ),
        Code(
            "voided",
            "it was voided, and stays so",
            "The credit was voided, and the files don't say so. billsync doesn't grant it again, as that would undo a "
            "decision about money. Declare `state: voided`, declare another grant under another key, or remove this "
            "one from the files.",
            "grant acme/welcome: its credit was voided at 2026-08-01T00:00:00Z; billsync won't issue it again",
        ),
        Code(
            "declared-otherwise",
            "the files declare it on something else",
            "A migration never moves a subscription against the files, as the next `sync` would move it back: they "
            "declare another plan, another version by its number, or its end. Change the declaration first.",
            "subscription acme/default: the files declare version 1, and it is not moved to plan/pro@2 against them",
        ),
        Code(
            "another-change",
            "another change is scheduled",
            "The subscription changes at its renewal to something else than the target of the migration. It is left "
            "alone; a run after that time moves it if it is still on the plan.",
            "subscription acme/default: a change to plan/team@1 is scheduled for 2026-12-01T00:00:00Z: left alone",
        ),
        Code(
            "ending",
            "it ends, and is not moved",
            "The subscription was cancelled and runs until its end. Nothing moves a cancelled subscription.",
            "subscription acme/default: it is on plan/pro@1 and ends at 2026-12-01T00:00:00Z: it isn't moved",
        ),
        Code(
            "later-run",
            "it is left for a later run",
            "The change would take effect before the date given with `--not-before`. A run after the renewal that is "
            "named moves it at the next one.",
            "subscription acme/default: it would move at 2026-12-01T00:00:00Z, before the date given",
        ),
        Code(
            "later-wave",
            "it is in a later wave",
            "The shares of `--waves` don't reach this customer. A run with larger shares, or with `rest`, moves it.",
            "subscription acme/default: it is in none of the waves of this run: left for a later one",
        ),
        Code(
            "restart-waits",
            "it begins again when it ends",
            "`restart` is declared while the entity is in force. When it ends, the next run begins another one and "
            "charges for it. Remove `restart` unless that is intended.",
            "subscription acme/default: `restart` is set while it runs: when it ends, the next run begins another "
            "subscription",
        ),
        Code(
            "made-elsewhere",
            "it was created outside of billsync",
            "A live entity that billsync didn't create is in the declared one's place, and differs. It is left "
            "alone. Declare what is live, or end it in the API or the portal.",
            "subscription acme/default: a subscription that billsync did not make is live and differs in plan: left "
            "alone",
        ),
        Code(
            "changed-elsewhere",
            "it was changed outside of billsync",
            "The entity was changed through the API or the portal since billsync last applied it, perhaps by the "
            "customer. Declare what is live, or pass `--allow revert` to change it to what is declared. If the file "
            "was edited since, too, it is refused (`changed-on-both-sides`).",
            "subscription acme/default: it was changed to plan/basic@1 elsewhere since billsync last applied it: "
            "left alone",
        ),
        Code(
            "chain-ending",
            "it is declared, and ends soon",
            "It was cancelled, by `ends` in a file that says so no longer or by somebody else, and runs until the end "
            "that was set; the file declares none, or a later one. The server doesn't say who did it, so billsync "
            "takes it back only with `--allow revert`. "
            "Declare `ends: at_renewal`, or remove it from the files.",
            "subscription acme/default: it is declared, but ends at 2026-10-01T00:00:00Z: it was cancelled, here or "
            "elsewhere; left alone",
        ),
        Code(
            "never-begun",
            "it was to have ended, and never began",
            "The file declares an end that has passed, and the server has never had the entity. Nothing is begun. "
            "Remove it from the files.",
            "subscription acme/default: it doesn't exist and is declared to have ended: no subscription is begun",
        ),
        Code(
            "phase-differs",
            "a subscription began in another phase",
            "The file says in which phase the subscription begins, and it began in another one. That can't be changed. "
            "Declare the phase in which it began, or leave `starting_phase` out.",
            "subscription/acme/default: it is declared to begin in the phase 'main', and began in 'trial': a beginning "
            "can't be changed",
        ),
        Code(
            "start-differs",
            "it began at another time than declared",
            "A start can't be moved. Declare the start that it had, or leave `start` out.",
            "subscription acme/default: it is declared to start at 2026-09-01T00:00:00Z, and began at "
            "2026-08-01T00:00:00Z: a start can't be moved",
        ),
        Code(
            "ends",
            "it is no longer declared, and ends",
            "It was cancelled, and runs until the end that is named. Nothing is to be done.",
            "subscription acme/default: it is no longer declared, and ends at 2026-10-01T00:00:00Z",
        ),
        Code(
            "credit-returned",
            "an unused part comes back as credit",
            "The subscription is paid from credits alone (`credit_only`). A change at once ends it within a period, "
            "and the part of its fees in advance that is for the time after the change comes back as credit.",
            "subscription acme/default: 12.5 USD of its fees in advance are for the time after the change, and come "
            "back as credit",
        ),
        Code(
            "bills-in-advance",
            "an add-on is billed in advance",
            "An add-on is attached, or its quantity changes, and its fee in advance is billed for the rest of the "
            "period. Nothing was billed for that time before, or what is unused of it comes back as credit.",
            "subscription acme/default: the change from 0 to 2 of addon/seats at once bills 30 USD in advance",
        ),
        Code(
            "settlement-mode",
            "live subscriptions are paid for in another way than their plan declares",
            "A plan's `settlement_mode` is that of subscriptions that begin; running ones keep theirs, whoever made "
            "them. Declare another one on a subscription to change it.",
            "plan pro: it declares settlement_mode credit_only; of 12 live subscriptions 3 have credit_then_invoice: "
            "running ones keep theirs",
        ),
        Code(
            "unrecorded",
            "the next change asks for the owner again",
            "A guard was overridden for an entity whose labels can't be read back, so nothing records that it is "
            "yours. Add it to `adopted`.",
            "plan pro: its labels can't be read back, so the next change asks for its owner again",
        ),
        Code(
            "attached-scheduled",
            "the quantity changes as declared, later",
            "An add-on of a subscription has another quantity now, and gets the declared one at the time that is "
            "named, on its own. There is nothing to do.",
            "subscription acme/default: addon 'blocks' is as declared from 2026-12-01T00:00:00Z on: 2 until then, "
            "then 3",
        ),
        Code(
            "attached-later",
            "the add-on can't be attached yet",
            "The subscription, its change or the phase that the add-on is offered from begins later, and nothing can "
            "be attached before. The next run after that attaches it, at once.",
            "subscription acme/default: addon 'blocks' can be attached from 2026-12-01T00:00:00Z on: the change "
            "takes effect then",
        ),
        Code(
            "attached-elsewhere",
            "an add-on that billsync didn't attach differs",
            "Somebody attached the add-on in a portal or through the API, or the whole subscription isn't yours. It "
            "isn't changed. Declare what is live, or pass `--allow revert` to have what is declared.",
            "subscription acme/default: addon 'blocks' was attached elsewhere (5) and differs from what is declared: "
            "left alone",
        ),
    ),
)
