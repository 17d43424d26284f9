"""Plan files between the decision and the run: saved, opened again, and checked against the run that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from billsync.app.connection import Connection
from billsync.app.pipeline import carry_out
from billsync.apply.execute import OnResult
from billsync.core.plan_file import Edited, OtherVersion, UnknownFormat, from_json, to_json
from billsync.live.target import LOCAL
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.moment import parse_moment
from billsync.model.ports import Journal
from billsync.model.result import Report
from billsync.model.state import IntendedTarget
from billsync.schema.codes import diagnostic

ANEW = "Make it again with `billsync diff … --out plan=FILE`."
ADDRESS, ORG = "address", "org"


def for_later(plan: PlanFile, connection: Connection, valid_for: timedelta) -> PlanFile:
    """The plan file with its expiry, and with everything that tells its server from another one.

    One address of Konnect leads to every organization, and the token says which. Raises RemoteError.
    """
    made = parse_moment(plan.created_at)
    assert made is not None
    found = connection.read_organization() if connection.read_organization else None
    org = {ORG: found.id or found.name} if found else {}
    intended = {**plan.intended, ADDRESS: place_of(connection.target), **org}
    return replace(plan, expires_at=(made + valid_for).isoformat(), intended=intended)


def place_of(target: str) -> str:
    """A server's name, the same in each directory: the embedded server's with the whole path of its file."""
    return LOCAL + os.path.abspath(target.removeprefix(LOCAL)) if target.startswith(LOCAL) else target


def saved(plan: PlanFile) -> str:
    """The text of the plan file."""
    return to_json(plan)


def opened(text: str) -> PlanFile | Diagnostic:
    """The plan file in a text, or the reason why it can't be used."""
    try:
        return from_json(text)
    except OtherVersion as problem:
        return diagnostic("plan-file-format", f"{problem}.", f"{ANEW} Use one version of billsync for both.")
    except Edited:
        return diagnostic("plan-file-edited", "Its content doesn't have the digest that stands in it.", ANEW)
    except UnknownFormat as problem:
        return diagnostic("bad-plan-file", f"{problem}.", ANEW)


def is_expired(plan: PlanFile, now: datetime) -> bool:
    """Whether the plan file may no longer be carried out; also where its expiry can't be read."""
    expiry = parse_moment(plan.expires_at)
    return expiry is None or expiry <= now


def expired(plan: PlanFile) -> Diagnostic:
    """The finding about a plan file that may no longer be carried out."""
    return diagnostic("plan-file-expired", f"It could be carried out until {plan.expires_at}.", ANEW)


def misuses(plan: PlanFile, *, mode: str, owner: str | None, now: datetime) -> Iterator[Diagnostic]:
    """The reasons why a run in this mode, for this owner if one is named, can't carry the plan file out."""
    if is_expired(plan, now):
        yield expired(plan)
    if plan.mode != mode:
        detail = f"It is for `{plan.mode}`, and this is `{mode}`."
        yield diagnostic("plan-file-mode", detail, f"Run `billsync {plan.mode} --plan-file`.")
    if owner is not None and plan.owner != owner:
        yield diagnostic("plan-file-owner", f"It is of owner {plan.owner!r}, and the run is for {owner!r}.", ANEW)


def intended_by(plan: PlanFile) -> IntendedTarget:
    """The server that the files of the plan file were for."""
    known = plan.intended
    return IntendedTarget(known.get("dialect"), known.get("region"), known.get(ORG))


def other_server(plan: PlanFile, connection: Connection) -> tuple[Diagnostic, ...]:
    """The reasons why this is another server than the one that the plan file was made for."""
    have = (place_of(connection.target), connection.generation.full_name)
    want = (plan.intended.get(ADDRESS, plan.target), plan.dialect)
    details = [
        f"It is for {ours}, and this is {theirs}." for ours, theirs in zip(want, have, strict=True) if ours != theirs
    ]
    return tuple(diagnostic("plan-file-target", detail, f"Name the same server, or: {ANEW}") for detail in details)


def carry_out_plan_file(connection: Connection, plan: PlanFile, *, journal: Journal, on_result: OnResult) -> Report:
    """Run the steps of a plan file that was made before, with nothing known but what stands in it.

    Everything that they were decided on is read before the first write. Raises RemoteError.
    """
    return carry_out(connection, plan, journal=journal, on_result=on_result)
