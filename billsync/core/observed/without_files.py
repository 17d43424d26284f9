"""Hints of changes in commands whose wanted state stands in no file: nobody can declare anything there."""

from __future__ import annotations

import re
from collections.abc import Mapping

from billsync.model.change import Change, PlanFile
from billsync.model.frozen import replace

UNDO, RESTORE, PROMOTE = "undo", "restore", "promote"
AGAIN: Mapping[str, str] = {
    UNDO: "run the undo again",
    RESTORE: "run the restore again",
    PROMOTE: "promote again",
}
"""The commands that read no files, each with the words for one more run."""

_OF_FILES = re.compile(
    r"\bfiles?\b|\bdeclar|`(external|adopted|moved|forget|version|start|ends|restart|change|billing_anchor|sync)\b"
    r"|_info|\b(next|first) run\b|\bleave .* out\b|`starting_phase`"
)
RENAME = "rename or delete it on the server, then {again}"
BY_HAND = "change it by hand"
ON_THE_SERVER = "do it by hand where the server offers that, or use a server that can"
HINTS: Mapping[str, str] = {
    "other-owner": "it is for its owner to change; or " + RENAME,
    "unread-owner": "{again} when they can be read",
    "managed-by-server": "the server's own stays as it is: " + BY_HAND,
    "not-owned": "it stays as it is: " + RENAME,
    "foreign-draft": "publish or delete the draft, then {again}",
    "left-over-draft": "delete the draft by hand",
    "claimed": "free the name on the server, then {again}",
    "moved-and-live": "end one of them by hand",
    "hidden-labels": "set the labels by hand",
    "immutable-field": "end or rename what is live, then {again}",
    "unclearable-field": "clear it by hand, where the server offers that",
    "unmanageable": ON_THE_SERVER,
    "never-back": "it stays as it is",
    "nothing-to-take-back": "it stays as it is",
    "not-on-server": "make it on the server first, then {again}",
    "no-active-version": "publish a version of it first, then {again}",
    "version-unproven": "publish the version that is meant first, then {again}",
    "version-differs": "publish the version that is meant first, then {again}",
    "unselected": "{again} for all of it",
    "chain-ended": "begin it again by hand, or from files",
    "changed-on-both-sides": "somebody changed it since: " + BY_HAND,
    "one-at-a-time": "end the other one first, then {again}",
    "no-timing": BY_HAND + ", at once or at its renewal",
    "transition-refused": BY_HAND + ", where it is agreed",
    "would-move": "the version that it is on is no longer active: " + BY_HAND,
    "start-passed": "begin it now by hand",
    "cant-withdraw": "{again} after that",
    "ends-first": "{again} when it has begun, or has ended",
    "not-a-boundary": "end it by hand, at the boundary of a period",
    "ends-passed": "end it by hand",
    "not-offered": "move it to a version that offers it, or do without it",
    "attached-quantity": "attach fewer by hand",
    "attached-ending": "first have it go on, then {again}",
    "attached-scheduled": "{again} after that",
    "change-scheduled": "{again} after that",
    "attached-later": "attach it by hand then",
    "in-use": "{again} after that",
    "restart-waits": "",
    "start-differs": "it stays as it is",
    "phase-differs": "it stays as it is",
    "made-elsewhere": "it stays as it is: end it by hand, if it isn't meant",
    "changed-elsewhere": "it stays as it is: " + BY_HAND,
    "chain-ending": "it ends as was set: resume it by hand, if that isn't meant",
    "never-begun": "",
    "over": "",
    "never-made": "",
    "voided": "",
    "kept": "",
    "unowned": "",
    "unrecorded": "",
    "attached-elsewhere": "it stays as it is: " + BY_HAND,
}
"""The hint by code, in place of one that speaks of files; empty where there is nothing to do."""

NO_FLAG: Mapping[str, str] = {
    UNDO: "no flag allows it: the policy holds for an undo, too; make the change from the files",
    RESTORE: "no flag allows it",
    PROMOTE: "no flag allows it: change the policy",
}


def speaks_of_files(hint: str) -> bool:
    """Whether a hint says what to do in files."""
    return _OF_FILES.search(hint) is not None


def worded_for(plan_file: PlanFile, command: str) -> PlanFile:
    """The plan file with hints for a command that reads no files; unchanged for any other command."""
    if command not in AGAIN:
        return plan_file
    guards = tuple(guard if guard.flag else replace(guard, hint=NO_FLAG[command]) for guard in plan_file.guards)
    return replace(plan_file, changes=tuple(_worded(one, command) for one in plan_file.changes), guards=guards)


def _worded(change: Change, command: str) -> Change:
    if not speaks_of_files(change.hint):
        return change
    return replace(change, hint=HINTS.get(change.code, "").format(again=AGAIN[command]))
