"""A subscription of a recovery snapshot, seen from the moment at which it begins again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from billsync.core.lifecycle.attached_steps import ATTACH
from billsync.core.lifecycle.chain_begin import BEGIN_LATER
from billsync.core.observed.attached import attached_rows
from billsync.core.observed.index import state_of
from billsync.core.observed.ownership import labels_of, restarts_of
from billsync.model.address import Address, Symbol
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass
from billsync.model.kind import State
from billsync.model.malformed import Malformed
from billsync.model.state import Row
from billsync.model.transition import AT_RENEWAL
from billsync.model.value import Fields, Plain
from billsync.rating.periods import period_at
from billsync.report.recovery.restore.old import Old, moment

SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a chain, which hadn't ended when the snapshot was taken."""

    old: Old
    row: Row
    now: datetime

    @property
    def start(self) -> datetime | None:
        """The moment from which it is in force; None where its server didn't show it."""
        return moment(self.row.fields, "active_from")

    @property
    def end(self) -> datetime | None:
        """The moment at which it ends; None without one."""
        return moment(self.row.fields, "active_to")

    @property
    def is_past(self) -> bool:
        """Whether it has ended since the snapshot was taken."""
        return self.end is not None and self.end <= self.now

    def is_in(self, state: State) -> bool:
        """Whether the snapshot shows it in this state."""
        return state_of(self.old.registry[SUBSCRIPTION], self.row.fields) is state

    def can(self, call: str) -> bool:
        """Whether the new server has a call on subscriptions. Without one for later starts, it shows no times."""
        return self.old.source.routes[SUBSCRIPTION].can(call)

    @property
    def version(self) -> Address | None:
        """Its plan version; None for a plan of its own, and where it refers to something that isn't in the snapshot."""
        pinned = self.old.source.view(self.row).get("plan")
        if not isinstance(pinned, Symbol) or pinned.address.version is None or self.old.refers_to_gone(self.row):
            return None
        return pinned.address

    @property
    def anchor(self) -> datetime:
        """The moment from which its billing periods are counted."""
        return moment(self.row.fields, "billing_anchor") or self.start or self.now

    @property
    def boundary(self) -> datetime | None:
        """The end of the billing period of now."""
        cadence = parse_duration(str(self.row.fields.get("billing_cadence")))
        return period_at(self.anchor, cadence, self.now).end if cadence else None

    def phase(self, at: datetime) -> str | None:
        """The phase in force at a moment, unless it is the plan's first one; skipped phases have no length."""
        phases: list[Fields] = list(self.row.fields.get("phases") or ())
        lived = [phase for phase in phases if phase.get("active_from") != phase.get("active_to")]
        begun = [phase for phase in lived if (start := moment(phase, "active_from")) is not None and start <= at]
        return str(begun[-1].get("key")) if begun and begun[-1] is not phases[0] else None

    @property
    def addons(self) -> Mapping[Address, int]:
        """The quantities of its add-ons, as far as the new server can attach any."""
        attachments = self.old.source.routes[SUBSCRIPTION].attachments
        if not self.can(ATTACH):
            return {}
        found = attached_rows(self.row.fields, attachments) if attachments else None
        if found is None or isinstance(found, Malformed):
            return {}
        names = self.old.source.found.names
        return {names[one.of]: one.quantities.now for one in found if one.quantities.now and one.of in names}

    @property
    def kept(self) -> dict[str, Plain]:
        """The fields that stay, and those that only a running chain has."""
        fields = self.row.fields
        used = restarts_of(fields)
        mode = fields.get("cost_basis_mode")
        labels = {n: v for n, v in labels_of(fields).items() if not n.startswith(("billsync_", "openmeter_"))}
        addons = [
            {"addon": address.key, "quantity": quantity}
            for address, quantity in sorted(self.addons.items(), key=lambda item: item[0].order)
        ]
        return {
            "billing_anchor": fields.get("billing_anchor") or fields.get("active_from"),
            "cost_basis_mode": None if mode == "dynamic" else mode,
            "labels": labels or None,
            "restart": used or None,
            "addons": addons or None,
        }

    @property
    def declared_end(self) -> Plain:
        """The end as it is declared: at the renewal, where it is then and the new server shows no times, where it is
        the end of a phase that begins again, and where it was never shown."""
        end, boundary = self.end, self.boundary
        is_of_period = boundary is not None and end is not None and self._begins_period(end)
        is_said = is_of_period and not self.is_guessed and (end != boundary or self.can(BEGIN_LATER))
        return self.row.fields.get("active_to") if is_said else AT_RENEWAL

    def _begins_period(self, at: datetime) -> bool:
        cadence = parse_duration(str(self.row.fields.get("billing_cadence")))
        return cadence is not None and period_at(self.anchor, cadence, at).start == at

    @property
    def is_guessed(self) -> bool:
        """Whether its server showed no times, so that they are what its creation suggests."""
        return self.row.id in self.old.guessed

    @property
    def began_since(self) -> datetime | None:
        """The start of a link that began after the snapshot; None for any other, and where it is a guess."""
        start = moment(self.row.fields, "active_from")
        is_new = start is not None and self.old.recovery.header.finished_at < start <= self.now
        return start if is_new and not self.is_guessed else None

    @property
    def ended_period(self) -> str | None:
        """The end of the period that was running in the snapshot, where that is over."""
        period = self.row.fields.get("current_period") or {}
        end = moment(period, "to")
        return str(period.get("to")) if end is not None and end <= self.now else None
