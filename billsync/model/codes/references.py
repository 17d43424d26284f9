"""Codes of statements of the files about other parts of the files: references, and renamed keys."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

REFERENCES = Chapter(
    "References between entities",
    "Mistakes that involve two declarations. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "unknown-reference",
            "nothing has this key",
            "The entity refers to another by its key, and that one is neither in these files nor listed under "
            "`external`. Correct the key, declare the entity, or list it under `external` if it is managed "
            "elsewhere.",
            'plan "gold" refers to feature "seets", which is neither in these files nor in `external`.',
        ),
        Code(
            "external-missing",
            "the server doesn't have this",
            "Of `validate --online`: `external` names something that the server doesn't have, or that is archived or "
            "has ended there. What refers to it can't be created. Correct the key, create it where it is managed, or "
            "name the right server. A glob that matches nothing is a warning; a reference that leads to nothing is an "
            "error at its own place where only a glob vouches for it, or where it names a custom currency.",
            '`external` names plan "legacy", and local: has no such plan in use.',
        ),
        Code(
            "declared-and-external",
            "this is declared and external at once",
            "What is listed under `external` is only referred to and never written, so it can't be declared too. "
            "Remove it from one of the two; a pattern under `external` may match more than was meant.",
            'plan "gold" is declared here, and `external` names it or matches it with a pattern.',
        ),
        Code(
            "claimed-twice",
            "two entities claim the same name",
            "The server gives some names, such as a customer's subject keys, to one entity only. Take the name from "
            "one of the two.",
            'customers "acme" and "globex" both claim "acme-prod", which only one can have.',
        ),
        Code(
            "currency-mismatch",
            "the currencies don't match",
            "The server refuses to combine these two, as one is priced in another currency than the other. Use the "
            "same currency on both sides.",
            'customer "acme" pays in EUR, and plan "pro" is in USD.',
        ),
        Code(
            "no-such-phase",
            "no phase of the plan has this key",
            "`starting_phase` names a phase of the subscription's plan, in which it begins. Name one that it has.",
            'plan "pro" has no phase "mian".',
        ),
        Code(
            "cadence-unaligned",
            "the cadences don't fit each other",
            "The server bills all prices of a subscription together, so one cadence must be a whole multiple of the "
            "other in every month and on every day: `P1M` and `P1Y` fit, `P1M` and `P30D` don't. Use the same unit.",
            "neither of P30D and P1M is a whole multiple of the other in every month and on every day.",
        ),
    ),
)

MOVED = Chapter(
    "Renamed keys (`moved`)",
    "`moved` maps a key that was renamed in the files to its live entity. Each entry has an old key that is gone "
    "from the files, and a new one that is in them. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "moved-nowhere",
            "`from` and `to` are the same",
            "The entry moves a key onto itself, which changes nothing. Remove it, or correct one of the keys.",
            '"acme" is moved onto itself.',
        ),
        Code(
            "moved-twice",
            "two entries of `moved` contradict each other",
            "One key is moved to two others, or two keys to the same one. Keep one of the entries.",
            '"acme" is already moved to "acme-inc" at billing.yaml:9.',
        ),
        Code(
            "moved-but-declared",
            "a moved key is still declared",
            "The old key is declared as well, so it is not clear which entity is the live one. Remove the "
            "declaration or the entry.",
            'customer "acme" is moved away, but still declared at billing.yaml:12:3.',
        ),
        Code(
            "moved-to-nothing",
            "nothing has the key that this is moved to",
            "The new key, or the entity that it belongs to, is neither in these files nor under `external`. Correct "
            "the key.",
            'customer "acme-inc" is neither in these files nor in `external`.',
        ),
        Code(
            "moved-in-a-circle",
            "moved keys lead in a circle",
            "Following the entries from one key leads back to it, so none is the newest. Remove one of them.",
            '"acme" leads back to itself.',
        ),
        Code(
            "moved-fixed-key",
            "no server changes the key of this kind",
            "Customers, grants and subscriptions are found under their old keys, or get the new one. The keys of the "
            "catalog never change: rate cards, filters and events refer to them. Declare the old key again, whose name "
            "can change, or remove the entry: then the new key is a new entity, and the old one is no longer declared.",
            'the API never changes the key of a plan, and others are bound to "pro" by it.',
        ),
    ),
)

FORGET = Chapter(
    "Entities that are left alone (`forget`)",
    "`forget` names entities that you no longer declare or manage: `sync` neither deletes nor mentions them. "
    "They keep their labels, so the entry stays in the files as long as the entity lives. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "forgotten-but-declared",
            "this is forgotten, and still declared",
            "`forget` says that an entity is no longer managed, and the files still manage it: they declare it, or "
            "`moved` says that it has another key now. Remove the entry or the declaration.",
            'grant "welcome" is to be left alone, but is declared at billing.yaml:12:9.',
        ),
    ),
)
