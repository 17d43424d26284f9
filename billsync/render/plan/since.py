"""The sentence that says since which commit the files were compared, and what that left out."""

from __future__ import annotations

from billsync.model.since import Since
from billsync.render.plan.nouns import counted_kinds

DIGITS = 12
"""The length of a commit's id in a sentence."""


def since_text(since: Since) -> str:
    """`main (commit 1a2b3c4d5e6f): compared 1 plan and 2 subscriptions; left out 3 plans`."""
    commit = f"{since.ref} (commit {since.commit[:DIGITS]})"
    if since.everything:
        return f"{commit}: everything is compared: {since.everything}"
    compared, left_out = (counted_kinds(counts) or "nothing" for counts in (since.compared, since.left_out))
    return f"{commit}: compared {compared}; left out {left_out}"
