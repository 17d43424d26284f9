"""Refusals: the texts of changes that a run won't make. The page of each code stands in `model/codes`.

Those of chained entities stand in `chain_refusals`.
"""

from __future__ import annotations

from billsync.model.change import Outcome
from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason for a refusal and a hint, both templates for the values of one change.

    Several refusals may share a code: the code names the situation, and each refusal one case of it.
    """

    code: str
    reason: str
    hint: str = ""
    outcome: Outcome = Outcome.REFUSED

    def texts(self, **values: object) -> tuple[str, str]:
        """The reason and the hint with these values in their places."""
        return self.reason.format(**values), self.hint.format(**values)


# Whose it is

OTHER_OWNER = Refusal(
    "other-owner",
    "{difference} and {holding}",
    "declare what is live, list it under `external`, or change it where its owner declares it{way_out}",
)
UNREAD_OWNER = Refusal(
    "unread-owner",
    "{difference} and {holding}, so it may belong to another owner",
    "run again when they can be read; if it is yours, list it under {adopting}",
)
MANAGED_BY_SERVER = Refusal(
    "managed-by-server",
    "{difference} and the server manages it itself: it can't be changed",
    "declare what is live, or list it under `external` to only refer to it",
)
NOT_OWNED = Refusal(
    "not-owned",
    "{difference} and is not yours (no label names {owner})",
    "list it under {adopting} to take it over, or under `external` to only refer to it",
)
CHAIN_OF_ANOTHER = Refusal("not-owned", "it is owned by {owner!r}")
FOREIGN_DRAFT = Refusal(
    "foreign-draft",
    "{draft} is a draft with other content, and the server allows one draft at a time",
    "if an interrupted run left it, sync the files of that run; otherwise publish or delete it{detach}",
)
LEFT_DRAFT = Refusal(
    "foreign-draft",
    "{draft} is a draft that a run left, and the server allows one draft at a time",
    "`sync` deletes it",
)
UNOWNED_DRAFT = Refusal(
    "foreign-draft",
    "{draft} is a draft with the wanted content, but not yours, and the server allows one draft at a time",
    "{way_out}",
)
CLAIMED = Refusal("claimed", "it claims {name!r}, which {holder} has and keeps", "{way_out}")
MOVED_AND_LIVE = Refusal(
    "moved-and-live",
    "it is moved to {present}, but both are live, so they are treated as two entities",
    "end one of them by hand, or remove the entry from `moved`; until then the old one is left alone",
)

# Unclear states

DUPLICATE_ROWS = Refusal(
    "duplicate-rows",
    "the server shows it more than once: {ids}",
    "delete or rename the wrong one in the API or the portal; until then neither is written to, "
    "nor is anything that belongs to them",
)
UNKNOWN_VALUE = Refusal(
    "unknown-value",
    "the server shows {values}, which this billsync doesn't know",
    "a newer billsync may know it; until then it is left alone, and so is everything that needs it",
)
HIDDEN_LABELS = Refusal(
    "hidden-labels", "it declares labels, and {why}, so that they can't be compared", "leave the labels out"
)

# What the server can't do

IMMUTABLE_FIELD = Refusal("immutable-field", "{names} of a live {kind} can't be changed through the API", "{way_out}")
IMMUTABLE_ENTITY = Refusal(
    "immutable-field", "a {kind} with this key exists and differs in {names}; it can't be changed", "{way_out}"
)
UNCLEARABLE_FIELD = Refusal(
    "unclearable-field", "{name} can't be removed: {why}", "declare the live value, or another one"
)
FROZEN_FIELD = Refusal("frozen-field", "{name} can't change while a {child} of it is live", "end the {child} first")
NOT_SENT = Refusal(
    "unmanageable",
    "this server's API can't change a {kind} and keep its {names}",
    "end it and begin another, or change it where the server offers that",
    Outcome.UNMANAGEABLE,
)
UNLISTED_FIELD = Refusal(
    "unlisted-field",
    "the server also shows {names}, which this billsync doesn't know and {what} would lose",
    "a newer billsync may know it; until then make this change where {names} was set",
)
UNSUPPORTED = Refusal(
    "unmanageable",
    "this server's API has no {lacking}",
    "leave the field out, or use a server that has it",
    Outcome.UNMANAGEABLE,
)
UNMENTIONABLE = Refusal(
    "unmanageable",
    "this server's API takes no {kind} of your own, such as {key!r}, as `{field}` (capability `{capability}`)",
    "name an ordinary {kind}, or use a server that takes it",
    Outcome.UNMANAGEABLE,
)
UNSHOWN_END = Refusal(
    "unmanageable",
    "this server's API doesn't show when a {kind} ends, so that an end at a time can't be compared",
    "declare `ends: at_renewal` in the last period",
    Outcome.UNMANAGEABLE,
)
NO_CALL = Refusal(
    "unmanageable",
    "this server's API can't {call} a {kind}",
    "do it where the server offers it, or take it out of the files",
    Outcome.UNMANAGEABLE,
)
NEVER_BACK = Refusal("never-back", "its {name} is {live}, and never goes back to {wanted}", "declare `{name}: {live}`")
NOTHING_TO_TAKE_BACK = Refusal("nothing-to-take-back", "it can't be {call}ed: {why}", "{way_out}")
DANGLING = Refusal(
    "not-on-server",
    "it refers to {names}, which `external` names and the server doesn't have",
    "declare it in the files, or make it on the server first",
)
LACKING = Refusal(DANGLING.code, "{needs}", "{way_out}")

# Versions

NO_ACTIVE_VERSION = Refusal(
    "no-active-version",
    "it refers to {names}, which {have} no active version",
    "declare it, or publish a version of it",
)
NO_VERSION_TO_BEGIN_ON = Refusal(
    "no-active-version", "{pinned} has no active version", "declare it, or name an active version"
)
NOT_THE_ACTIVE_VERSION = Refusal(
    "no-active-version",
    "{pinned} is not the active version: that is {offered}",
    "declare it, or name an active version",
)
SCHEDULED = Refusal(
    "scheduled",
    "it is scheduled: it takes effect at {since} by the server's clock, which may have gone back",
    outcome=Outcome.WAITING,
)
SCHEDULED_VERSION = Refusal(
    "scheduled-version",
    "{version} has other content and is scheduled: it takes effect at {since} by the server's clock",
    "wait until it is active, or delete it in the API or the portal",
)
VERSION_UNPROVEN = Refusal(
    "version-unproven",
    "it names {version} by number, and this run makes {made} for the first time: "
    "the number may have meant other prices",
    "leave `version` out to begin on what is declared, or give the `{digest}` of the content that is meant",
)
VERSION_DIFFERS = Refusal(
    "version-differs",
    "{version} has different content on this server than the file expects",
    "declare the version that is meant, or leave `version` and `{digest}` out",
)
VERSION_NOT_COMPARED = Refusal(
    "version-differs",
    "the content of {version} can't be compared with its digest: it or what it uses doesn't exist",
    "declare the version that is meant, or leave `version` and `{digest}` out",
)

# Because of other changes

BLOCKED = Refusal("blocked", "it needs {cause}, which is refused", outcome=Outcome.BLOCKED)
UNSELECTED = Refusal(
    "unselected",
    "it needs {steps}, and {names} is not selected",
    "{way_out}",
    Outcome.BLOCKED,
)
CIRCLE = Refusal("circle", "these steps need one another, so none can be first: {steps}", "make the change in two runs")
STILL_THERE = Refusal(
    "in-use",
    "the server still has something of it: {what}",
    "the first run after that deletes it",
    Outcome.WAITING,
)
IN_USE = Refusal("in-use", "{names} still {use} it; it is deleted when that has ended", outcome=Outcome.WAITING)
