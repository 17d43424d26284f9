"""Plan files between the decision and the run: saved, opened again, and checked against the run that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from billsync.app.planning.carrying_out import bindings_of
from billsync.app.planning.one_thread import in_one_thread
from billsync.app.reading.billing import read_billing
from billsync.app.server.connection import Connection
from billsync.apply.bindings import Bindings
from billsync.apply.execute import IN_TURN, Manner, OnResult, execute
from billsync.apply.world import NONE_OVERDUE, Absence, World
from billsync.core.diffing.readings import Filled, departure, filled_in
from billsync.core.observed.index import Index
from billsync.core.secrets.step_masking import UNMASKED, StepMasking
from billsync.core.views.compare import said
from billsync.live.fibers import PatientClock
from billsync.live.protocol.target import LOCAL, parse_target
from billsync.model.address import Address, symbols_in
from billsync.model.change import PlanFile, Reading
from billsync.model.diagnostic import Diagnostic
from billsync.model.moment import parse_moment
from billsync.model.ports import Journal
from billsync.model.result import Report
from billsync.model.source import Source
from billsync.model.state import IntendedTarget, Row
from billsync.report.moves.billing_readings import BILLING, PROFILES, billing_seen, profiles_seen
from billsync.report.moves.collecting import Billing
from billsync.schema.codes import diagnostic

ANEW = "Make it again with `--out plan=FILE`, by the command that made it: `diff`, or `… --dry-run` of another one."
RESTORE_ANEW = "Name the same, or make it again with `billsync restore … --dry-run --out plan=FILE`."
ADDRESS, ORG = "address", "org"
SNAPSHOT, IN_ADVANCE, RUNS, USES = "snapshot", "in_advance", "runs", "uses"
"""Facts about the restore that a plan file is for."""
CUSTOMER = "customer"


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
    """A server's name, the same in each directory: the embedded server's with a digest of its file's whole path, which
    itself stays out of what is sent to others."""
    parsed = parse_target(target)
    if isinstance(parsed, Diagnostic) or parsed.database is None:
        return target
    path = os.path.realpath(parsed.database)
    return f"{LOCAL}sha256-{sha256(os.fsencode(path)).hexdigest()[:32]}{parsed.form}"


def another_place(theirs: str, ours: str) -> str:
    """The sentence about two servers by their names, of which the places differ."""
    return f"It is for {theirs}{' of another folder' * (theirs == ours)}, and this is {ours}."


def saved(plan: PlanFile) -> str:
    """The text of the plan file."""
    from billsync.core.plan_file import to_json  # tables of all forms, which most runs don't need

    return to_json(plan)


def opened(text: str) -> PlanFile | Diagnostic:
    """The plan file in a text, or the reason why it can't be used."""
    from billsync.core.plan_file import Edited, OtherVersion, UnknownFormat, from_json

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


def other_restore(plan: PlanFile, facts: Mapping[str, str]) -> Iterator[Diagnostic]:
    """The reasons why a restore of these facts can't carry the plan file out."""
    if plan.intended.get(SNAPSHOT) != facts[SNAPSHOT]:
        yield diagnostic("plan-file-snapshot", "It was made of another snapshot.", RESTORE_ANEW)
    ours, theirs = (f"`--in-advance {found.get(IN_ADVANCE)}`" for found in (plan.intended, facts))
    if ours != theirs:
        yield diagnostic("plan-file-snapshot", f"It was made with {ours}, and this is {theirs}.", RESTORE_ANEW)
    if plan.intended.get(USES, "") != facts[USES]:
        yield diagnostic("plan-file-snapshot", "It was made with another `--use-live`.", RESTORE_ANEW)
    if plan.intended.get(RUNS) != facts[RUNS]:
        yield diagnostic("restore-late", hint=RESTORE_ANEW)


def no_secret(detail: str) -> Diagnostic:
    """The finding about a source that gives no value here."""
    return diagnostic("plan-file-secret", f"{detail}.", "Give it the value that was reviewed.")


