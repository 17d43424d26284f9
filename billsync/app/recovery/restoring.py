"""`restore`: a recovery snapshot and a server -> one plan file of all stages, and the fate of each row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from billsync import __version__
from billsync.api.documents import BALANCE
from billsync.app.dump.addons import ADDONS, SUBSCRIPTION, with_addons
from billsync.app.ending import error
from billsync.app.planning.pipeline import everything
from billsync.app.recovery.latest_values import Identity, LatestValues
from billsync.app.recovery.setting_up import here
from billsync.app.recovery.turning import Turns, turns_of
from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.core.changes.likeness import children
from billsync.core.diffing.diff import VALID_FOR, Mode, Server, one_chain_per_parent
from billsync.core.diffing.stages import Staged, staged
from billsync.core.guards.doubling import doubled_code
from billsync.core.lifecycle.chain_begin import BEGIN_LATER
from billsync.core.observed.index import Index, index, is_over
from billsync.core.observed.without_files import RENAME, worded_for
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, Guard, PlanFile
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Archetype
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.state import Desired, Snapshot
from billsync.report.moves.guards import DEFAULT_BILLING
from billsync.report.moves.lasting import with_lasting_fees
from billsync.report.recovery.facts.own_billing import CUSTOMER
from billsync.report.recovery.restore.choices import Choices, InAdvance
from billsync.report.recovery.restore.compensated import credits_in
from billsync.report.recovery.restore.debts import Debt
from billsync.report.recovery.restore.pins import Pin, Pins, pins_of
from billsync.report.recovery.restore.refusals import accounted, debts_to_make, lost_to_others, refused_chains
from billsync.report.recovery.restore.restoration import Restoration, Tables, restoration
from billsync.report.recovery.restore.set_up import SetUp, default_guards, set_up
from billsync.report.recovery.restore.usage_accounts import Number
from billsync.report.recovery.restore.usage_start import Unbilled, unbilled
from billsync.report.recovery.snapshot.items import Event

RESTORE = "restore"
SKEW = timedelta(minutes=10)
"""The most that a server's clock may be behind the one by which the snapshot was taken."""
STANDS_IN_ITS_WAY = ("other-owner", "not-owned", "immutable-field")
"""Codes of refusals for what is live under a key of the snapshot."""

