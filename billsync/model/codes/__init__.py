"""Every code that a person can meet, in chapters; the codes of single kinds are in `kinds/codes.py`."""

from __future__ import annotations

from billsync.model.codes.answers import ANSWERS
from billsync.model.codes.code import Chapter
from billsync.model.codes.commands import ENDS, LOCAL, USAGE
from billsync.model.codes.connections import CONNECTION, PROFILES
from billsync.model.codes.content import HEADER, SHAPE, VALUES
from billsync.model.codes.files import FINDING, SYNTAX
from billsync.model.codes.guards import GUARDS
from billsync.model.codes.losses import LOSSES
from billsync.model.codes.notes import NOTES
from billsync.model.codes.outside import OUTSIDE, OVERLAY
from billsync.model.codes.plan_files import PLAN_FILES
from billsync.model.codes.policies import POLICIES
from billsync.model.codes.ratings import RATINGS
from billsync.model.codes.references import FORGET, MOVED, REFERENCES
from billsync.model.codes.refusals import OWNERSHIP, SERVER
from billsync.model.codes.restores import RESTORES
from billsync.model.codes.snapshots import SNAPSHOTS, TAKEN
from billsync.model.codes.taking_over import TAKING_OVER

FILES: tuple[Chapter, ...] = (FINDING, SYNTAX, OUTSIDE, OVERLAY, SHAPE, HEADER, VALUES, REFERENCES, MOVED, FORGET)
COMMANDS: tuple[Chapter, ...] = (USAGE, PLAN_FILES, SNAPSHOTS, TAKEN, TAKING_OVER, CONNECTION, PROFILES, LOCAL, ENDS)

__all__ = (
    "ANSWERS", "COMMANDS", "FILES", "GUARDS", "LOSSES", "NOTES", "OWNERSHIP", "POLICIES", "RATINGS", "RESTORES",
    "SERVER",
)  # fmt: skip
