"""Codes of changes that a plan refuses."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

OWNERSHIP = Chapter(
    "Refused: it belongs to another owner",
    "A refused change isn't made, nor is anything that needs it; all other changes are. The exit code is 4. "
    "billsync changes only what its owner's label, or `adopted`, says is yours.",
    "refused[{name}]: {example}",
    (
        Code(
            "other-owner",
            "it belongs to another owner",
            "The live entity carries the mark of another owner, and differs from the declaration. Declare what is "
            "live, list it under `external` to only refer to it, or change it where its owner declares it.",
            "feature api: it is live, differs in name, and is owned by 'platform'",
        ),
        Code(
            "not-owned",
            "no label says that it is yours",
            "The live entity differs from the declaration and carries no owner's mark: it was made by hand or by "
            "another tool. List it under `adopted` to take it over, or under `external` to only refer to it.",
            "meter tokens: it is live, differs in name, and is not yours (no label names acme)",
        ),
        Code(
            "managed-by-server",
            "the server manages it itself",
            "The server created the live entity, labels it as its own, and refuses all changes; it differs from "
            "the declaration. Declare what is live, or list it under `external` to only refer to it.",
            "tax_code default: it is live, differs in name, and the server manages it itself: it can't be changed",
        ),
        Code(
            "unread-owner",
            "its owner can't be read",
            "The labels with the owner's name could not be read, so the entity may belong to another owner. Run "
            "again when they can be read; if it is yours, list it under `adopted`.",
            "plan pro: it is live, differs in name, and its labels could not be read (503), so it may belong to "
            "another owner",
        ),
        Code(
            "foreign-draft",
            "a draft stands in the way",
            "The server allows one draft of an entity at a time, and there is one that billsync didn't make for "
            "this change: a person may be working on it. It is never published, changed or deleted. Publish or "
            "delete it yourself; where it is billsync's own and equals the active version, `sync` deletes it. As a "
            "note, it is only named.",
            "plan pro: plan/pro@4 is a draft with other content, and the server allows one draft at a time",
        ),
        Code(
            "claimed",
            "another entity has this name",
            "The server gives a name of this sort to one entity only, and a live one keeps it. Take the name from "
            "that one first. If both are the same entity under a new key, list the old key under `moved`.",
            "customer acme-inc: it claims 'acme-prod', which customer/acme has and keeps",
        ),
        Code(
            "moved-and-live",
            "a moved key and its new one are both live",
            "`moved` says that two keys are one entity, and the server has both. billsync takes neither for the "
            "other, and leaves the old one alone. End one of them by hand, or remove the entry.",
            "customer acme: it is moved to customer/acme-inc, but both are live, so they are treated as two entities",
        ),
        Code(
            "unlisted-field",
            "the change would lose a field that billsync doesn't know",
            "The live entity has a field that this version of billsync doesn't know, such as one that a newer server "
            "brought. The API changes the entity by replacing it, or by a new version, so the field would be cleared. "
            "Nothing is sent. Make this change where the field was set, or use a newer billsync.",
            "meter calls: the server also shows retention, which this billsync doesn't know and the update would lose",
        ),
        Code(
            "unknown-value",
            "the server shows a value that this version doesn't know",
            "A newer server may have given a field a value, such as a status, that this billsync has no rule for. "
            "Unknown is never taken as absent: the entity is left alone, and so is everything that needs it. Use a "
            "newer billsync.",
            "feature api: the server shows status 'paused', which this billsync doesn't know",
        ),
    ),
)

SERVER = Chapter(
    "Refused: the server can't do it",
    "The change that the files ask for has no call, or the server would refuse it. The exit code is 4; other "
    "changes are made.",
    "refused[{name}]: {example}",
    (
        Code(
            "immutable-field",
            "a field of a live entity can't be changed",
            "The API has no call that changes this field once the entity exists. Declare what is live, or declare a "
            "new entity under another key.",
            "meter tokens: aggregation of a live meter can't be changed through the API",
        ),
        Code(
            "never-back",
            "this state only moves forward",
            "The live entity is further than the file says, and no call leads back: a payment that was settled stays "
            "settled. Declare the live state.",
            "grant acme/bought: its settlement is settled, and never goes back to authorized",
        ),
        Code(
            "nothing-to-take-back",
            "the server would not take this back",
            "The entity is declared as taken back, and the server refuses that now: a grant that has expired has "
            "nothing left, and one that hasn't begun has given nothing yet. The detail says which, and the hint what "
            "to do.",
            "grant acme/welcome: it can't be voided: it expired at 2026-08-01T00:00:00Z, and nothing is left of it",
        ),
        Code(
            "frozen-field",
            "a field can't change while something depends on it",
            "The server keeps this field fixed as long as a child is in force. End the child first.",
            "customer acme: currency can't change while a subscription of it is live",
        ),
        Code(
            "hidden-labels",
            "the server doesn't show these labels",
            "The server stores the labels and never shows them again, or not here, so they could not be compared "
            "and would seem to change with each run. Leave the labels out of the file. As a loss of a `dump`, it "
            "says that labels which may be there are not in the file.",
            "plan pro: it declares labels, and this server keeps the labels of a plan and never shows them, so that "
            "they can't be compared",
        ),
        Code(
            "unmanageable",
            "this server's API doesn't have the field or the call",
            "The file declares a field that this dialect can't be sent, or a change for which it has no call. It is "
            "named rather than dropped. Leave it out, or use a server that has it.",
            "plan pro: this server's API has no rate_cards.unit_config",
        ),
        Code(
            "not-on-server",
            "it refers to something that isn't there",
            "`external` vouches for an entity that the server doesn't have. Declare it, create it on the server "
            "first, or correct the key. A custom currency can't be declared: make it on the server, with what a unit "
            "costs. Where a server shows no list of them, only the call tells.",
            "plan pro: it refers to feature/seats, which `external` names and the server doesn't have",
        ),
        Code(
            "no-unit-cost",
            "a unit of the custom currency costs nothing there",
            "A plan in an ordinary currency sells something in a custom one, and the server can't publish it before it "
            "knows what a unit costs in the plan's currency. No file declares that: set a cost basis on the server.",
            "plan pro: it is priced in the custom currency COINS, of which a unit costs nothing in USD there",
        ),
        Code(
            "no-active-version",
            "there is no active version to refer to",
            "The entity refers to one of which no version is active, or to a version that is not the active one. "
            "New references begin on the active version only. Declare it, publish a version, or name the active one.",
            "subscription acme/default: plan/pro has no active version",
        ),
        Code(
            "scheduled-version",
            "another version takes effect later",
            "A version with other content is scheduled by the server's clock. Wait until it is active, or delete it "
            "in the API or the portal.",
            "plan pro: plan/pro@3 has other content and is scheduled: it takes effect at 2026-10-01T00:00:00Z by "
            "the server's clock",
        ),
        Code(
            "one-at-a-time",
            "the server allows only one at a time",
            "The parent has one in force under another key, and this server doesn't take a second one. End that one "
            "first, or declare this one under its key; list a renamed key under `moved`. Where the files say "
            "`_info: {target: {subscriptions_per_customer: many}}` and the server allows one nevertheless, only the "
            "call tells: the second subscription fails with this code, and what depends on it is not done.",
            "subscription acme/new: the server allows one subscription at a time, and there is 'default'",
        ),
        Code(
            "no-timing",
            "nothing says when it is changed",
            "The live entity differs from the declaration, and a change is billed differently at once and at renewal, "
            "so billsync doesn't choose. Add `change: at_renewal` or `change: immediate` to it, or a rule to "
            "`_info.transitions`.",
            "subscription acme/default: the live subscription differs in plan, and nothing says when it is changed",
        ),
        Code(
            "transition-refused",
            "a rule of the files refuses this change",
            "The first rule of `_info.transitions` that covers the change says `timing: refuse`; its message says why. "
            "A `change` of the entity itself goes before the rule.",
            "subscription acme/default: it differs in plan, and the rule of `_info.transitions` from enterprise to any "
            "refuses such a change: talk to sales",
        ),
        Code(
            "would-move",
            "the change would also move it to another version",
            "A change begins on an active version, and the live entity is on one that isn't active any more, so that "
            "its prices would change, too. Declare `version: latest` to accept that, or declare what is live.",
            "subscription acme/default: it differs in labels, and is on plan/pro@1, which is no longer active: a "
            "change would move it to plan/pro@2",
        ),
        Code(
            "change-scheduled",
            "the change is scheduled as declared",
            "A change at renewal was made; it takes effect on its own at the time that is named. Nothing is to be "
            "done. Change the file before then to have another change take its place.",
            "subscription acme/default: the change to plan/annual@1 takes effect at 2026-12-01T00:00:00Z",
        ),
        Code(
            "begins-later",
            "its start lies ahead",
            "The entity is scheduled and begins on its own, or this server can't schedule a start, so that a run on "
            "or after that day begins it. Where the server allows one subscription at a time and the other one is "
            "declared to end, a run after that end begins this one.",
            "subscription acme/default: it is scheduled, and begins at 2027-01-01T00:00:00Z",
        ),
        Code(
            "start-passed",
            "its start lies in the past",
            "No API begins a subscription in the past, and one that begins now is billed differently. Leave `start` "
            "out to begin it now.",
            "subscription acme/default: its start, 2026-01-01T00:00:00Z, has passed, and no API begins a subscription "
            "in the past",
        ),
        Code(
            "cant-withdraw",
            "this server can't take back what is scheduled",
            "A change is scheduled, and the file declares another one. Only OpenMeter has calls that take back a "
            "scheduled change. A run after the time that is named makes the change.",
            "subscription acme/default: what is scheduled for 2026-12-01T00:00:00Z differs, and this server's API "
            "can't take back a scheduled subscription",
        ),
        Code(
            "ends-first",
            "it differs and has an end",
            "The file declares an end and another difference, or the live entity has an end already: it isn't changed "
            "before it ends. Remove `ends` to change it, or declare what is live.",
            "subscription acme/default: it differs in plan, and it has an end: it isn't changed before it ends",
        ),
        Code(
            "not-a-boundary",
            "it can end only with a billing period",
            "The declared end is not the boundary of a billing period, and the server would refuse it. Declare such a "
            "time, or `ends: at_renewal`. The periods of a new subscription are counted from its `billing_anchor`, or "
            "else from its beginning, so that a date needs an anchor.",
            "subscription acme/default: it can't end at 2026-12-24T00:00:00Z: that is not the boundary of a billing "
            "period; the running one ends at 2027-01-01T00:00:00Z",
        ),
        Code(
            "ends-passed",
            "its declared end lies in the past",
            "It runs, and no API ends a subscription in the past. Declare `ends: immediate` to end it now, or an end "
            "that lies ahead.",
            "subscription acme/default: it runs, and its declared end, 2026-08-01T00:00:00Z, has passed",
        ),
        Code(
            "ends-later",
            "it can get this end only after it has begun",
            "A change is scheduled, and the declared end lies after it. The run after the change sets the end.",
            "subscription acme/default: it begins at 2026-12-01T00:00:00Z, and can get an end at a later time only "
            "then",
        ),
        Code(
            "chain-ended",
            "it has ended, and a new one needs `restart`",
            "It was cancelled, or reached its end. Beginning it again would charge again, so a file has to request "
            "that. Add `restart: true` (or the next number that the hint names), or remove it from the files.",
            "subscription acme/default: it ended at 2026-09-01T00:00:00Z; billsync only begins it again on request",
        ),
        Code(
            "changed-on-both-sides",
            "a portal and the files changed it",
            "It was changed through the API or the portal since billsync last applied it, perhaps by the customer, and "
            "the file was edited since, too: it declares neither what was applied nor what is live. Nothing is "
            "changed. Declare what is live, or pass `--allow revert` to change it to what is declared.",
            "subscription acme/default: it was changed to plan/basic@1 elsewhere since billsync last applied "
            "plan/team@2, and plan/pro is declared now",
        ),
        Code(
            "version-differs",
            "the version has other content than the file means",
            "A file names a version by number and by the digest of its content, and on this server that number has "
            "other content: it may be another price. Declare the version that is meant, or leave `version` and "
            "`version_digest` out to use the active one.",
            "subscription acme/default: plan/pro@2 has different content on this server than the file expects",
        ),
        Code(
            "version-unproven",
            "nothing proves what this version number means",
            "A file names a version by number, and this run creates the entity for the first time: the number comes "
            "from another server, where it may have meant other prices. Leave `version` out, or add the "
            "`version_digest` of the content that is meant.",
            "subscription acme/default: it names plan/pro@2 by number, and this run makes plan/pro for the first "
            "time: the number may have meant other prices",
        ),
        Code(
            "circle",
            "the steps need one another",
            "No order of these steps works, as each waits for another. Make the change in two runs: first without "
            "one of the references, then with it.",
            "feature api: these steps need one another, so none can be first: feature/api:update, meter/tokens:update",
        ),
        Code(
            "unselected",
            "it needs something that is not selected",
            "A run with `--select` deletes and ends only what is selected itself, and this change has to wait for such "
            "a step: a subject key that another customer gives up, for example. Select the other entity, too, or run "
            "without `--select`.",
            "customer acme: it needs deleting customer/old, and customer/old is not selected",
        ),
        Code(
            "blocked",
            "it needs something that is refused",
            "The change itself is fine, but it refers or belongs to an entity whose change is refused. Resolve that "
            "one.",
            "plan pro: it needs feature/api, which is refused",
        ),
    ),
)
