"""One member of what is attached to a running link: its move, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from billsync.core.changes.chains import links_of, running_links
from billsync.core.changes.planned import Context, Planned, note, refused
from billsync.core.changes.timing import timing_of
from billsync.core.changes.versions import NextVersions
from billsync.core.lifecycle.attached_digests import is_due
from billsync.core.lifecycle.attached_steps import ATTACH, SET_QUANTITY, Move, quantity_change
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.lifecycle.chain_steps import CANCEL, FROM, RENEWS, RESUME, TO, VERBS, WITHDRAW
from billsync.core.lifecycle.offered import Offers, Reason, because, name_of, not_allowed, offers_of, refused_for
from billsync.core.observed.attached import Attached, attached_rows
from billsync.core.observed.chain_refusals import (
    ATTACHED_ENDING,
    ATTACHED_LATER,
    ATTACHED_SCHEDULED,
    NOT_ATTACHABLE,
    QUANTITY_FIXED,
    SCHEDULED_ELSEWHERE,
)
from billsync.core.observed.index import state_of
from billsync.core.observed.ownership import OWNER, labels_of
from billsync.core.views.view import UNKNOWN
from billsync.model.address import Address, Symbol
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, State
from billsync.model.malformed import Malformed
from billsync.model.moment import moment_text, parse_moment
from billsync.model.routes import Attachments
from billsync.model.state import Entity, Row
from billsync.model.transition import AT_RENEWAL, IMMEDIATE
from billsync.model.value import Fields

Member = tuple[Address, Attached]


@dataclass(frozen=True, slots=True)
class Link:
    """A running link with what decides about it: `verb` is that of the chain's own change in this run, empty for none,
    and `view` the link after it. `attaches_first`: it ends later, so that what it lacks since it began is attached
    before the call that sets its end."""

    context: Context
    entity: Entity
    attachments: Attachments
    row: Row
    coming: NextVersions
    verb: str
    view: Fields
    attaches_first: bool = False

    @property
    def kind(self) -> Kind:
        """The kind of the chain."""
        return self.context.registry[self.row.kind]

    @property
    def pinned(self) -> Address | None:
        """The version that the link is pinned to; None for one that has none."""
        symbol = self.view.get(self.kind.pins or "")
        return symbol.address if isinstance(symbol, Symbol) else None

    @property
    def declared(self) -> Mapping[str, int]:
        """The declared quantities by key."""
        return declared_quantities(self.context, self.entity, self.attachments)

    @property
    def members(self) -> Mapping[str, Member] | Malformed | None:
        """Present and past attachments, by key, with the version; None if they weren't read."""
        return members_of(self.context, self.attachments, self.row)

    def fact(self, name: str) -> str | None:
        """A moment in the row."""
        found = self.kind.facts(self.row.fields).get(name) if self.kind.facts else None
        return str(found) if found else None

    def moments(self, *, at_renewal: bool) -> Fields:
        """The moments that identify the link, and if asked for, its running period."""
        return {FROM: self.fact(FROM), TO: None, **({RENEWS: self.fact(RENEWS)} if at_renewal else {})}


def beginning(kind: Kind, *, is_first: bool) -> str:
    """The event that begins a link, as a reason to wait for it."""
    return f"the {kind.title} begins then" if is_first else "the change takes effect then"


def declared_quantities(context: Context, entity: Entity, attachments: Attachments) -> Mapping[str, int]:
    """The declared quantities by key, 0 included."""
    members = context.want(entity).get(attachments.part.field) or ()
    return {member[attachments.part.titled_by].address.key: int(member[attachments.quantity]) for member in members}


def members_of(context: Context, attachments: Attachments, row: Row) -> Mapping[str, Member] | Malformed | None:
    """Present and past attachments of a link, by key, with the version; None if they weren't read.

    A migration in place leaves rows of older versions of an entity; only one of them may have a quantity.
    """
    found = attached_rows(row.fields, attachments)
    if found is None or isinstance(found, Malformed):
        return found
    kind, names = attachments.part.titled_by, context.index.names
    members: dict[str, Member] = {}
    for one in sorted(found, key=lambda one: one.quantities.has_some):
        address = names.get(one.of) or Address(kind, (UNKNOWN + one.of,))
        if address.key in members and members[address.key][1].quantities.has_some:
            return Malformed(kind, f"{address.key} in two versions")
        members[address.key] = (address, one)
    return members


def decided(link: Link, key: str, member: Member | None) -> Move | Planned | None:
    """A member's move; None if it is as declared; else the outcome of what isn't done."""
    have, number = member[1] if member else None, link.declared.get(key, 0)
    if number == (have.quantities.last if have else 0) and not _is_hastened(link, key, have):
        return _scheduled(link, key, have) if have and have.quantities.coming else None
    if theirs := _of_others(link, key, have):
        return theirs
    reason = _not_now(link, key, is_lacking=member is None)
    found = reason or _move(link, key, member, number)
    if isinstance(found, Move):
        return found
    fields = (quantity_change(link.attachments, key, have.quantities.before(number) if have else 0, number),)
    return refused_for(link.entity.address, found, fields)


def _is_hastened(link: Link, key: str, have: Attached | None) -> bool:
    """Whether the declared quantity is scheduled for later, and the file says to make it at once."""
    is_scheduled = have is not None and have.quantities.now != have.quantities.last
    return is_scheduled and link.entity.fields.get("change") == IMMEDIATE and _of_others(link, key, have) is None