CHARGES = "charges"
"""The capability of a server that takes fees of a customer, and lists them (customer-facts.md §11)."""


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore that was decided: its plan file, the fate of every row, and the live state it was decided on.

    `served` are the ids, in the snapshot, of the customers whose usage events are sent again, `unbilled` the starts of
    the periods of which they are billed, `events` the number of all events and `to_send` of those that are sent.
    `debts` are made again after the steps of the plan. `set_up` is made before them; `pins` are the billing of
    customers who have their own, by the customer's key, and `held` the keys of customers of whom nothing is done, as
    others would bill them.
    `loses_to_others`: something is lost as another's is in its place, which is left alone. `while_runs`: for how
    long it holds. `seconds` after the others, events are dated of which the last one counts.
    """

    plan: PlanFile
    accounts: tuple[Accounted, ...]
    known: Snapshot
    served: frozenset[str] = frozenset()
    unbilled: Unbilled = Unbilled({})
    events: int = 0
    to_send: int = 0
    debts: tuple[Debt, ...] = ()
    pins: Mapping[str, Pin] = field(default_factory=dict)
    set_up: SetUp = SetUp()
    held: frozenset[str] = frozenset()
    loses_to_others: bool = False
    while_runs: Turns = Turns()
    seconds: Mapping[Identity, int] = field(default_factory=dict)


def planned(
    connection: Connection,
    recovery: Recovery,
    choices: Choices,
    allow: Mapping[str, str] | None = None,
    events: Iterable[Event] = (),
    plan_file: PlanFile | None = None,
) -> Restore:
    """Read the server, and decide everything that leads from its state to the snapshot's. Raises RemoteError; Ended
    for choices that the server has no call for, and where its clock is behind.

    `events` are the usage events in the snapshot, which are counted. `plan_file` was decided earlier and is carried out
    now: what is left of the credits that it grants for fees in advance is accounted for.
    """
    if choices.in_advance is InAdvance.WAIT and not connection.routes[SUBSCRIPTION].can(BEGIN_LATER):
        raise error("cannot-wait")
    known = _with_none(with_addons(connection, everything(connection)).snapshot)
    _check_uses(connection, recovery, choices, known)
    now = servers_now_by_anybody(connection, known)
    ahead = now - connection.clock.now()
    _check_clock(recovery, now)
    making = set_up(recovery, here(connection), now)
    pins = pins_of(recovery, recovery.live.of(CUSTOMER), making.profiles)
    held = {} if DEFAULT_BILLING in (allow or {}) else _not_billed_here(recovery, pins.held, known)
    tables = _tables(connection, making, pins, held, plan_file)
    since = _unbilled(recovery, now)
    latest = LatestValues(recovery.live, since)
    number = _numbers(latest.seen(events), since)
    mode = Mode(RESTORE, deletes=False, allow=allow or {})
    rows = _subscription_rows(connection, recovery)
    found, made = _decided(connection, recovery, known, rows, _Terms(tables, choices, mode, now, number))
    accounts = accounted(found, made.changes)
    plan = _plan_file(connection, made, rows, known, now)
    return Restore(
        replace(plan, guards=(*plan.guards, *default_guards(recovery, making, mode.allow))),
        accounts,
        known,
        served=found.served,
        unbilled=since,
        events=sum(one.whole for one in number.values()),
        to_send=sum(one.whole for customer, one in number.items() if customer in found.served),
        debts=debts_to_make(found, accounts),
        pins=_by_key(recovery, pins.pins, accounts),
        set_up=making,
        held=frozenset(str(row.fields["key"]) for row in recovery.live.of(CUSTOMER) if row.id in held),
        loses_to_others=lost_to_others(accounts),
        while_runs=turns_of(recovery, now, ahead),
        seconds=latest.seconds,
    )


def _check_clock(recovery: Recovery, now: datetime) -> None:
    """Raises Ended where the server's clock is behind the snapshot."""
    if now < recovery.header.taken_at - SKEW:
        clock, taken = moment_text(cut_to_seconds(now)), moment_text(cut_to_seconds(recovery.header.taken_at))
        raise error("clock-behind", f"The server's clock shows {clock}, and the snapshot is of {taken}.")


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of a decision: tables, choices and mode, the server's time, and the numbers of customers' events."""

    tables: Tables
    choices: Choices
    mode: Mode
    now: datetime
    number: Mapping[str, Number]


def _decided(
    connection: Connection, recovery: Recovery, known: Snapshot, rows: Index, terms: _Terms
) -> tuple[Restoration, Staged]:
    """The stages of a restore with their changes. Nothing is done for chains that the server refuses to begin."""
    server = _server(connection, rows)

    def decided(refused: frozenset[Address] = frozenset()) -> tuple[Restoration, Staged]:
        found = restoration(recovery, known, terms.tables, terms.choices, terms.now, terms.number, refused)
        return found, staged(found.stages, known, connection.kinds, server=server, mode=terms.mode, now=terms.now)

    found, made = decided()
    refused = refused_chains(made.changes, connection.kinds)
    return decided(refused) if refused else (found, made)


def _plan_file(connection: Connection, made: Staged, held: Index, known: Snapshot, now: datetime) -> PlanFile:
    """The plan file of all stages with its times, by this machine's clock, and with the words of a restore."""
    made_at = connection.clock.now()
    plan = replace(
        made.plan_file,
        dialect=connection.generation.full_name,
        billsync=__version__,
        created_at=made_at.isoformat(),
        expires_at=(made_at + VALID_FOR).isoformat(),
        guards=tuple(_of_strangers(made.plan_file.guards, held)),
    )
    worded = worded_for(with_lasting_fees(plan, index(known, connection.kinds, connection.routes), now), RESTORE)
    return replace(worded, changes=tuple(_may_be_used(worded.changes)))


def _subscription_rows(connection: Connection, recovery: Recovery) -> Index:
    """The subscriptions of a snapshot, with the customers that name them."""
    rows = Snapshot({kind: recovery.live.of(kind) for kind in (CUSTOMER, SUBSCRIPTION)})
    return index(rows, connection.kinds, connection.routes)


def _server(connection: Connection, held: Index) -> Server:
    """The server, which takes several running subscriptions of a customer where the snapshot holds such: while it is
    empty, nothing there shows it."""
    here = connection.generation
    server = Server(connection.target, connection.routes, BALANCE, here.missing, here.is_alone, here.unmentionable)
    is_alone = one_chain_per_parent(server, Desired(), held, connection.kinds)
    return replace(server, one_chain_per_parent=is_alone)


