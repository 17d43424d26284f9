"""`promote`: bring the catalog of one environment to another, and prove that both have the same."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from billsync.app.comparing.difference import DiffScope, difference
from billsync.app.ending import Ended, Exit, error, usage, worst
from billsync.app.impact.scope import ImpactScope
from billsync.app.outcomes import code_of_run
from billsync.app.promotion.promoting import MODE, Offered, offered_by_files, offered_by_server, proof
from billsync.app.server.connection import Connection
from billsync.cli.files.inputs import desired_state
from billsync.cli.options.selecting import selected_part
from billsync.cli.options.server import ServerOptions
from billsync.cli.running.comparing import show_found
from billsync.cli.running.writing import end, write_desired
from billsync.cli.servers.opening import KONNECT_VARIABLE, TOKEN_VARIABLE, connected, connected_to_read
from billsync.cli.terminal.consent import check_consent
from billsync.cli.terminal.showing import check_files
from billsync.cli.terminal.surroundings import Run
from billsync.core.diffing.diff import Mode
from billsync.core.observed.without_files import PROMOTE
from billsync.model.diagnostic import has_errors
from billsync.model.frozen import replace
from billsync.model.result import StepResult
from billsync.model.state import IntendedTarget
from billsync.render.equivalence import equivalence_object, equivalence_text
from billsync.render.formats.look import Look
from billsync.render.formats.words import noted
from billsync.report.promotion.equivalence import Equivalence

FROM_TOKEN_VARIABLE = "BILLSYNC_FROM_TOKEN"
SERVER_FORMS = ("://", "local:")


@dataclass(frozen=True, slots=True)
class Source:
    """The environment that the catalog comes from: a server, or files; `profile` names a server of `.billsync.yaml`."""

    place: str | None
    profile: str | None = None
    token_file: str | None = None


@dataclass(frozen=True, slots=True)
class PromoteOptions:
    """Options of a promotion. `owner` takes the place of the source's; `valid_for` is for a plan file."""

    owner: str | None = None
    is_dry: bool = False
    exit_code: bool = False
    yes: bool = False
    allow: Mapping[str, str] = field(default_factory=dict)
    impact: ImpactScope | None = None
    is_anonymous: bool = False
    valid_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Proof:
    """The proof above the changes of an account."""

    found: Equivalence

    def text(self, results: Mapping[str, StepResult], look: Look) -> str:
        """The proof as text."""
        return equivalence_text(self.found)

    def parts(self, results: Mapping[str, StepResult]) -> Mapping[str, Any]:
        """The proof as a part of the JSON object."""
        return {"equivalence": equivalence_object(self.found)}


def promote(run: Run, source: Source, options: ServerOptions, how: PromoteOptions) -> Exit:
    """Bring the catalog to another server, or show what that would change. Raises Ended, RemoteError, RatingError."""
    if not how.is_dry and not how.yes:
        check_consent(run, ())
    check_files(run)
    offered = _offered(run, source, how)
    with connected(run, options, offered.desired.target) as connection:
        if how.is_dry:
            return _show(run, connection, offered, how)
        return _carry_out(run, connection, offered, how)


def _offered(run: Run, source: Source, how: PromoteOptions) -> Offered:
    """The catalog of the source, as far as it is selected, for the owner that was named. Raises Ended, RemoteError."""
    if source.place is not None and is_files(source.place):
        paths, patterns = (source.place,), run.patterns
        run.patterns = ()  # of all that the files declare, only the catalog is chosen from
        desired, findings = desired_state(run, paths, allow=how.allow)
        run.patterns = patterns
        offered = replace(offered_by_files(desired), findings=findings)
    else:
        offered = _read(run, source)
    desired = offered.desired if how.owner is None else replace(offered.desired, owner=how.owner)
    if desired.owner is None:
        raise error(
            "no-owner", hint="The source names no owner, or several: say whose it is on the target with --owner."
        )
    return replace(offered, desired=selected_part(run, desired))


def is_files(place: str) -> bool:
    """Whether a source is files rather than a server: what has the form of an address is one."""
    return not has_form_of_server(place) and os.path.exists(place)


def has_form_of_server(place: str) -> bool:
    """Whether a source has the form of a server's address."""
    return any(form in place for form in SERVER_FORMS)


def _read(run: Run, source: Source) -> Offered:
    """Read the source's server with its own token. Raises Ended, RemoteError."""
    place = source.place
    if place is not None and not has_form_of_server(place):
        hint = "A server begins with http://, https:// or local:; anything else is a file or a folder."
        raise usage("bad-server", f"--from {place}: there is no such file, and it is no server.", hint)
    around = run.around
    others = (TOKEN_VARIABLE, KONNECT_VARIABLE)  # a token goes to its own server only
    environment = {name: value for name, value in around.environment.items() if name not in others}
    environment[TOKEN_VARIABLE] = environment.get(FROM_TOKEN_VARIABLE, "")
    reading = dataclasses.replace(
        run, around=dataclasses.replace(around, environment=environment), profile=source.profile
    )
    try:
        options = ServerOptions(server=source.place, token_file=source.token_file)
        with connected_to_read(reading, options, IntendedTarget()) as connection:
            offered = offered_by_server(connection, run.patterns)
    finally:
        if reading.mask is not None:
            run.hide(reading.mask)
    if has_errors(offered.findings):
        hint = (
            f"`billsync dump --server {source.place or ''}` shows the lines; mend them there, or choose with --select."
        )
        raise Ended(Exit.ERROR, *(replace(one, hint=one.hint or hint) for one in offered.findings))
    for note in offered.notes:
        run.mention(noted(note))
    return offered


def _command(offered: Offered) -> str:
    """The command for hints: none where the source is files, in which something can be changed."""
    return "" if offered.is_of_files else PROMOTE


def _show(run: Run, connection: Connection, offered: Offered, how: PromoteOptions) -> Exit:
    desired = offered.desired
    scope = DiffScope(
        how.allow,
        how.impact,
        is_anonymous=how.is_anonymous,
        mode=MODE,
        valid_for=how.valid_for,
        command=_command(offered),
    )
    found = difference(connection, desired, scope, run.progress)
    return show_found(run, desired, found, offered.findings, scope, exit_code=how.exit_code)


def _carry_out(run: Run, connection: Connection, offered: Offered, how: PromoteOptions) -> Exit:
    desired = offered.desired
    mode = Mode(MODE, deletes=False, allow=how.allow, command=_command(offered))
    account = write_desired(run, connection, desired, offered.findings, mode, asking=None if how.yes else ())
    ended = code_of_run(account.plan, account.results.values(), wrote=account.wrote)
    if account.plan.guards or ended is Exit.PARTLY:
        return end(run, account, code_of_run)
    found = proof(connection, offered)
    account.addition = _Proof(found)
    shown = end(run, account, code_of_run)
    return worst(shown, Exit.REFUSED if found.departures else Exit.DONE)