def other_secret(source: Source) -> Diagnostic:
    """The finding about a source that has another value than the reviewed one."""
    detail = f"{source.text} isn't the value that was reviewed, or BILLSYNC_PLAN_KEY is another."
    return diagnostic("plan-file-secret", detail, f"Give it that value, or: {ANEW}")


def intended_by(plan: PlanFile) -> IntendedTarget:
    """The server that the files of the plan file were for."""
    known = plan.intended
    return IntendedTarget(known.get("dialect"), known.get("region"), known.get(ORG))


def other_server(plan: PlanFile, connection: Connection) -> tuple[Diagnostic, ...]:
    """The reasons why this is another server than the one that the plan file was made for."""
    here, speaks = connection.target, connection.generation.full_name
    details = (
        [another_place(plan.target, here)]
        if plan.intended.get(ADDRESS, place_of(plan.target)) != place_of(here)
        else []
    )
    if plan.dialect != speaks:
        details.append(f"It is for {plan.dialect}, and this is {speaks}.")
    return tuple(diagnostic("plan-file-target", detail, f"Name the same server, or: {ANEW}") for detail in details)


def carry_out_plan_file(
    connection: Connection,
    plan: PlanFile,
    *,
    journal: Journal,
    on_result: OnResult = lambda result: None,
    masking: StepMasking = UNMASKED,
    manner: Manner = IN_TURN,
    overdue: Mapping[str, str] = NONE_OVERDUE,
) -> Report:
    """Run the steps of a plan file that was made before, with nothing known but what stands in it, and which steps are
    `overdue`.

    Everything that they were decided on is read before the first write. Raises RemoteError.
    """
    bindings = bindings_of(connection, None, plan.moved)
    found = unmet(connection, bindings, plan)
    absence = Absence(is_likely=False)
    clock = PatientClock(connection.clock)
    world = World(connection.remote, bindings, journal, clock, masking, found, overdue, absence=absence)
    return execute(plan, world, on_result=on_result, manner=in_one_thread(connection, manner))


def unmet(connection: Connection, bindings: Bindings, plan: PlanFile) -> Mapping[str, str]:
    """By the id of a step, what it was decided on and is no longer so, with old and new. Raises RemoteError."""
    found: dict[str, str] = {}
    billing, filled = _billing(connection, bindings, plan), filled_in(plan, bindings.registry)
    for reading in plan.readings:
        is_billing = reading.address.kind == BILLING
        departed = _billed_otherwise(billing, reading) if is_billing else _departed(bindings, reading, filled)
        if departed:
            found |= dict.fromkeys(reading.steps, f"it was decided on {reading.address.text}: {departed}")
    return found


def _billing(connection: Connection, bindings: Bindings, plan: PlanFile) -> Billing:
    """The billing of the customers on whose billing the plan file was decided, by their addresses there."""
    readings = [reading.address for reading in plan.readings if reading.address.kind == BILLING]
    if not readings:
        return Billing()
    ids = {address: bindings.id_of(Address(CUSTOMER, address.names)) for address in readings if address != PROFILES}
    rows = {address: Row(CUSTOMER, server_id, {}) for address, server_id in ids.items() if server_id}
    return read_billing(connection, Index(records=rows), ids or [PROFILES])


def _billed_otherwise(billing: Billing, reading: Reading) -> str:
    is_general = reading.address == PROFILES
    have = (
        profiles_seen(billing.profiles)
        if is_general
        else billing_seen(billing.answers.get(reading.address), billing.profiles)
    )
    want = reading.expected.view or {}
    names = sorted(name for name in have.keys() | want.keys() if have.get(name) != want.get(name))
    return "; ".join(f"{name} is {said(have.get(name))}, was {said(want.get(name))}" for name in names)


def _departed(bindings: Bindings, reading: Reading, filled: Filled) -> str:
    for address in symbols_in(reading.expected.view):
        bindings.id_of(address)
    observed = bindings.observe(reading.address, reading.expected.view)
    kind = bindings.registry[reading.address.kind]
    return departure(kind, reading, view=observed.view, status=observed.status, filled=filled)
