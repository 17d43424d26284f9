"""Codes of files' contents: the shape of a document, its header, and single values."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

SHAPE = Chapter(
    "The shape of a file",
    "Fields and values, compared with the schema of each kind. `billsync explain KIND.FIELD` shows what a field "
    "takes, and `billsync schema` prints the JSON Schema for an editor. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "not-supported-yet",
            "this is not supported yet",
            "The field or collection is reserved for a later version of billsync. It is refused rather than "
            "ignored, so that a file never means less than it says. Remove it, or use a newer version.",
            "`policy` is not supported by this version.",
        ),
        Code(
            "format-version",
            "unknown format version",
            "`_format_version` names a format that this billsync doesn't read. Write `1.0`, or use a newer version.",
            '"2.0" is not a version that can be read.',
        ),
        Code(
            "two-headers",
            "two different `_info` blocks",
            "All files of a run share one `_info`, and two of them disagree. Keep it in one file.",
            "another one is at billing/_info.yaml:1.",
        ),
        Code(
            "null-collection",
            "a collection must be a list",
            "A collection such as `plans:` has no value. It could mean *none* or *not written yet*, and `sync` "
            "would delete in the first case. Write `plans: []` for none, or remove the line.",
            "`plans:` has no value.",
        ),
        Code(
            "wrong-type",
            "the value has the wrong type",
            "A text, a number, a list or a map stands where the schema wants something else. The detail names both; "
            "the hint shows the value in the right form where that is clear.",
            "expected a text, found the number 42.",
        ),
        Code(
            "unknown-field",
            "there is no such field",
            "The name is not a field here. It is refused rather than ignored: a misspelt field would silently have "
            "no effect. Correct the name; `billsync explain KIND` lists the fields. `explain` itself reports this "
            "code for a field that it doesn't know.",
            '"pricee" is not a field here.',
        ),
        Code(
            "missing-field",
            "a field is missing",
            "The entity can't be created without this field, and it has no default. Add it.",
            '"currency" is required in `plans.pro`.',
        ),
        Code(
            "not-a-choice",
            "this value is not one of the choices",
            "The field takes one of a fixed list of words. Use one of those that the detail names.",
            '"monthly" is not one of in_advance, in_arrears.',
        ),
        Code(
            "malformed-text",
            "the text doesn't have the right form",
            "A key, a duration, a percentage or another text breaks the rule of its field. The detail names the "
            "form; the hint gives an example.",
            '"Pro Plan" is not a key.',
        ),
        Code(
            "wrong-length",
            "the value is too short or too long",
            "The server refuses texts of this length in this field. Shorten or complete it.",
            "it has 300 characters; there can be at most 256.",
        ),
        Code(
            "out-of-range",
            "the number is out of range",
            "The server doesn't take a number as small or as large as this here; in a price policy, the range of "
            "usage runs backwards. Use a number within the range that the detail names.",
            "-5 is less than 0.",
        ),
        Code(
            "wrong-count",
            "the list or map has too few or too many members",
            "The field needs a certain number of members. Add or remove some.",
            "expected at least 1 in the list, found 0.",
        ),
        Code(
            "repeated-value",
            "the list has this value twice",
            "Each member of this list counts once; a second one is most likely meant to be another. Keep one of them.",
            "`api` is there already.",
        ),
        Code(
            "invalid-value",
            "the value is not allowed",
            "The value breaks a rule of the schema that has no code of its own. The detail names the rule.",
            "'x' is not valid under any of the given schemas.",
        ),
        Code(
            "null-value",
            "null is not allowed here",
            "Nothing stands after the field's name. In some fields `null` removes a live value; this is not one of "
            "them. Give it a value, or remove the line.",
            "no value is given.",
        ),
        Code(
            "conflicting-fields",
            "two fields exclude each other",
            "Both fields say the same thing in two ways. Keep one of them.",
            "`subscription` and `subscriptions` are in one map.",
        ),
    ),
)

HEADER = Chapter(
    "The header and the library",
    "`_info` (owner, target, policies), `rate_cards` and `use:`. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "illegal-owner",
            "this can't be an owner",
            "The owner is written into a label of everything that billsync creates, and the server has rules for "
            "label values: letters and digits, with single `.`, `_` or `-` between them, 63 at most. Choose another "
            "name.",
            '"billing team" is written into labels: …',
        ),
        Code(
            "no-owner",
            "the files name no owner",
            "There are changes to make, and no owner is named. billsync marks what it creates with an owner, and "
            "changes or deletes only what carries that mark. Add `_info: {owner: NAME}` to one of the files. "
            "`validate` and a `diff` without changes work without it, unless `_info.policy.require_owner` is true.",
            "Add `_info: {owner: NAME}` to one of the files.",
        ),
        Code(
            "unknowable-target",
            "no server of this dialect has that",
            "`_info.target` names a region or an organization and the dialect `openmeter`. Only Konnect has these, "
            "so no server could ever fit. Remove the field, or change the dialect.",
            "an openmeter server has no `region`; only Konnect has regions and organizations.",
        ),
        Code(
            "wrong-target",
            "these files are for another server",
            "`_info.target` says which server the files are for, and the one that was named with `--server` differs "
            "in dialect, region or organization. Nothing was sent to it but the question who it is. Name the right "
            "server, or change `_info.target`.",
            "They are for region 'eu', and https://us.api.konghq.com/v3 is in region 'us'.",
        ),
        Code(
            "selected-without-parent",
            "this kind needs the one that it belongs to",
            "`_info.select.kinds` names a kind whose entities belong to those of another kind, which isn't among them. "
            "Whether one is abandoned shows only where both are compared. Add the other kind.",
            "subscriptions belong to customers. Add `customer`.",
        ),
        Code(
            "other-selected-label",
            "the label contradicts the files' selection",
            "`_info.select.labels` are given to everything in these files, so that only what carries them is ever "
            "deleted. An entity declares another value for one of them. Remove the label from the entity, or from the "
            "selection.",
            "`_info.select` gives everything the label `team: payments`, and here it is another one.",
        ),
        Code(
            "due-at-start",
            "a fee is due at sign-up, and the policy wants none",
            "`_info.policy.nothing_due_at_start` names plans that bill nothing when a subscription begins, and a fee "
            "in the first phase of one is paid in advance. Set `payment_term: in_arrears`, or take the plan out of the "
            "policy. Usage is billed in arrears, and the rule doesn't look at add-ons.",
            'Plan "fleet" bills 80 for `fleet_fee` at sign-up.',
        ),
        Code(
            "policy-for-nothing",
            "a policy names nothing that is declared",
            "A policy for a misspelt key would silently protect nothing. For prices it is an error where the files "
            "declare plans or add-ons and none has the name; it is a warning for a pattern (`pro-*`) and for files "
            "without any. Correct the name, or list the plan under `external`. What `protected` names may also be "
            "something that is no longer declared: a warning.",
            'No plan is "pr0", neither in these files nor in `external`, so the policy would check nothing.',
        ),
        Code(
            "forbidden-flag",
            "the policy of the files forbids this flag",
            "`_info.policy.forbid` names guards that no flag overrides, so that the flag of one of them changes "
            "nothing. This is a warning. Leave the flag out, or change the policy, where a reviewer sees it.",
            "`--allow cancel` changes nothing: `_info.policy.forbid` names cancel.",
        ),
        Code(
            "transition-for-nothing",
            "a rule for changes names no plan",
            "A rule of `_info.transitions` for a misspelt plan would never decide anything. It is an error where the "
            "files declare plans and none has the name; it is a warning for a pattern (`pro-*`) and for files without "
            "plans. Correct the name, or list the plan under `external`.",
            'No plan is "pr0", neither in these files nor in `external`, so the rule would decide nothing.',
        ),
        Code(
            "unknown-library-card",
            "no card in the library has this name",
            "`use:` names a rate card of the map `rate_cards`, and none of the files has it. Correct the name, or "
            "add the card.",
            '"api_standrad" is not in `rate_cards`.',
        ),
        Code(
            "use-in-library",
            "a library card can't use another",
            "Cards of the library are one level deep, so that a card can be read at one place. Write the fields out "
            "here.",
            '"api_large" says `use:` itself.',
        ),
        Code(
            "declared-twice",
            "the same entity is declared twice",
            "Two entities, or two library cards, have the same kind and key (and belong to the same entity). "
            "billsync doesn't merge them. Remove or rename one.",
            'plan "pro" is already declared at billing/plans.yaml:3.',
        ),
    ),
)

VALUES = Chapter(
    "Values that the server would refuse or change",
    "Each is found offline, before a server is asked. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "number-inexact",
            "the server can't hold this number exactly",
            "The server keeps this field as a binary float, and the number has no exact form there, so another "
            "number would be billed. Use fewer digits, or a number whose fraction is made of halves, such as 12.5.",
            "it keeps a 64-bit float, and would use another number than 0.1.",
        ),
        Code(
            "duration",
            "this duration can't be used",
            "The text is not an ISO 8601 duration, or one that the server rounds, refuses or never ends. Write one "
            "such as `P1M` or `PT12H`.",
            "`1 month` is not an ISO 8601 duration.",
        ),
        Code(
            "time",
            "this time can't be used",
            "The text is not an RFC 3339 time with an offset, or it has fractions of a second that the server cuts "
            "off. Write one such as `2026-01-01T00:00:00Z`.",
            "`2026-01-01` is not a time with an offset.",
        ),
        Code(
            "label",
            "the server would refuse or lose this label",
            "Labels have rules: 50 at most (billsync needs a few of them), keys and values of up to 63 characters "
            "from a small alphabet, and no key that begins with `billsync_`. The detail names the rule. Choose "
            "another key or value.",
            "keys that begin with `billsync_` are billsync's own.",
        ),
        Code(
            "refused-field",
            "this can't be declared",
            "The API has this field, but a file that has it could not be kept: the server ignores it, computes it, "
            "or never shows it again. The detail gives the reason. Remove the field.",
            "the server never shows it again, so that it can't be compared.",
        ),
        Code(
            "unclearable-field",
            "this can't be removed again",
            "The server has no call that takes this value away from a live entity. In a file, `null` is refused; in "
            "a run, the entity is refused if the field is gone from the file and live on the server. Declare the "
            "live value, or another one.",
            "the API ignores an absent value.",
        ),
        Code(
            "unfindable-key",
            "the server can't search for this key",
            "billsync finds entities by filters on lists, which trim spaces and split at commas. A key that begins "
            "or ends with a space, or holds commas alone, would not be found, and would be created again each time. "
            "Choose another key.",
            "' acme' begins or ends with a space, or holds nothing but commas.",
        ),
        Code(
            "unknown-currency",
            "the server doesn't know this currency",
            "A code of three letters means an ordinary currency, and the server's list has none with this code. Use "
            "an ISO 4217 code, such as USD.",
            "`EURO` is not one of its currency codes.",
        ),
    ),
)
