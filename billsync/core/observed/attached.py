"""Entities attached to a link of a chain: decoded from their rows, with their quantities over time.

The server keeps a row for ever, with a quantity of 0 where it was taken away; its timeline is what counts
(customer-facts.md §6.1, §6.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from billsync.core.observed.ownership import labels_of
from billsync.core.views.view import SERVERS
from billsync.model.address import Address, parse_address
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed, MalformedRow, each, inside, parsed_rows, text, whole
from billsync.model.moment import parse_moment
from billsync.model.routes import Attachments
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Quantities:
    """The quantity now, and the quantities from later moments on, in order of time."""

    now: int = 0
    ahead: tuple[tuple[datetime, int], ...] = ()

    @property
    def last(self) -> int:
        """The quantity after everything that is scheduled."""
        return self.ahead[-1][1] if self.ahead else self.now

    def before(self, number: int) -> int:
        """The quantity that a change replaces: the last one, or the present one if the wanted one is scheduled."""
        return self.now if self.last == number else self.last

    @property
    def has_some(self) -> bool:
        """Whether there are any, now or in the end."""
        return bool(self.now or self.last)

    @property
    def coming(self) -> tuple[tuple[datetime, int], ...]:
        """The moments at which the quantity changes."""
        before = (self.now, *(number for _, number in self.ahead))
        return tuple(step for step, last in zip(self.ahead, before, strict=False) if step[1] != last)

    @property
    def text(self) -> str:
        """The quantities in their order: `2, then 3`."""
        return ", then ".join(str(number) for number in (self.now, *(number for _, number in self.coming)))

    def set_at_once(self, number: int) -> Quantities:
        """With another quantity from now on; what is scheduled stays."""
        return Quantities(number, self.ahead)

    def set_at(self, moment: datetime, number: int) -> Quantities:
        """With another quantity from a coming moment on, in the place of what was scheduled for that moment."""
        others = [(start, other) for start, other in self.ahead if start != moment]
        return Quantities(self.now, tuple(sorted([*others, (moment, number)])))


@dataclass(frozen=True, slots=True)
class Attached:
    """One attached entity, by its server id, and the row that says so."""

    of: str
    labels: Fields
    quantities: Quantities
    row: Fields


def fact_of(attachments: Attachments, member: Address) -> str:
    """The name of the fact that holds the quantities of one attached entity."""
    return f"{attachments.part.field}.{member.text}"


def member_in(attachments: Attachments | None, fact: str) -> Address | None:
    """The attached entity that a fact is about; None for another fact."""
    field, _, member = fact.partition(".")
    return parse_address(member) if attachments and member and field == attachments.part.field else None


def attached_rows(row: Fields, attachments: Attachments) -> tuple[Attached, ...] | Malformed | None:
    """The entities attached to a link; None if they weren't read, or the field that can't be understood."""
    rows = row.get(attachments.part.field)
    if rows is None:
        return None
    return decoded(rows, attachments)


def decoded(rows: Iterable[Fields], attachments: Attachments) -> tuple[Attached, ...] | Malformed:
    """The attached entities in these rows, or the field that can't be understood."""
    return parsed_rows(_attached, rows, attachments)


def _attached(row: Fields, attachments: Attachments) -> Attached:
    of = inside(row, attachments.part.titled_by, lambda shown: text(shown, "id"))
    seen_at = _moment(row, "quantity_at")
    segments = each(row, "timeline", _segment)
    ahead = sorted((start, number) for start, number, is_empty in segments if start > seen_at and not is_empty)
    quantities = Quantities(whole(row, attachments.quantity), tuple(ahead))
    labels = {name: label for name, label in labels_of(row).items() if not name.startswith(SERVERS)}
    return Attached(of, labels, quantities, row)


def _segment(row: Fields) -> tuple[datetime, int, bool]:
    """The start of a segment, its quantity, and whether it has no length."""
    start = _moment(row, "active_from")
    end = _moment(row, "active_to") if row.get("active_to") is not None else None
    return start, whole(row, "quantity"), start == end


def _moment(row: Fields, name: str) -> datetime:
    moment = parse_moment(text(row, name))
    if moment is None:
        raise MalformedRow(name, row.get(name))
    return moment
