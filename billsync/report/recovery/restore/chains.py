"""Subscriptions of a recovery snapshot as they begin again, and the fate of each of their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.core.diffing.diff import VALID_FOR
from billsync.core.lifecycle.chain_begin import BEGIN_IN_PHASE
from billsync.core.observed.index import is_over, state_of, status_of
from billsync.core.observed.ownership import KEY, labels_of
from billsync.model.address import Address
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind, State
from billsync.model.moment import moment_text
from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Entity, Row
from billsync.model.transition import AT_RENEWAL
from billsync.report.moves.amounts import Part, together
from billsync.report.recovery.losses.explaining import WAITING
from billsync.report.recovery.restore.choices import Choices, InAdvance
from billsync.report.recovery.restore.compensation import compensation
from billsync.report.recovery.restore.fees import Beginning
from billsync.report.recovery.restore.link_fates import BilledAgain, fate_of_change, fates_now
from billsync.report.recovery.restore.links import SUBSCRIPTION, Link
from billsync.report.recovery.restore.lost_versions import lost_versions, unbilled_versions
from billsync.report.recovery.restore.missed import fees_missed, hidden_charges, missed_while_waiting
from billsync.report.recovery.restore.old import Old, moment, owner_of
from billsync.report.recovery.restore.rivals import Rival, credit_end, rivals


@dataclass(frozen=True, slots=True)
class Begun:
    """A chain as it begins again on a plan version, and what follows: the link to which it changes at its renewal.

    `compensations` are the grants of the fees that beginning bills again: at its start in the new organization where
    it `has_begun` there, and none where that is unknown. `not_due` is what of each is for fees that are billed later in
    the period, and `ahead` for periods that begin later, which may be billed then; `rivals` may be drawn before them.
    `is_there`: the new organization has it, and it begins later there.
    `begins_with_first_phase`: in place of a later one that ran, in which the new server begins none.
    """

    version: Address
    entity: Entity
    owner: str | None
    row_id: str
    compensations: tuple[Entity, ...] = ()
    not_due: Mapping[Address, Decimal] = field(default_factory=dict)
    ahead: Mapping[Address, Decimal] = field(default_factory=dict)
    rivals: Sequence[Rival] = ()
    following: Following | None = None
    is_there: bool = False
    has_begun: bool = False
    begins_with_first_phase: bool = False


@dataclass(frozen=True, slots=True)
class Following:
    """The link to which a chain changes at its renewal."""

    version: Address
    entity: Entity
    row_id: str


@dataclass(frozen=True, slots=True)
class Chains:
    """All chains that begin again, the accounts of all rows of subscriptions, and the versions that can't be published
    again."""

    begun: tuple[Begun, ...]
    accounts: tuple[Accounted, ...]
    lost: frozenset[Address] = frozenset()


def chains(old: Old, choices: Choices, now: datetime, live: Mapping[Address, Row]) -> Chains:
    """The chains of the snapshot; `live` are the first running links of those that the new organization has
    already, which aren't compensated again."""
    found: list[Begun] = []
    accounts: list[Accounted] = []
    kind, lost, unbilled = old.registry[SUBSCRIPTION], lost_versions(old), unbilled_versions(old)
    drawn_first = rivals(old) if choices.in_advance is InAdvance.GRANT else {}
    several: dict[Address, list[Row]] = defaultdict(list)
    over: dict[Address, list[Row]] = defaultdict(list)
    for row in old.recovery.live.of(SUBSCRIPTION):
        customer = old.customer_of(row)
        if customer is None:
            accounts.append(old.fated(row, Fate.LOST, "no-parent", "its customer isn't restored"))
        elif is_over(kind, row.fields):
            over[_address(kind, customer, row)].append(row)
        elif (status := status_of(kind, row.fields)) not in kind.statuses:
            accounts.append(old.fated(row, Fate.LOST, "unknown-value", f"its status is unknown: {status!r}"))
        else:
            several[_address(kind, customer, row)].append(row)
    for address, rows in over.items():
        accounts += _ended(old, rows, goes_on=address in several)
    for address in sorted(several, key=lambda one: one.order):
        before_fees = drawn_first.get(str(several[address][0].fields.get("customer_id")), ())
        chain = _Chain(old, choices, now, address, live.get(address), lost, unbilled, before_fees)
        begun, told = chain.restored(several[address])
        found += begun
        accounts += told
    return Chains(tuple(found), tuple(_unproved(old, one) for one in accounts), lost)


def _address(kind: Kind, customer: Address, row: Row) -> Address:
    return Address(SUBSCRIPTION, (*customer.names, str(labels_of(row.fields).get(KEY, kind.default_key))))


def _ended(old: Old, rows: Iterable[Row], *, goes_on: bool) -> Iterator[Accounted]:
    """Yield the fates of the ended links of a chain: no server remembers the end any more, unless it `goes_on`."""
    *before, last = sorted(rows, key=lambda row: (str(row.fields.get("created_at")), row.id))
    yield from (old.fated(row, Fate.LOST, "ended", "it has ended") for row in before)
    yield old.fated(last, Fate.LOST, "ended", f"it has ended{'' if goes_on else _declared_still(last)}")


