"""Parts of a restore that no step makes, in words before they are made: set-up, billing, debts and usage events; and as
facts of its plan file, which is refused where they have become others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from billsync.app.recovery.restoring import Restore
from billsync.model.frozen import dataclass
from billsync.model.value import Fields, canonical, decimal_text
from billsync.report.recovery.restore.choices import Usage
from billsync.report.recovery.restore.debts import Debt
from billsync.report.recovery.restore.pins import Pin

SET_UP, BILLING, DEBTS, EVENTS = "set_up", "billing", "debts", "events"
USAGE = "usage"
NAMED = 10
"""Most debts that a line names; JSON has all."""
ADDED = "It doesn't have this part of the set-up, which is missing now: {part}."
OTHERS = {
    USAGE: "It was made with another `--usage`.",
    BILLING: "Other customers have billing of their own to be set now, or in another form.",
    DEBTS: "Other debts are to be made again now.",
}


@dataclass(frozen=True, slots=True)
class Besides:
    """The parts of a restore besides its steps: the set-up before them, the billing of customers by their keys, the
    debts that are made again, and the number of usage events that are sent unless they are there; `sends`: events are
    looked for at all."""

    set_up: tuple[str, ...]
    billing: Mapping[str, Pin]
    debts: tuple[Debt, ...]
    events: int
    usage: Usage
    sends: bool

    @property
    def lines(self) -> Mapping[str, str]:
        """A sentence for each part that there is."""
        return dict(self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self.set_up:
            yield SET_UP, f"Set up first: {'; '.join(self.set_up)}."
        if self.billing:
            yield BILLING, f"Billing of customers: {len(self.billing):,} to set."
        if self.debts:
            named = "; ".join(f"{one.customer} {decimal_text(one.amount)} {one.currency}" for one in self.debts[:NAMED])
            more = f" and {len(self.debts) - NAMED:,} more" if len(self.debts) > NAMED else ""
            yield DEBTS, f"Debts: {len(self.debts):,} to make again (irreversible): {named}{more}."
        if self.events:
            yield EVENTS, f"Usage events: {self.events:,} to send (irreversible), except those that are there."

    @property
    def object(self) -> Any:
        """The parts in the types that `json` writes."""
        return {
            SET_UP: list(self.set_up),
            BILLING: sorted(self.billing),
            DEBTS: [
                {"customer": one.customer, "currency": one.currency, "amount": decimal_text(one.amount)}
                for one in self.debts
            ],
            EVENTS: self.events,
        }

    @property
    def facts(self) -> Mapping[str, str]:
        """The facts that a plan file holds of them; those about customers as digests."""
        billing = sorted(_billing(key, pin) for key, pin in self.billing.items())
        debts = sorted(f"{one.customer}\n{one.currency}\n{decimal_text(one.amount)}" for one in self.debts)
        return {
            USAGE: self.usage.value,
            SET_UP: "\n".join(self.set_up),
            BILLING: _digest(billing),
            DEBTS: _digest(debts),
        }


def besides_of(found: Restore, usage: Usage, *, sends: bool) -> Besides:
    """The parts of a decided restore; `sends`: events are sent."""
    return Besides(found.set_up.lines, found.pins, found.debts, found.to_send if sends else 0, usage, sends)


def other_besides(planned: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """The reasons why a plan file with these facts isn't of a restore with those of now. A part of the set-up that has
    been made since is no reason: an earlier run of the same plan file may have made it."""
    known = planned.get(SET_UP, "").split("\n")
    yield from (ADDED.format(part=part) for part in filter(None, now[SET_UP].split("\n")) if part not in known)
    yield from (text for name, text in OTHERS.items() if planned.get(name) != now[name])


def _billing(key: str, pin: Pin) -> str:
    """The billing of a customer, whether its profile is there already or is made first."""
    data: Fields = {"data": pin.data, "own": pin.is_pinned}
    return f"{key}\n{canonical(data)!r}"


def _digest(texts: list[str]) -> str:
    return sha256("\n\n".join(texts).encode()).hexdigest()[:32] if texts else ""
