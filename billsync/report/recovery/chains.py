"""Subscriptions of a recovery snapshot as they begin again, and the fate of each of their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.core.attached import attached_rows
from billsync.core.index import is_over, state_of, status_of
from billsync.core.lifecycle.attached_steps import ATTACH
from billsync.core.lifecycle.chain_begin import BEGIN_IN_PHASE, BEGIN_LATER
from billsync.core.ownership import KEY, labels_of, restarts_of
from billsync.model.address import Address, Symbol
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import State
from billsync.model.malformed import Malformed
from billsync.model.moment import moment_text
from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Entity, Row
from billsync.model.transition import AT_RENEWAL
from billsync.model.value import Fields, Plain
from billsync.rating.periods import period_at
from billsync.report.moves.advance import Unrated
from billsync.report.moves.amounts import Amounts, amounts_text, together
from billsync.report.moves.terms import PlanTerms
from billsync.report.recovery.choices import Choices, InAdvance
from billsync.report.recovery.explaining import BILLED_AGAIN
from billsync.report.recovery.fees import (
    Beginning,
    fees_at_start,
    fees_later,
    from_phase,
    less,
    next_charge_apart,
    terms_of,
)
from billsync.report.recovery.grants import GIFT, GRANT, PREFIX, short_digest
from billsync.report.recovery.old import PLACE, Old, moment, owner_of
from billsync.report.recovery.phases import lasts_longer
from billsync.report.recovery.settlement import Reason, credit_doubts

SUBSCRIPTION = "subscription"
COMPENSATION = "Fees in advance, paid before"
"""The name of a grant of fees that are billed again."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A chain as it begins again on a plan version, and what follows: the link to which it changes at its renewal.

    `compensations` are the grants of the fees that beginning bills again. `is_there`: the new organization has it, and
    it begins later there.
    """

    version: Address
    entity: Entity
    owner: str | None
    row_id: str
    compensations: tuple[Entity, ...] = ()
    following: Following | None = None
    is_there: bool = False


@dataclass(frozen=True, slots=True)
class Following:
    """The link to which a chain changes at its renewal."""

    version: Address
    entity: Entity
    row_id: str


@dataclass(frozen=True, slots=True)
class Chains:
    """All chains that begin again, and the accounts of all rows of subscriptions."""

    begun: tuple[Begun, ...]
    accounts: tuple[Accounted, ...]


def chains(old: Old, choices: Choices, now: datetime, live: Mapping[Address, Row]) -> Chains:
    """The chains of the snapshot; `live` are the first running links of those that the new organization has
    already, which aren't compensated again."""
    found: list[Begun] = []
    accounts: list[Accounted] = []
    kind = old.registry[SUBSCRIPTION]
    several: dict[Address, list[Row]] = defaultdict(list)
    for row in old.recovery.live.of(SUBSCRIPTION):
        customer = old.customer_of(row)
        if customer is None:
            accounts.append(old.fated(row, Fate.LOST, "no-parent", "its customer can't be restored"))
        elif is_over(kind, row.fields):
            accounts.append(old.fated(row, Fate.LOST, "ended", "it has ended"))
        elif (status := status_of(kind, row.fields)) not in kind.statuses:
            accounts.append(old.fated(row, Fate.LOST, "unknown-value", f"its status is unknown: {status!r}"))
        else:
            key = str(labels_of(row.fields).get(KEY, kind.default_key))
            several[Address(SUBSCRIPTION, (*customer.names, key))].append(row)
    for address in sorted(several, key=lambda one: one.order):
        begun, told = _Chain(old, choices, now, address, live.get(address)).restored(several[address])
        found += begun
        accounts += told
    return Chains(tuple(found), tuple(_unproved(old, one) for one in accounts))


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

    def restored(self, rows: list[Row]) -> tuple[tuple[Begun, ...], tuple[Accounted, ...]]:
        """The chain as it begins again, and the fates of its rows."""
        links = sorted(rows, key=lambda row: (str(row.fields.get("active_from")), row.id))
        ended = [row for row in links if self._is_past(row)]
        running = [row for row in links if row not in ended]
        told = [self.old.fated(row, Fate.LOST, "ended", "it has ended since the snapshot was taken") for row in ended]
        if not running:
            return (), tuple(told)
        if len(running) > 2:
            told += [
                self.old.fated(row, Fate.LOST, "several-links", "more than one change is scheduled") for row in running
            ]
            return (), tuple(told)
        head, *later = running
        begun, account = self._begun(head, later[0] if later else None)
        return ((begun,) if begun else ()), (*told, *account)

    def _is_past(self, row: Row) -> bool:
        end = moment(row.fields, "active_to")
        return end is not None and end <= self.now

    def _begun(self, row: Row, later: Row | None) -> tuple[Begun | None, tuple[Accounted, ...]]:
        version = self._version(row)
        if version is None or self.old.refers_to_gone(row):
            reason = "it is on a plan of its own, or on one that was deleted"
            return None, tuple(self.old.fated(one, Fate.LOST, "refers-to-gone", reason) for one in (row, later) if one)
        start = moment(row.fields, "active_from")
        if start is None and state_of(self.old.registry[SUBSCRIPTION], row.fields) is State.COMING:
            how = "it was scheduled, and its server didn't show for when"
            return None, (self.old.fated(row, Fate.LOST, "start-unknown", how),)
        is_coming = start is not None and start > self.now
        boundary = None if is_coming else self._waits_until(row)
        if boundary and later is not None and moment(later.fields, "active_from") == boundary:
            begun, told = self._begun(later, None)
            return begun, (*told, self.old.fated(row, Fate.DIFFERENT, "waits-for-period", self._waiting(boundary)))
        end = moment(row.fields, "active_to")
        if boundary and end is not None and end <= boundary and later is None:
            how = f"it ends at {moment_text(end)}, before it would begin again"
            return None, (self.old.fated(row, Fate.LOST, "ended", how),)
        phase = self._phase(row, boundary or self.now) if self._can(BEGIN_IN_PHASE) else None
        fields = {
            **self._fields(row),
            **({"start": row.fields.get("active_from")} if is_coming else {}),
            **({"start": moment_text(boundary)} if boundary else {}),
            **({"starting_phase": phase} if phase else {}),
            **({"ends": self._end(row)} if self._ends(row, later) and not boundary else {}),
        }
        entity = self.old.entity(self.address, row, fields)
        beginning = Beginning(
            self._lives_from or self.now, self._anchor(row), str(row.fields.get("settlement_mode", "")), phase
        )
        begins_now = not is_coming and not boundary
        own, fees = self._accounts(row, version, beginning, boundary, begins_now=begins_now)
        following = self._following(later) if later is not None else None
        paid = tuple(self._compensations(row, fees)) if self._is_compensated and begins_now else ()
        is_there = self._lives_from is not None and self._lives_from > self.now
        begun = Begun(version, entity, owner_of(row), row.id, paid, following if not boundary else None, is_there)
        return begun, (*own, *((self._later_account(later, following, boundary),) if later is not None else ()))

    @property
    def _is_compensated(self) -> bool:
        return self.choices.in_advance is InAdvance.GRANT and self.live is None

    @property
    def _lives_from(self) -> datetime | None:
        """The start of the chain in the new organization, where it is there already."""
        return moment(self.live.fields, "active_from") if self.live else None

    def _waits_until(self, row: Row) -> datetime | None:
        """The boundary at which a running link begins again, if it waits for one."""
        if self.live is not None:
            return self._lives_from if self._lives_from and self._lives_from > self.now else None
        return self._boundary(row) if self.choices.in_advance is InAdvance.WAIT else None

    def _end(self, row: Row) -> Plain:
        """The end as it is declared: at the renewal, where it is then and the new server shows no times, where it is
        the end of a phase that begins again, and where it was never shown."""
        end, boundary = moment(row.fields, "active_to"), self._boundary(row)
        is_of_period = boundary is not None and end is not None and self._begins_period(row, end)
        is_said = is_of_period and row.id not in self.old.guessed and (end != boundary or self._can(BEGIN_LATER))
        return row.fields.get("active_to") if is_said else AT_RENEWAL

    def _begins_period(self, row: Row, at: datetime) -> bool:
        cadence = parse_duration(str(row.fields.get("billing_cadence")))
        return cadence is not None and period_at(self._anchor(row), cadence, at).start == at

    def _can(self, call: str) -> bool:
        """Whether the new server has a call on subscriptions. Without one for later starts, it shows no times."""
        return self.old.source.routes[SUBSCRIPTION].can(call)

    def _ends(self, row: Row, later: Row | None) -> bool:
        """Whether a link ends without another one after it."""
        return later is None and state_of(self.old.registry[SUBSCRIPTION], row.fields) is State.ENDING

    def _version(self, row: Row) -> Address | None:
        pinned = self.old.source.view(row).get("plan")
        return pinned.address if isinstance(pinned, Symbol) and pinned.address.version is not None else None

    def _fields(self, row: Row) -> dict[str, Plain]:
        """The fields that stay, and those that only a running chain has."""
        used = restarts_of(row.fields)
        mode = row.fields.get("cost_basis_mode")
        labels = {n: v for n, v in labels_of(row.fields).items() if not n.startswith(("billsync_", "openmeter_"))}
        addons = [
            {"addon": address.key, "quantity": quantity}
            for address, quantity in sorted(self._addons(row).items(), key=lambda item: item[0].order)
        ]
        return {
            "billing_anchor": row.fields.get("billing_anchor") or row.fields.get("active_from"),
            "cost_basis_mode": None if mode == "dynamic" else mode,
            "labels": labels or None,
            "restart": used or None,
            "addons": addons or None,
        }

    def _addons(self, row: Row) -> Mapping[Address, int]:
        attachments = self.old.source.routes[SUBSCRIPTION].attachments
        if not self.old.source.routes[SUBSCRIPTION].can(ATTACH):
            return {}
        found = attached_rows(row.fields, attachments) if attachments else None
        if found is None or isinstance(found, Malformed):
            return {}
        names = self.old.source.found.names
        return {names[one.of]: one.quantities.now for one in found if one.quantities.now and one.of in names}

    def _anchor(self, row: Row) -> datetime:
        return moment(row.fields, "billing_anchor") or moment(row.fields, "active_from") or self.now

    def _boundary(self, row: Row) -> datetime | None:
        """The end of the billing period of now."""
        cadence = parse_duration(str(row.fields.get("billing_cadence")))
        return period_at(self._anchor(row), cadence, self.now).end if cadence else None

    def _phase(self, row: Row, at: datetime) -> str | None:
        """The phase in force at a moment, unless it is the plan's first one; skipped phases have no length."""
        phases: list[Fields] = list(row.fields.get("phases") or ())
        lived = [phase for phase in phases if phase.get("active_from") != phase.get("active_to")]
        begun = [phase for phase in lived if (start := moment(phase, "active_from")) is not None and start <= at]
        return str(begun[-1].get("key")) if begun and begun[-1] is not phases[0] else None

    def _waiting(self, boundary: datetime) -> str:
        return f"it begins at {moment_text(boundary)}, and isn't in force until then"

    def _accounts(
        self, row: Row, version: Address, beginning: Beginning, boundary: datetime | None, *, begins_now: bool
    ) -> tuple[tuple[Accounted, ...], Amounts]:
        """The fate of the link that begins, with a line for fees that are paid twice, and the fees that this bills."""
        if boundary:
            end = "; its end has to be set again then" if row.fields.get("active_to") else ""
            return (self.old.fated(row, Fate.DIFFERENT, "waits-for-period", f"{self._waiting(boundary)}{end}"),), {}
        if not begins_now:
            return (self.old.fated(row, Fate.RESTORED),), {}
        try:
            terms, addons = terms_of(self.old, version, self._plan_row(version)), self._addons(row)
            fees = fees_at_start(self.old, terms, beginning, addons)
        except Unrated as problem:
            how = f"the fees in advance that it is billed again can't be worked out ({problem})"
            return (self.old.fated(row, Fate.DIFFERENT, BILLED_AGAIN, how),), {}
        if self.choices.in_advance is InAdvance.GRANT:
            later = self._later(row, terms, beginning)
            return (self._fate(row, terms, beginning, (fees, later), addons),), together((fees, later))
        fate = self._fate(row, terms, beginning, ({}, {}), addons)
        return self._with_paid_twice(row, fate, fees) if fees else (fate,), fees

    def _later(self, row: Row, terms: PlanTerms, beginning: Beginning) -> Amounts:
        try:
            return fees_later(self.old, row, terms, beginning)
        except Unrated:  # which the line about the next charge says
            return {}

    def _with_paid_twice(self, row: Row, fate: Accounted, fees: Amounts) -> tuple[Accounted, ...]:
        """The fate of a row, whose money is in its next charge, and a line of its own for fees that were paid before,
        which are in the balance; this is the row's fate where nothing else differs."""
        how = f"it is billed {amounts_text(fees)} in advance again"
        twice = self.old.fated(row, Fate.DIFFERENT, BILLED_AGAIN, how, fees)
        return (twice,) if fate.fate is Fate.RESTORED else (fate, replace(twice, count=0))

    def _fate(
        self,
        row: Row,
        terms: PlanTerms,
        beginning: Beginning,
        given: tuple[Amounts, Amounts],
        addons: Mapping[Address, int],
    ) -> Accounted:
        """The fate of a link that begins now: every reason for which it isn't as it was, the gravest first. `given` are
        the fees in advance that it is billed again, at once and later in the period, and gets as credit before."""
        longer = lasts_longer(row.fields, from_phase(terms, beginning.phase), beginning.at)
        found = [Reason(code="phase-again", how=longer)] if longer else []
        if credit := together(given):
            found += credit_doubts(beginning.mode, credit)
        if self._is_new_period(row):
            found.append(
                Reason(code="new-period", how=f"its period ended at {self._period_end(row)}, after the snapshot")
            )
        if row.fields.get("addons") and not self._can(ATTACH):
            how = "its add-ons aren't attached again: this server's API can't attach any"
            found.append(Reason(code="addons-not-attached", how=how))
        try:
            apart = less(next_charge_apart(self.old, row, terms, beginning, addons), given[1])
            if apart and not found:
                how = "its next charge has fees in arrears for the time since it began again"
                found.append(Reason(code="arrears-cut", how=how))
        except Unrated as problem:
            apart = {}
            found.append(Reason(code="next-charge-unknown", how=f"its next charge can't be worked out ({problem})"))
        if row.id in self.old.guessed:
            found.append(Reason(code="times-unshown", how=self._guess(row)))
        if not found and not labels_of(row.fields).get(KEY):
            found.append(Reason(code="marked", how="billsync's label of its key is new, and it still has no owner"))
        if not found:
            return self.old.fated(row, Fate.RESTORED)
        how = "; ".join(one.how for one in found)
        return self.old.fated(row, Fate.DIFFERENT, found[0].code, how, apart)

    def _guess(self, row: Row) -> str:
        """The times that a restore takes for those of a link whose server showed none."""
        end = f", and ends at {row.fields['active_to']}" if row.fields.get("active_to") else ""
        phase = self._phase(row, self.now) or str(row.fields["phases"][0].get("key"))
        began = row.fields.get("active_from")
        return f"its server showed no start, phase and end: taken as begun at {began}, in phase {phase}{end}"

    def _period_end(self, row: Row) -> str:
        return str((row.fields.get("current_period") or {}).get("to"))

    def _is_new_period(self, row: Row) -> bool:
        """Whether the period that was running in the snapshot is over."""
        end = moment(row.fields.get("current_period") or {}, "to")
        return end is not None and end <= self.now

    def _plan_row(self, version: Address) -> Row:
        rows = (row for row in self.old.recovery.live.of("plan") if self.old.source.found.names[row.id] == version)
        found = next(rows, None)
        if found is None:
            raise Unrated(f"{version.text} isn't in the snapshot")
        return found

    def _compensations(self, row: Row, fees: Amounts) -> Iterator[Entity]:
        """Grants of the fees, by currency, which are used up first and expire with the period."""
        end = self._boundary(row)
        for currency, amount in fees.items():
            yield compensation(self.address, currency, amount, end or self.now + timedelta(days=1))

    def _following(self, row: Row) -> Following | None:
        version = self._version(row)
        if version is None or self.old.refers_to_gone(row):
            return None
        fields = {**self._fields(row), "change": AT_RENEWAL, "addons": None}
        return Following(version, self.old.entity(self.address, row, fields), row.id)

    def _later_account(self, row: Row, following: Following | None, boundary: datetime | None) -> Accounted:
        if following is None or boundary:
            return self.old.fated(row, Fate.LOST, "change-lost", "the change that was scheduled isn't scheduled again")
        return self.old.fated(row, Fate.RESTORED)


def compensation(chain: Address, currency: str, amount: Decimal, end: datetime) -> Entity:
    """The grant of fees in advance that a chain is billed again."""
    key = f"{PREFIX}{short_digest(chain.text, moment_text(end), currency)}"
    fields: Fields = {
        "key": key,
        "name": COMPENSATION,
        "description": f"The fees of the running period that {chain.text} is billed again by a restore.",
        "amount": amount,
        "currency": currency,
        "funding_method": GIFT,
        "priority": 1,
        "expires_at": moment_text(end),
    }
    return Entity(Address(GRANT, (*chain.parents, key)), fields, PLACE)
