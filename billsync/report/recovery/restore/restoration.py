"""A recovery snapshot as stages of desired state, and the fate of each of its rows.

The values between the rooms:

    restoration(recovery, target, tables, choices, now) -> Restoration       pure, here
    core.diffing.stages.staged(stages, target, …) -> Staged                one plan file of all stages
    app.recovery.restoring.planned(connection, recovery, choices) -> Restore  reads the target, and joins both
    app.recovery.restoring.carry_out(connection, restore, events, …) -> Report  the plan file's steps, then the events

A stage holds entities of one kind and one owner. Versions are published in the order in which they were, and customers
subscribe to each while it is active; the next version archives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from billsync.core.changes.chains import has_ended, head_of
from billsync.core.changes.versions import offered
from billsync.core.diffing.stages import Stage
from billsync.core.dump.items import Source
from billsync.core.observed.index import index, is_over, state_of
from billsync.core.observed.ownership import KEY, is_servers_own, labels_of
from billsync.model.address import Address, Symbol
from billsync.model.frozen import dataclass
from billsync.model.globs import Patterns
from billsync.model.kind import Archetype, Kind, Registry, State
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.routes import Routes
from billsync.model.state import Desired, Entity, Row, Snapshot
from billsync.report.recovery.losses.explaining import CUT, EARLY, IN_FIRST_PHASE
from billsync.report.recovery.restore.chains import Begun, chains
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.restore.compensated import excess_lines, swap_lines, to_give
from billsync.report.recovery.restore.debts import Debt, debt_accounts, debts, kept_debt
from billsync.report.recovery.restore.grants import GRANT, Granted, grants
from billsync.report.recovery.restore.links import SUBSCRIPTION
from billsync.report.recovery.restore.needed_versions import is_active, is_there, needed_versions
from billsync.report.recovery.restore.old import Old, old, owner_of
from billsync.report.recovery.restore.other_accounts import other_accounts
from billsync.report.recovery.restore.set_up import SetUp
from billsync.report.recovery.restore.usage_accounts import Number, usage_accounts
from billsync.report.recovery.restore.usage_in_phase import usage_in_first_phase

CUSTOMER = "customer"
NOTHING_TO_MAKE = SetUp()


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of the server that is restored to; `takes_fees`: its API takes one-off fees. `unpinned` says by the
    customer's id why its billing can't be set there, and `held` why nothing of it comes back yet. `set_up` is made
    before. `credits` are grants of fees in advance that a plan file makes, which was decided earlier."""

    registry: Registry
    routes: Mapping[str, Routes]
    takes_fees: bool = True
    unpinned: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    set_up: SetUp = NOTHING_TO_MAKE
    credits: Mapping[Address, Row] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restoration:
    """The stages, and the fate of every row as far as the snapshot tells.

    `rows` are, by stage, the ids of the rows that its entities come from, by address: what the new server refuses of
    them is lost, too. `credits` is what is left of each grant that comes back, by the row's id; `served` are the ids of
    the customers with a subscription that begins again, or has begun: their usage goes to it. `debts` are all that the
    snapshot has. `survivors` are the ids of rows that this server hasn't lost.
    """

    stages: tuple[Stage, ...]
    accounts: tuple[Accounted, ...]
    rows: tuple[Mapping[Address, str], ...] = ()
    credits: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    served: frozenset[str] = frozenset()
    debts: tuple[Debt, ...] = ()
    survivors: frozenset[str] = frozenset()


def restoration(
    recovery: Recovery,
    target: Snapshot,
    tables: Tables,
    choices: Choices,
    now: datetime,
    events: Mapping[str, Number] | None = None,
    refused: frozenset[Address] = frozenset(),
) -> Restoration:
    """The stages that lead from the target's state to the snapshot's. `now` is the target's time, `events` the number
    of usage events by the customer's id; `refused` are chains that the target certainly doesn't take."""
    return _Restoring(
        old(recovery, tables.registry, tables.routes, tables.held, tables.set_up.lacking),
        Source(index(target, tables.registry, tables.routes), tables.registry, tables.routes),
        choices,
        now,
        events or {},
        refused,
        tables=tables,
        survivors={row.id: row for rows in target.rows.values() for row in rows if not row.fields.get("deleted_at")},
    ).restored()