def _declared_still(row: Row) -> str:
    """The work of a run of its owner's files where these still declare it, as no server remembers that it ended."""
    return "; files that still declare it begin it again: take it out of them" if owner_of(row) is not None else ""


def _unproved(old: Old, account: Accounted) -> Accounted:
    """The fate of a row: one whose server showed no times isn't simply restored."""
    if account.fate is not Fate.RESTORED or account.row_id not in old.guessed:
        return account
    how = "its server showed no start and no end: it begins when the one before it ends"
    return replace(account, fate=Fate.DIFFERENT, code="times-unshown", how=how)


@dataclass(frozen=True, slots=True)
class _Chain:
    """One chain, and everything that decides about it."""

    old: Old
    choices: Choices
    now: datetime
    address: Address
    live: Row | None
    lost: Container[Address] = frozenset()
    unbilled: Container[Address] = frozenset()
    rivals: Sequence[Rival] = ()

    def restored(self, rows: list[Row]) -> tuple[tuple[Begun, ...], tuple[Accounted, ...]]:
        """The chain as it begins again, and the fates of its rows."""
        several = sorted(rows, key=lambda row: (str(row.fields.get("active_from")), row.id))
        links = [Link(self.old, row, self.now) for row in several]
        ended = [link for link in links if link.is_past]
        running = [link for link in links if not link.is_past]
        still = "" if running else _declared_still(several[-1])
        told = [self._given_up(link, "ended", f"it has ended since the snapshot was taken{still}") for link in ended]
        if len(running) > 2 or not running:
            told += [line for link in links for line in self._missed(link)]
            told += [self._given_up(link, "several-links", "more than one change is scheduled") for link in running]
            return (), tuple(told)
        head, *later = running
        begun, account = self._begun(head, later[0] if later else None)
        told += [line for one in links for line in self._missed(one, goes_on=one is head and begun is not None)]
        return ((begun,) if begun else ()), (*told, *account)

    def _missed(self, link: Link, *, goes_on: bool = False) -> Iterator[Accounted]:
        """Yield the lines of what nobody asks for, whatever becomes of the link: what falls due as it begins again is
        asked for then."""
        if self._lives_from is not None and self._lives_from <= self.old.recovery.header.taken_at:
            return  # this server hasn't lost it
        if link.version in self.unbilled:
            return
        yield from hidden_charges(link)
        begins = self._lives_from
        until = self.now if begins is None else min(self.now, begins - timedelta.resolution)
        yield from fees_missed(link, until, goes_on=goes_on)

    def _missed_until(self, link: Link, until: datetime, again: Beginning | None) -> Iterator[Accounted]:
        if link.version not in self.unbilled:
            yield from missed_while_waiting(link, until, again)

    def _given_up(self, link: Link, code: str, how: str) -> Accounted:
        return self.old.fated(link.row, Fate.LOST, code, how)

    def _begun(self, link: Link, later: Link | None) -> tuple[Begun | None, tuple[Accounted, ...]]:
        version = link.version
        if version is None or version in self.lost:
            reason = "it is on a plan of its own, or on one that can't be restored"
            return None, tuple(self._given_up(one, "refers-to-gone", reason) for one in (link, later) if one)
        if link.start is None and link.is_in(State.COMING):
            return None, (
                self._given_up(link, "start-unknown", "it was scheduled, and its server didn't show for when"),
            )
        is_coming = link.start is not None and link.start > self.now
        boundary = None if is_coming else self._waits_until(link)
        if boundary and later is not None and later.start == boundary:
            begun, told = self._begun(later, None)
            waits = self.old.fated(link.row, Fate.DIFFERENT, WAITING, _waiting(boundary))
            return begun, (*told, waits, *self._missed_until(link, boundary, None))
        if boundary and link.end is not None and link.end <= boundary and later is None:
            how = f"it ends at {moment_text(link.end)}, before it would begin again{_declared_still(link.row)}"
            return None, (self._given_up(link, "ended", how), *self._missed_until(link, link.end, None))
        ends = later is not None or (link.is_in(State.ENDING) and link.declared_end == AT_RENEWAL)
        begins_now = not is_coming and not boundary
        own, fees = self._accounts(link, version, boundary, begins_now=begins_now, ends_at_renewal=ends)
        following = self._following(later) if later is not None and not boundary else None
        given = self._compensations(link, fees) if self._is_compensated else {}
        begun = Begun(
            version,
            self._entity(link, boundary, is_coming=is_coming, is_last=later is None),
            owner_of(link.row),
            link.row.id,
            tuple(given.values()),
            {given[part].address: amount for part, amount in fees.coming.items() if part in given},
            {given[part].address: amount for part, amount in fees.ahead.items() if part in given},
            self._usable_rivals(fees),
            following,
            is_there=self._lives_from is not None and self._lives_from > self.now,
            has_begun=self.live is not None,
            begins_with_first_phase=begins_now and self._lacks_phase(link),
        )
        return begun, (
            *own,
            *((self._later_account(later, following, link, begins_now=begins_now),) if later is not None else ()),
        )

    def _entity(self, link: Link, boundary: datetime | None, *, is_coming: bool, is_last: bool) -> Entity:
        """The link as it is declared: from its own start, from a boundary, or from now."""
        phase = link.phase(boundary or self.now) if link.can(BEGIN_IN_PHASE) else None
        fields = {
            **link.kept,
            **({"start": link.row.fields.get("active_from")} if is_coming else {}),
            **({"start": moment_text(boundary)} if boundary else {}),
            **({"starting_phase": phase} if phase else {}),
            **({"ends": link.declared_end} if is_last and link.is_in(State.ENDING) and not boundary else {}),
        }
        return self.old.entity(self.address, link.row, fields)

    @property
    def _is_compensated(self) -> bool:
        is_known = self.live is None or self._lives_from is not None
        return self.choices.in_advance is InAdvance.GRANT and is_known

    @property
    def _lives_from(self) -> datetime | None:
        """The start of the chain in the new organization, where it is there already: its creation where it runs there
        and no start is shown (Konnect), as a restore begins it at once."""
        if self.live is None:
            return None
        shown, kind = self.live.fields, self.old.registry[SUBSCRIPTION]
        is_running = state_of(kind, shown) in (State.CURRENT, State.ENDING)
        return moment(shown, "active_from") or (moment(shown, "created_at") if is_running else None)

    def _waits_until(self, link: Link) -> datetime | None:
        """The boundary at which a running link begins again, if it waits for one."""
        if self.live is not None:
            return self._lives_from if self._lives_from and self._lives_from > self.now else None
        return link.boundary if self.choices.in_advance is InAdvance.WAIT else None

    def _accounts(
        self,
        link: Link,
        version: Address,
        boundary: datetime | None,
        *,
        begins_now: bool,
        ends_at_renewal: bool,
    ) -> tuple[tuple[Accounted, ...], BilledAgain]:
        """The fates of the link that begins, and the fees that this bills."""
        if boundary:
            end = "; its end has to be set again then" if link.row.fields.get("active_to") else ""
            waits = self.old.fated(link.row, Fate.DIFFERENT, WAITING, f"{_waiting(boundary)}{end}")
            phase = link.phase(boundary) if link.can(BEGIN_IN_PHASE) else None
            again = Beginning(boundary, link.anchor, str(link.row.fields.get("settlement_mode", "")), phase)
            return (waits, *self._missed_until(link, boundary, again)), BilledAgain()
        if not begins_now:
            return (self.old.fated(link.row, Fate.RESTORED),), BilledAgain()
        beginning = self._beginning(link, ends_at_renewal=ends_at_renewal)
        is_billed = version not in self.unbilled
        return fates_now(link, version, beginning, self.choices.in_advance, is_billed=is_billed)

    def _beginning(self, link: Link, *, ends_at_renewal: bool) -> Beginning:
        at, mode = self._lives_from or self.now, str(link.row.fields.get("settlement_mode", ""))
        phase = link.phase(at) if link.can(BEGIN_IN_PHASE) else None
        return Beginning(at, link.anchor, mode, phase, ends_at_renewal)

    def _lacks_phase(self, link: Link) -> bool:
        """Whether it was in a later phase, in which the new server begins none."""
        return not link.can(BEGIN_IN_PHASE) and link.phase(self._lives_from or self.now) is not None

    def _usable_rivals(self, fees: BilledAgain) -> Sequence[Rival]:
        """The rivals that can pay these fees: the earlier ones must have begun by then."""
        at = self._lives_from or self.now
        return tuple(one for one in self.rivals if one.ends > at and (fees.later or one.begins <= at))

    def _compensations(self, link: Link, fees: BilledAgain) -> Mapping[Part, Entity]:
        """Grants of the fees, by currency and feature, which are used up first and expire with the period."""
        period_end, found = link.boundary or self.now + VALID_FOR, dict[Part, Entity]()
        for part, amount in together((fees.at_once, fees.later)).items():
            is_of_now = part not in fees.later  # what falls due later needs its credit until then
            end = credit_end(part, period_end, self.now, self.rivals) if is_of_now else period_end
            found[part] = compensation(self.address, part, amount, period_end, end)
        return found

    def _following(self, link: Link) -> Following | None:
        version = link.version
        if version is None or version in self.lost:
            return None
        fields = {**link.kept, "change": AT_RENEWAL, "addons": None}
        return Following(version, self.old.entity(self.address, link.row, fields), link.row.id)

    def _later_account(self, link: Link, following: Following | None, head: Link, *, begins_now: bool) -> Accounted:
        if following is None:
            return self._given_up(link, "change-lost", "the change that was scheduled isn't scheduled again")
        if not begins_now:
            return self.old.fated(link.row, Fate.RESTORED)
        return fate_of_change(link, following.version, head, self._beginning(head, ends_at_renewal=True))


def _waiting(boundary: datetime) -> str:
    return f"it begins at {moment_text(boundary)}, and isn't in force until then"
