"""The profile that `--profile` chooses, from `.billsync.yaml` in the working directory."""

from __future__ import annotations

from billsync.app.ending import Ended, Exit, error
from billsync.cli.terminal.surroundings import Run
from billsync.config.sections.profiles import Profile, profile_in
from billsync.config.text.bounded import Unreadable, content_in
from billsync.model.diagnostic import has_errors
from billsync.model.frozen import replace
from billsync.model.limits import TOKEN_BYTES
from billsync.model.state import Desired

FILE = ".billsync.yaml"


def chosen_profile(run: Run) -> Profile:
    """The profile that the command names; an empty one where it names none. Raises Ended."""
    if run.profile is None:
        return Profile()
    try:
        content = content_in(FILE, TOKEN_BYTES)
    except Unreadable as problem:
        raise error("no-profiles", f"{FILE}: {problem}", "Profiles stand in the working directory.") from problem
    profile, findings = profile_in(content, FILE, run.profile)
    if has_errors(findings):
        raise Ended(Exit.ERROR, *findings)
    return profile


def owned(run: Run, desired: Desired) -> Desired:
    """The desired state with the profile's owner where the files name none. Raises Ended where they name another."""
    owner = chosen_profile(run).owner
    if owner is None or owner == desired.owner:
        return desired
    if desired.owner is not None:
        detail = f"the files are {desired.owner}'s, and profile {run.profile} is for {owner}'s"
        raise error("other-profile", detail, "Use the other files, or another profile.")
    return replace(desired, owner=owner)
