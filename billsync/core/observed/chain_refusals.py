"""Refusals of chained entities: how one begins, changes and ends, and what is attached to it."""

from __future__ import annotations

from billsync.core.observed.refusals import Refusal
from billsync.model.change import Outcome

CHAIN_ENDED = Refusal(
    "chain-ended",
    "it ended at {end}{how}; billsync only begins it again on request",
    "add `restart: {restart}` to begin it again, or remove it from the files",
)
CHANGED_ON_BOTH_SIDES = Refusal(
    "changed-on-both-sides",
    "it was changed to {live} elsewhere since billsync last applied {applied}, and {declared} is declared now",
    "{adopting}, or pass `--allow revert` to change it to {declared}",
)
ONE_AT_A_TIME = Refusal(
    "one-at-a-time",
    "the server allows one {kind} at a time, and there is {other!r}",
    "end {other!r} first, or declare this {kind} under its key; if its key was renamed, list that under `moved`",
)
NO_TIMING = Refusal(
    "no-timing",
    "the live {kind} differs in {names}, and nothing says when it is changed",
    "add `change: at_renewal` (it takes effect with the next period, and nothing is billed twice) or "
    "`change: immediate`, or a rule to `_info.transitions`",
)
TRANSITION_REFUSED = Refusal(
    "transition-refused",
    "it differs in {names}, and the rule of `_info.transitions` from {source} to {target} refuses such a change: "
    "{message}",
    "where it is agreed, set `change: at_renewal` or `change: immediate` on the {kind}: that goes before the rule",
)
WOULD_MOVE = Refusal(
    "would-move",
    "it differs in {names}, and is on {live}, which is no longer active: a change would move it to {pinned}",
    "declare `version: latest` to move it, or declare what is live",
)
SCHEDULED_ELSEWHERE = "it was scheduled elsewhere: `--allow revert` makes it at once"
CHANGE_SCHEDULED = Refusal(
    "change-scheduled", "the change to {pinned} takes effect at {begins}", "{hint}", Outcome.WAITING
)
BEGINS_LATER = Refusal("begins-later", "it is scheduled, and begins at {begins}", outcome=Outcome.WAITING)
BEGINS_AFTER = Refusal(
    "begins-later",
    "the server allows one {kind} at a time, and {other!r} is declared to end {end}: a run after that begins this one",
    outcome=Outcome.WAITING,
)
STARTS_LATER = Refusal(
    "begins-later",
    "this server's API begins a {kind} only at once: a run on or after {start} begins it",
    outcome=Outcome.WAITING,
)
NOT_LATER = Refusal(
    "unmanageable",
    "this server's call for a later start takes no {lacking}",
    "leave the field out, or begin the {kind} when it starts",
    Outcome.UNMANAGEABLE,
)
START_PASSED = Refusal(
    "start-passed",
    "its start, {start}, has passed, and no API begins a {kind} in the past",
    "leave `start` out to begin it now, or declare a start that lies ahead",
)
CANT_WITHDRAW = Refusal(
    "cant-withdraw",
    "what is scheduled for {begins} differs, and this server's API can't take back a scheduled {kind}",
    "a run after that makes the change; until then, declare what is scheduled",
)
ENDS_FIRST = Refusal(
    "ends-first",
    "it differs in {names}, and it has an end: it isn't changed before it ends",
    "remove `ends` to change it (an end that is on the server already also needs `--allow revert`), "
    "or declare what is live",
)
NOT_A_BOUNDARY = Refusal(
    "not-a-boundary",
    "it can't end at {ends}: that is not the boundary of a billing period; the running one ends at {renews}",
    "declare such a time, or `ends: at_renewal`",
)
OFF_ITS_PERIODS = Refusal(
    "not-a-boundary",
    "it can't end at {ends}: that is not the boundary of a billing period; its periods are counted from {anchor}",
    "declare a `billing_anchor` from which billing periods lead to that time, or `ends: at_renewal`",
)
ENDS_PASSED = Refusal(
    "ends-passed",
    "it runs, and its declared end, {ends}, has passed",
    "declare `ends: immediate` to end it now, or an end that lies ahead",
)
ENDS_LATER = Refusal(
    "ends-later",
    "it begins at {begins}, and can get an end at a later time only then",
    outcome=Outcome.WAITING,
)
ENDS_BEFORE_IT_BEGINS = Refusal(
    "ends-first",
    "it starts later, and its end can be set only after it has begun",
    "add `ends` to the {kind} when it has begun",
)

# What is attached to chains

ATTACHED_SCHEDULED = Refusal(
    "attached-scheduled",
    "{name} is as declared from {moment} on: {old} until then, then {new}",
    "{hint}",
    Outcome.WAITING,
)
ATTACHED_LATER = Refusal(
    "attached-later",
    "{name} can be attached from {moment} on: {why}",
    "the next run after that attaches it",
    Outcome.WAITING,
)
NOT_OFFERED = Refusal(
    "not-offered",
    "{pinned} doesn't offer {names}",
    "leave it out, or move to a version that offers it",
)
OFFERS_UNKNOWN = Refusal(
    "not-offered",
    "it isn't known whether {pinned} offers {names}: the version was deleted, or can't be read",
    "move to a version that is live",
)
TOO_MANY_ATTACHED = Refusal(
    "attached-quantity", "{name}: {number} is more than {most}, {why}", "declare {most} at most"
)
ATTACHED_ENDING = Refusal(
    "attached-ending",
    "it ends at {end}, and the server changes nothing that is attached to an ending {kind}: {name} stays as it is",
    "declare what it has, or first have it go on",
)
NOT_ATTACHABLE = Refusal(
    "unmanageable",
    "this server's API can't attach {names} to a {kind} (capability `attach`)",
    "leave it out, or attach it in the portal",
    Outcome.UNMANAGEABLE,
)
NOT_REATTACHABLE = Refusal(
    "unmanageable",
    "the change would end {names}, and this server's API can't attach it again (capability `attach`)",
    "change it in the portal, or detach it there first",
    Outcome.UNMANAGEABLE,
)
QUANTITY_FIXED = Refusal(
    "unmanageable",
    "this server's API can't change the quantity of {name}{why} (capability `set_quantity`)",
    "declare the quantity that it has, or change it in the portal",
    Outcome.UNMANAGEABLE,
)