def _scheduled(link: Link, key: str, have: Attached) -> Planned:
    moment, number = have.quantities.coming[-1]
    is_by_others = link.entity.fields.get("change") == IMMEDIATE and _of_others(link, key, have) is not None
    return refused(
        link.entity.address,
        ATTACHED_SCHEDULED,
        fields=(quantity_change(link.attachments, key, have.quantities.now, number),),
        name=name_of(link.attachments, key),
        moment=moment_text(moment),
        old=have.quantities.now or "none",
        new=number or "none",
        hint=SCHEDULED_ELSEWHERE if is_by_others else "",
    )


def _of_others(link: Link, key: str, have: Attached | None) -> Planned | None:
    """A note, where the chain or the member was made outside of these files: not changed unless that is allowed."""
    owner, name = link.context.desired.owner, name_of(link.attachments, key)
    if owner is None or REVERT in link.context.allow:
        return None
    if labels_of(link.row.fields).get(OWNER) != owner:
        reason = f"{name} differs, and it is not this owner's {link.kind.title}: left alone"
    elif have is not None and have.labels.get(OWNER) != owner:
        number = have.quantities.last or "none"
        reason = f"{name} was attached elsewhere ({number}) and differs from what is declared: left alone"
    else:
        return None
    hint = f"declare what is live; `--allow {REVERT}` changes it to what is declared"
    return note(link.entity.address, code="attached-elsewhere", reason=reason, hint=hint)


def _not_now(link: Link, key: str, *, is_lacking: bool) -> Reason | None:
    """The reason why nothing can be changed while a link is in its state: before its start, or with an end (§5.6)."""
    state, name = state_of(link.kind, link.row.fields), name_of(link.attachments, key)
    if state is State.COMING:
        address = link.entity.address
        earlier = running_links(link.kind, links_of(link.context, address), address.key)[:-1]
        return _later(link, key, link.fact(FROM), beginning(link.kind, is_first=not earlier))
    goes_on = link.verb in (VERBS[RESUME], VERBS[WITHDRAW])
    if link.attaches_first and is_lacking and is_due(link.row.fields, link.attachments, key):
        return None
    if link.verb == VERBS[CANCEL] or (state is State.ENDING and not goes_on):
        end = link.fact(TO) or link.fact(RENEWS)
        return because(ATTACHED_ENDING, end=end, kind=link.kind.title, name=name)
    return None


def _later(link: Link, key: str, moment: str | None, why: str) -> Reason:
    return because(ATTACHED_LATER, name=name_of(link.attachments, key), moment=moment, why=why)


def _move(link: Link, key: str, member: Member | None, number: int) -> Move | Reason:
    offers = offers_of(link.context, link.attachments, link.pinned, link.coming)
    if reason := not_allowed(link.attachments, offers, {key: number}):
        return reason
    timing = _timing(link, key, member)
    if not isinstance(timing, str):
        return timing
    moment = _moment(link, timing)
    address, have = member or (offers.by_key[key].address, None)
    move = Move(address, have, number, timing, moment)
    return _lacking(link, move) or _before_its_phase(link, offers, key, moment) or move


def _timing(link: Link, key: str, member: Member | None) -> str | Reason:
    """The timing of a member's change: at once for what the link lacks since it began."""
    if member is None and is_due(link.row.fields, link.attachments, key):
        return IMMEDIATE
    assert link.pinned is not None
    timing = timing_of(link.context, link.entity, link.pinned, link.pinned)
    if isinstance(timing, str):
        return timing
    refusal, values = timing
    return Reason(refusal, {"kind": link.kind.title, "names": name_of(link.attachments, key), **values})


def _moment(link: Link, timing: str) -> datetime | None:
    """The moment at which a move takes effect, None for at once."""
    return None if timing == IMMEDIATE else parse_moment((link.fact(RENEWS) or "") if timing == AT_RENEWAL else timing)


def _lacking(link: Link, move: Move) -> Reason | None:
    """The reason, where this server has no call for a move."""
    names = name_of(link.attachments, move.member.key)
    form = link.context.routes[link.kind.name].calls.get(move.call)
    if form is None and move.call == ATTACH:
        return because(NOT_ATTACHABLE, names=names, kind=link.kind.title)
    if form is None:
        return because(QUANTITY_FIXED, name=names, why="")
    if move.call == SET_QUANTITY and move.have is not None and form.path.startswith("/v1/"):
        for field in link.attachments.unshown:
            if _has_inside(move.have.row, field):
                return because(QUANTITY_FIXED, name=names, why=f", which has a `{field}`")
    return None


def _has_inside(value: object, name: str) -> bool:
    if isinstance(value, Mapping):
        return value.get(name) is not None or any(_has_inside(item, name) for item in value.values())
    return isinstance(value, list | tuple) and any(_has_inside(item, name) for item in value)


def _before_its_phase(link: Link, offers: Offers, key: str, moment: datetime | None) -> Reason | None:
    """The reason, where the phase from which on a member is offered has not been reached by a moment."""
    since = offers.by_key[key].since if key in offers.by_key else None
    for phase in link.row.fields.get(link.attachments.phases) or ():
        start = parse_moment(str(phase.get("active_from")))
        if phase.get("key") == since and start is not None and start > (moment or link.context.now):
            return _later(link, key, moment_text(start), f"its phase {since!r} begins then")
    return None
