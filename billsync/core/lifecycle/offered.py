"""Offers of a pinned version: the entities that a link on it may have, in which versions, and on which terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from billsync.core.changes.planned import Context, Planned, refused
from billsync.core.changes.versions import NextVersions, offered_after
from billsync.core.observed.chain_refusals import NOT_OFFERED, OFFERS_UNKNOWN, TOO_MANY_ATTACHED
from billsync.core.observed.index import version_of
from billsync.core.observed.refusals import Refusal
from billsync.model.address import Address, Symbol
from billsync.model.change import FieldChange
from billsync.model.frozen import dataclass
from billsync.model.routes import Attachments
from billsync.model.state import Row
from billsync.model.value import Fields, Plain


@dataclass(frozen=True, slots=True)
class Reason:
    """A refusal and the values of its texts."""

    refusal: Refusal
    values: Mapping[str, object]


def because(refusal: Refusal, **values: object) -> Reason:
    """The reason with these values."""
    return Reason(refusal, values)


@dataclass(frozen=True, slots=True)
class Offer:
    """An entity that may be attached: its version, the phase from which on, and the largest quantity (None for any)."""

    address: Address
    since: str | None
    most: int | None
    is_single: bool


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers of a pinned version by key, and its phases. `is_known`: they could be read."""

    pinned: Address | None
    by_key: Mapping[str, Offer] = field(default_factory=dict)
    phases: tuple[str, ...] = ()
    is_known: bool = True

    def until(self, phase: Plain) -> tuple[str, ...]:
        """The phases up to one of them, by default the first: those that have begun where a link begins in it."""
        place = self.phases.index(str(phase)) if phase in self.phases else 0
        return self.phases[: place + 1]

    @property
    def title(self) -> str:
        """The version in a sentence."""
        return self.pinned.text if self.pinned else "what it is on"


def refused_for(address: Address, reason: Reason, fields: tuple[FieldChange, ...] = ()) -> Planned:
    """The refused change of an entity, for a reason."""
    refusal = reason.refusal
    return refused(address, refusal, fields=fields, **reason.values)  # type: ignore[arg-type]


def name_of(attachments: Attachments, key: str) -> str:
    """An attached entity in a sentence: `addon 'blocks'`."""
    return f"{attachments.part.titled_by} {key!r}"


def offers_of(context: Context, attachments: Attachments, pinned: Address | None, coming: NextVersions) -> Offers:
    """The offers of a version that is live, or that this run publishes."""
    if pinned is not None and coming.get(pinned.unversioned()) == pinned:
        fields: Fields = context.want(context.entities[pinned.unversioned()])
        found = _declared(context, attachments, fields, coming)
    else:
        row = row_of(context, pinned) if pinned else None
        if row is None or row.fields.get(attachments.offers) is None:
            return Offers(pinned, is_known=False)
        fields = row.fields
        found = _live(context, attachments, fields)
    phases = tuple(str(phase.get("key")) for phase in fields.get(attachments.phases) or ())
    return Offers(pinned, {offer.address.key: offer for offer in found}, phases)


def row_of(context: Context, address: Address) -> Row | None:
    """The row of a version."""
    rows = context.index.versions.get(address.unversioned(), ())
    return next((row for row in rows if version_of(row) == address.version), None)


def _live(context: Context, attachments: Attachments, fields: Fields) -> Iterator[Offer]:
    for member in fields[attachments.offers]:
        server_id = str((member.get(attachments.part.titled_by) or {}).get("id"))
        if server_id in context.index.names:
            yield _offer(context, attachments, member, context.index.names[server_id])


def _declared(context: Context, attachments: Attachments, want: Fields, coming: NextVersions) -> Iterator[Offer]:
    for member in want.get(attachments.offers) or ():
        symbol: Symbol = member[attachments.part.titled_by]
        yield _offer(context, attachments, member, offered_after(context, symbol.address, coming) or symbol.address)


def _offer(context: Context, attachments: Attachments, member: Fields, address: Address) -> Offer:
    most = member.get(attachments.most)
    name, value = attachments.single
    row, entity = row_of(context, address), context.entities.get(address.unversioned())
    fields = row.fields if row else entity.fields if entity else {}
    return Offer(
        address, member.get(attachments.since), None if most is None else int(most), bool(fields.get(name) == value)
    )


def not_allowed(attachments: Attachments, offers: Offers, wanted: Mapping[str, int]) -> Reason | None:
    """The reason why a version doesn't allow these quantities by key; a quantity of 0 needs no offer."""
    asked = {key: number for key, number in sorted(wanted.items()) if number}
    if lacking := [key for key in asked if key not in offers.by_key]:
        names = ", ".join(name_of(attachments, key) for key in lacking)
        if offers.is_known:
            return because(NOT_OFFERED, pinned=offers.title, names=names)
        return because(OFFERS_UNKNOWN, pinned=offers.title, names=names)
    for key, number in asked.items():
        if reason := _too_many(attachments, offers, offers.by_key[key], number):
            return reason
    return None


def _too_many(attachments: Attachments, offers: Offers, offer: Offer, number: int) -> Reason | None:
    most = 1 if offer.is_single else offer.most
    if most is None or number <= most:
        return None
    why = "and it can be had once only" if offer.is_single else f"the most that {offers.title} allows"
    name = name_of(attachments, offer.address.key)
    return because(TOO_MANY_ATTACHED, name=name, number=number, most=most, why=why)