class _Restoring:
    """A restoration that is being put together."""

    def __init__(
        self,
        before: Old,
        target: Source,
        choices: Choices,
        now: datetime,
        events: Mapping[str, Number],
        refused: frozenset[Address],
        *,
        tables: Tables,
        survivors: Mapping[str, Row],
    ) -> None:
        self.tables = tables
        self.survivors = survivors
        several = debts(before)
        self.debts = tuple(one for one in several if one.customer_id not in survivors)
        self.owed = tuple(one for one in several if one.customer_id in survivors)
        self.refused = refused
        self.events = events
        self.old = before
        self.target = target
        self.choices = choices
        self.now = now
        self.stages: list[Stage] = []
        self.rows: list[Mapping[Address, str]] = []
        self.accounts: list[Accounted] = []
        self.live = self._live_chains()

    def restored(self) -> Restoration:
        """All stages: what everything refers to, customers, grants, versions with their subscribers, archives."""
        for kind in self.old.registry.values():
            if kind.archetype is Archetype.RECORD and kind.name != CUSTOMER:
                self._records(kind)
        self._records(self.old.registry[CUSTOMER])
        found = chains(self.old, self.choices, self.now, self.live)
        self.accounts += self._not_lost(found.accounts)
        granted = tuple(self._or_there(one) for one in grants(self.old, self.now))
        self._grants(granted, found.begun)
        self._versions(found.begun, found.lost)
        served = self._served(found.begun)
        self._others(served, found.begun)
        credits = {one.account.row_id: one.left for one in granted if one.left}
        there = frozenset(self.survivors)
        return Restoration(
            tuple(self.stages), tuple(self.accounts), tuple(self.rows), credits, served, self.debts, there
        )

    def _not_lost(self, accounts: Iterable[Accounted]) -> Iterator[Accounted]:
        """Yield the accounts of links; those of a row that this server hasn't lost are one, and that is as it was."""
        kind = self.old.registry[SUBSCRIPTION]
        for one in accounts:
            row = self.survivors.get(one.row_id)
            if row is None or is_over(kind, row.fields) or one.fate is not Fate.DIFFERENT:
                yield one
            elif one.count:
                yield Accounted(one.kind, one.row_id, one.what, Fate.RESTORED, customer=one.customer)

    def _or_there(self, granted: Granted) -> Granted:
        """The grant, or nothing to be made where the very row is still there: this server hasn't lost it."""
        known, kind = granted.account, self.old.registry[GRANT]
        row = self.survivors.get(known.row_id)
        if row is None or (is_over(kind, row.fields) and any(granted.left.values())):
            return granted
        there = Accounted(known.kind, known.row_id, known.what, Fate.RESTORED, customer=known.customer)
        return Granted(None, granted.owner, there)

    def _served(self, begun: Iterable[Begun]) -> frozenset[str]:
        """The ids of the customers of chains that begin again, or have begun."""
        found = {Address(CUSTOMER, one.entity.address.parents) for one in begun if not self._is_refused(one)}
        return frozenset(row_id for row_id, address in self.old.source.found.names.items() if address in found)

    def _is_refused(self, begun: Begun) -> bool:
        return begun.entity.address in self.refused

    def _add(self, several: Iterable[tuple[str | None, Entity, str]]) -> None:
        """Add a stage for each owner of these entities, each with the id of its row."""
        by_owner: dict[str | None, list[tuple[Entity, str]]] = defaultdict(list)
        for owner, entity, row_id in several:
            by_owner[owner].append((entity, row_id))
        for owner in sorted(by_owner, key=lambda one: (one is None, one or "")):
            members = by_owner[owner]
            entities = tuple(entity for entity, _ in members)
            self.stages.append(Stage(_desired(owner, entities, self.old.registry)))
            self.rows.append({entity.address: row_id for entity, row_id in members})

    def _records(self, kind: Kind) -> None:
        names, found = self.old.source.found.names, []
        for row in self.old.recovery.live.of(kind.name):
            if is_servers_own(row.fields):
                self.accounts.append(self.old.fated(row, Fate.RESTORED))
            elif not row.fields.get(kind.key):
                self.accounts.append(self.old.fated(row, Fate.LOST, "no-key", "it has no key"))
            elif is_over(kind, row.fields) or row.fields.get("deleted_at"):
                self.accounts.append(self.old.fated(row, Fate.LOST, "over", "it was deleted"))
            elif self.old.refers_to_gone(row):
                how = "it refers to something that was deleted"
                self.accounts.append(self.old.fated(row, Fate.LOST, "refers-to-gone", how))
            elif (live := self._used(row)) is not None:
                self.accounts.append(self.old.fated(row, Fate.DIFFERENT, "used-as-it-is", live))
            elif row.id in self.tables.held:
                self.accounts.append(self.old.fated(row, Fate.LOST, "billing-missing", self.tables.held[row.id]))
            else:
                account = self._billed(row) or self._unowned(row) or self.old.fated(row, Fate.RESTORED)
                self.accounts.append(account)
                found.append((owner_of(row), self.old.entity(names[row.id], row), row.id))
        self._add(found)

    def _used(self, row: Row) -> str | None:
        """The fate of a record for which the live one stands in, unchanged; None where it doesn't."""
        address = self.old.source.found.names[row.id]
        live = self.target.found.records.get(address) if address in self.choices.uses else None
        if live is None:
            return None
        owner, views = owner_of(live), (self.old.source.view(row), self.target.view(live))
        names = sorted(name for name in {*views[0], *views[1]} - {"labels"} if views[0].get(name) != views[1].get(name))
        differs = f", which differs in {', '.join(names)}" if names else ""
        return f"the live one{differs}, is used as it is, {f'with its owner {owner}' if owner else 'without an owner'}"

    def _billed(self, row: Row) -> Accounted | None:
        """The fate of a customer whose own billing can't be set again."""
        how = self.tables.unpinned.get(row.id)
        return self.old.fated(row, Fate.DIFFERENT, "billing", how) if how else None

    def _unowned(self, row: Row) -> Accounted | None:
        """The fate of a row that somebody has made here already, without an owner."""
        there = self.target.found.records.get(self.old.source.found.names[row.id])
        owner = owner_of(row)
        if owner is None or there is None or there.id == row.id or owner_of(there) is not None:
            return None
        how = f"it was there already, and nobody owns it: list it under `adopted` in the files of {owner}"
        return self.old.fated(row, Fate.DIFFERENT, "owner-not-set", how)

    def _live_chains(self) -> Mapping[Address, Row]:
        """The first running links of the chains that the target has already."""
        kind = self.old.registry[SUBSCRIPTION]
        found: dict[Address, Row] = {}
        for parent, rows in self.target.found.chains.items():
            for row in reversed(rows):
                key = labels_of(row.fields).get(KEY, kind.default_key)  # also those that somebody made by hand
                if not has_ended(kind, row):
                    found[Address(SUBSCRIPTION, (*parent.names, str(key)))] = row
        return found

    def _grants(self, found: Sequence[Granted], begun: Sequence[Begun]) -> None:
        """The grants with what is left, and those of fees that are billed again, which nobody owns."""
        self.accounts += (one.account for one in found)
        made = [(one.owner, one.entity, one.account.row_id) for one in found if one.entity is not None]
        live = self.target.found.records
        beginning = [chain for chain in begun if not self._is_refused(chain)]
        given = {**self.tables.credits, **live}
        self.accounts += (line for chain in beginning for line, _ in excess_lines(chain, given))
        self.accounts += self._not_lost(line for chain in beginning for line in swap_lines(self.old, chain, given))
        self._add([*made, *((None, one, "") for chain in beginning for one in to_give(chain, live))])

    def _versions(self, begun: Sequence[Begun], lost: frozenset[Address]) -> None:
        """The versions in the order in which they were published, each with the chains that begin on it, and those that
        change to it or wait for it."""
        on: dict[Address, list[Begun]] = defaultdict(list)
        for one in begun:
            on[one.version].append(one)
        needed = needed_versions(self.old, begun, lost)
        self.accounts += needed.accounts
        wanted = needed.rows
        places = {self.old.source.found.names[row.id]: number for number, row in enumerate(wanted)}
        changing: dict[int, list[Begun]] = defaultdict(list)
        for one in begun:
            if one.following is not None:
                last = max(places.get(one.version, 0), places.get(one.following.version, 0))
                changing[last].append(one)
        for number, row in enumerate(wanted):
            address = self.old.source.found.names[row.id]
            self._version(row, address, on.get(address, ()))
            self._begin(on.get(address, ()))
            self._change(changing.get(number, ()))
        self._archives(wanted)

    def _version(self, row: Row, address: Address, begun: Sequence[Begun]) -> None:
        """Add the stage of a version, unless its content is there and nobody has to begin on it any more."""
        there = self.live.keys() | self.refused
        is_done = all(one.entity.address in there for one in begun) and is_there(self.old, row, self.target)
        if not is_done or is_active(self.old, row):
            entity = self.old.entity(address.unversioned(), row)
            self._add([(owner_of(row), entity, row.id)])

    def _begin(self, begun: Sequence[Begun]) -> None:
        self._add((one.owner, one.entity, one.row_id) for one in begun if not self._has_changed(one))

    def _change(self, begun: Sequence[Begun]) -> None:
        self._add(
            (one.owner, one.following.entity, one.following.row_id)
            for one in begun
            if one.following is not None and not self._has_changed(one)
        )

    def _has_changed(self, begun: Begun) -> bool:
        """Whether the target has a chain that begins later, or the scheduled link of one, already."""
        if begun.is_there:
            return True
        address = begun.entity.address
        kind = self.old.registry[address.kind]
        rows = self.target.found.chains.get(Address(CUSTOMER, address.parents), ())
        head = head_of(kind, rows, address.key)
        if begun.following is None or head is None or state_of(kind, head.fields) is not State.COMING:
            return False  # one that runs is no scheduled link: somebody made it here
        pinned = self.target.view(head).get(kind.pins or "")
        return isinstance(pinned, Symbol) and pinned.address.key == begun.following.version.key

    def _archives(self, wanted: Sequence[Row]) -> None:
        """Add the stage that archives entities of which no version was active."""
        names = self.old.source.found.names
        keys: dict[Address, Row] = {names[row.id].unversioned(): row for row in wanted}
        for address, row in keys.items():
            if offered(self.old.registry[row.kind], self.old.source.versions(address)) is None:
                desired = _desired(owner_of(row), (), self.old.registry)
                self.stages.append(Stage(desired, (address,)))
                self.rows.append({})

    def _others(self, served: frozenset[str], begun: Sequence[Begun]) -> None:
        """Account for what no stage can hold: other kinds, lists that no file can declare, debts."""
        self.accounts += other_accounts(
            self.old, {(one.kind, one.row_id) for one in self.accounts}, self.tables.set_up.fates
        )
        moved = usage_in_first_phase(self.old, begun, self.events)
        used = usage_accounts(self.old, self.choices, self.events, served, moved)
        apart = (CUT, EARLY, IN_FIRST_PHASE)
        self.accounts += (one for one in used if one.code not in apart or one.row_id not in self.survivors)
        self.accounts += debt_accounts(self.debts, takes_fees=self.tables.takes_fees)
        self.accounts += map(kept_debt, self.owed)


def _desired(owner: str | None, entities: Sequence[Entity], registry: Registry) -> Desired:
    """The state that declares these entities; of entities that nobody owned, new versions may be made."""
    everything = Patterns(dict.fromkeys(registry, ("*",)) if owner is None else {})
    return Desired(owner, tuple(entities), adopted=everything)
