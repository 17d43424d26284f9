"""Codes of losses: live facts that a dumped file doesn't carry."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

LOSSES = Chapter(
    "Losses of a dump",
    "`dump` writes what a file can declare, and names everything else: on stderr, and in the file as a comment at "
    "its place. A sync of the file into an empty server would lose these. The exit code stays 0.",
    "note[{name}]: {example}",
    (
        Code(
            "no-key",
            "an entity without a key",
            "A file declares entities by key, and this one has none. Give it a key in the API or the portal, if it "
            "has to be declared.",
            "a customer named 'Acme' has no key, so no file can declare it",
        ),
        Code(
            "no-parent",
            "an entity whose parent isn't in the file",
            "The entity belongs to one that no file can declare, so it is left out with it.",
            "grant/?/welcome belongs to something that no file can declare: left out",
        ),
        Code(
            "refers-to-gone",
            "a reference to something deleted or archived",
            "The entity refers to one that is deleted or archived, so its declaration could not be loaded. It is "
            "left out.",
            "plan/old refers to something that was deleted or archived, so no file can declare it",
        ),
        Code(
            "older-version",
            "versions other than the active one",
            "A file declares the active version. Drafts, archived and older versions are not in it.",
            "plan/pro: left out @1 (archived); a file declares the active version",
        ),
        Code(
            "outdated-reference",
            "a reference to a version that isn't active",
            "The file names a key, which means the active version, and the live entity holds on to an older one. A "
            "sync makes a new version with the newer reference; where no version is active, it can't be synced.",
            "plan/pro has addon/seats@1, and addon/seats@2 is active: a sync makes a new version",
        ),
        Code(
            "several-links",
            "a change that is scheduled",
            "The entity is replaced by another link later. The file declares the last one only.",
            "subscription/acme/default: only its last link is declared; it replaces the running one later",
        ),
        Code(
            "price-of-an-older-version",
            "a subscription to an older version",
            "The entity is on a version that the file doesn't declare. The file names it by number and digest, so "
            "that no other server puts it on another price by mistake.",
            "subscription/acme/default is on plan/pro@1, which this file doesn't declare: a server that lacks it "
            "can't have subscription/acme/default at its price",
        ),
        Code(
            "owner",
            "another owner than the file's",
            "The entity carries no owner's mark, or another one than the file says. A sync that creates it again "
            "marks it with the owner of that sync.",
            "meter/tokens has no owner here: a sync that creates it again marks it as owned by 'acme'",
        ),
        Code(
            "owners",
            "several owners are live",
            "Entities of several owners are on the server, so the file names none. Add `_info: {owner: NAME}` "
            "before you sync it.",
            "several owners are live (billing, platform): the file names none",
        ),
        Code(
            "every",
            "a property that a file holds for no entity of a kind",
            "A property that all entities of this kind lose when they are created again, reported once.",
            "every subscription that is created again begins again, and its fees in advance are due again",
        ),
        Code(
            "unreadable",
            "a value that the server doesn't show",
            "The server keeps the value and doesn't show it, so the file says it in another way or not at all.",
            "settlement_mode of a plan can't be read: each subscription says its own",
        ),
        Code(
            "undeclared",
            "something of a kind that no file declares",
            "The server holds settings that billsync doesn't manage, such as apps or billing profiles. Set them up "
            "on a new server by hand.",
            "the billing profile 'EU' is not in this file: a fresh server doesn't have it",
        ),
        Code(
            "unread",
            "something that couldn't be read",
            "The server refused a read, so it isn't known what the file lacks. Give the token the permission, and "
            "dump again.",
            "the list of apps can't be read (403), so it isn't known what this file lacks of it",
        ),
        Code(
            "held-items",
            "items of a subscription that aren't its plan's",
            "Somebody edited the subscription, or its plan version was deleted. No file can declare such items.",
            "subscription/acme/default has items other than its plan's (support), which no file can declare",
        ),
        Code(
            "credit",
            "a balance other than the grants",
            "The balance differs from the amount that the file grants: credit was used, has expired or is owed. "
            "Created again, the whole amount is granted again, and debts are forgotten.",
            "customer/acme has 120 USD of credit, and this file grants 500: created again, its used credit is "
            "granted again",
        ),
        Code(
            "billing",
            "billing settings",
            "The billing profile of a customer, or what an app knows of it, is not in the file. Set it up by hand.",
            "customer/acme is billed by the profile 'EU', which is not in this file",
        ),
        Code(
            "expiry",
            "an end that depends on the creation",
            "The end was counted from the creation. Created again, the whole duration begins again.",
            "grant/acme/welcome expires at 2026-12-01T00:00:00Z: created again, it has its whole duration again",
        ),
        Code(
            "payment",
            "whether it was paid",
            "The file doesn't record whether a purchase was invoiced. Created again, it is invoiced again. Payments "
            "outside of the server are in the file, as `settlement`.",
            "grant/acme/topup was invoiced (settled): created again, it is invoiced again",
        ),
        Code(
            "phase",
            "the phase that it is in",
            "A subscription that is created again begins with the first phase, a trial included.",
            "subscription/acme/default began at 2026-03-01T00:00:00Z: created again, it begins with the phase "
            "'trial' again",
        ),
        Code(
            "attached-over-time",
            "a quantity that changes later",
            "An add-on of a subscription gets another quantity at a time that is named. The file declares that "
            "one; created again, the subscription has it at once.",
            "subscription/acme/default has addon/blocks × 2, × 3 from 2026-12-01T00:00:00Z: a file has the last",
        ),
        Code(
            "attached-until",
            "an add-on that ends with a change",
            "The subscription changes later, and its add-ons end with that. The file declares what comes after.",
            "subscription/acme/default has addon/blocks × 2 until 2026-12-01T00:00:00Z: left out",
        ),
        Code(
            "attached-older",
            "an add-on of an older version",
            "A subscription keeps the version of an add-on that it was attached in. A file names the add-on alone: "
            "created again, the subscription gets the version that its plan offers.",
            "subscription/acme/default has addon/blocks@1, and addon/blocks@2 is active: created again, it has that "
            "one's price",
        ),
    ),
)