def _of_strangers(guards: Iterable[Guard], held: Index) -> Iterator[Guard]:
    """The guards but those that take two subscriptions of the snapshot, of which a stage declares one, for one."""
    kind = KINDS[SUBSCRIPTION]
    own: set[Address] | None = None
    for guard in guards:
        if guard.code == doubled_code(kind):
            own = own or {address for rows in children(kind, held).values() for address, _ in rows}
            if own.issuperset(guard.addresses):
                continue
        yield guard


def _tables(
    connection: Connection, making: SetUp, pins: Pins, held: Mapping[str, str], plan_file: PlanFile | None
) -> Tables:
    """The tables of a server, with what is made there before, and the customers whose billing can't be set."""
    unpinned = {**pins.without_data, **{name: how for name, how in pins.held.items() if name not in held}}
    credits = credits_in(plan_file) if plan_file else {}
    takes_fees = connection.generation.can(CHARGES)
    return Tables(connection.kinds, connection.routes, takes_fees, unpinned, held, making, credits)


def _check_uses(connection: Connection, recovery: Recovery, choices: Choices, known: Snapshot) -> None:
    """Raises Ended for something that is to be used as it is, and isn't live, or isn't in the snapshot."""
    if choices.uses:
        both = (index(live, connection.kinds, connection.routes).records for live in (known, recovery.live))
        lacking = choices.uses - frozenset.intersection(*(frozenset(records) for records in both))
        if lacking:
            raise error("nothing-to-use", f"{min(one.text for one in lacking)} is not both live and in the snapshot.")


def _may_be_used(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes; the hint of what is refused for its owner names the option that uses the live one as it is."""
    for change in changes:
        is_record = KINDS[change.address.kind].archetype is Archetype.RECORD
        if is_record and change.code in STANDS_IN_ITS_WAY:
            hint = f"if it is the same one, run the restore again with --use-live {change.address.text}; else {RENAME}"
            change = replace(change, hint=hint.format(again="run it again"))
        yield change


def _not_billed_here(recovery: Recovery, held: Mapping[str, str], known: Snapshot) -> Mapping[str, str]:
    """The customers without their billing profile, but for those that are billed here already: for them it is late."""
    kind = KINDS[SUBSCRIPTION]
    billed = {str(row.fields.get("customer_id")) for row in known.of(SUBSCRIPTION) if not is_over(kind, row.fields)}
    keys = {row.fields.get("key") for row in known.of(CUSTOMER) if row.id in billed}
    return {
        row.id: held[row.id]
        for row in recovery.live.of(CUSTOMER)
        if row.id in held and row.fields.get("key") not in keys
    }


def _by_key(recovery: Recovery, pins: Mapping[str, Pin], accounts: Iterable[Accounted]) -> Mapping[str, Pin]:
    """The billing by the keys of customers that come back."""
    lost = {one.row_id for one in accounts if one.kind == CUSTOMER and one.fate is Fate.LOST}
    rows = (row for row in recovery.live.of(CUSTOMER) if row.id in pins and row.id not in lost)
    return {str(row.fields["key"]): pins[row.id] for row in rows}


def _unbilled(recovery: Recovery, now: datetime) -> Unbilled:
    """The starts of the periods that run now, of the snapshot's subscriptions that haven't ended."""
    rows = (row.fields for row in recovery.live.of(SUBSCRIPTION) if not is_over(KINDS[SUBSCRIPTION], row.fields))
    left = (row for row in rows if (end := parse_moment(str(row.get("active_to")))) is None or end > now)
    return unbilled(left, recovery.live, now)


def _numbers(events: Iterable[Event], since: Unbilled) -> Mapping[str, Number]:
    """The number of events by customer, in running periods and in ended ones."""
    found: dict[str, Counter[bool]] = defaultdict(Counter)
    for one in events:
        found[one.customer][since.has(one.customer, one.row)] += 1
    return {customer: Number(counted[True], counted[False]) for customer, counted in found.items()}


def _with_none(found: Snapshot) -> Snapshot:
    """The snapshot, in which subscriptions that showed no add-ons have none: a restore that broke off before it
    attached them goes on with that."""
    rows = tuple(
        row if ADDONS in row.fields else replace(row, fields={**row.fields, ADDONS: ()})
        for row in found.of(SUBSCRIPTION)
    )
    return replace(found, rows={**found.rows, SUBSCRIPTION: rows})
