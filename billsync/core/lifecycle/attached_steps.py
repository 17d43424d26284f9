"""Steps that attach an entity to a link of a chain, or change its quantity (customer-facts.md §6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from billsync.core.changes.planned import Context, step_id
from billsync.core.changes.timing import sent_as
from billsync.core.lifecycle.chain_steps import RENEWS, TO
from billsync.core.observed.attached import Attached, Quantities, fact_of
from billsync.core.observed.ownership import LABELS, OWNER
from billsync.model.address import Address, Symbol, part_address
from billsync.model.change import Call, Expectation, FieldChange, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.moment import moment_text
from billsync.model.routes import Attachments
from billsync.model.transition import IMMEDIATE
from billsync.model.value import Plain

ATTACH, SET_QUANTITY = "attach", "set_quantity"


@dataclass(frozen=True, slots=True)
class Move:
    """A member's way to a quantity: the entity with its version, its row if it has one, the quantity, and when.

    `moment` is the time at which it takes effect; None for at once.
    """

    member: Address
    have: Attached | None
    number: int
    timing: str
    moment: datetime | None = None

    @property
    def call(self) -> str:
        """The name of the call that it needs: a row is made once, and kept."""
        return SET_QUANTITY if self.have else ATTACH

    @property
    def old(self) -> int:
        """The quantity that the move ends: at once the present one; later the one that the member would have then.

        Where that is the wanted one already, the other one of both.
        """
        if self.have is None:
            return 0
        have = self.have.quantities
        return have.now if self.timing == IMMEDIATE and have.now != self.number else have.before(self.number)

    @property
    def verb(self) -> str:
        """The word for what the move does."""
        has_some = self.have is not None and (self.have.quantities.now or self.old)
        return "detaching" if not self.number else "updating" if has_some else "attaching"


def quantity_change(attachments: Attachments, key: str, old: int, new: int) -> FieldChange:
    """The change of a member as a person sees it; a quantity of 0 is none."""
    return FieldChange((attachments.part.field, key, attachments.quantity), old or None, new or None)


def steps_of(context: Context, address: Address, move: Move, *, before: Expectation) -> tuple[Step, ...]:
    """The steps of a member on a link that is as `before` says: its quantity, and then what is scheduled otherwise.

    The server makes one row for a member, but takes a quantity as often as it is sent, and bills each at once (§6.3).
    """
    steps: list[Step] = []
    have = move.have.quantities if move.have else None
    for timing, moment in _moments(move):
        want = _with_quantity(have or Quantities(), moment, move.number)
        if have is not None and want.text == have.text:
            continue  # what is scheduled for later is all that differs
        number = len(steps) + 1
        steps.append(_step(context, address, move, timing=timing, number=number, facts=(have, want), before=before))
        have = want
    return tuple(steps)


def _moments(move: Move) -> Iterator[tuple[str, datetime | None]]:
    """The moments at which the quantity is set: its own, and those at which another one is scheduled after it."""
    yield sent_as(move.timing), move.moment
    have = move.have.quantities if move.have else Quantities()
    for moment, number in have.ahead:
        if number != move.number and (move.moment is None or moment > move.moment):
            yield moment_text(moment), moment


def _with_quantity(have: Quantities, moment: datetime | None, number: int) -> Quantities:
    return have.set_at_once(number) if moment is None else have.set_at(moment, number)


def _step(
    context: Context,
    address: Address,
    move: Move,
    *,
    timing: str,
    number: int,
    facts: tuple[Quantities | None, Quantities],
    before: Expectation,
) -> Step:
    attachments = context.routes[address.kind].attachments
    assert attachments is not None
    fact = fact_of(attachments, move.member)
    have, want = facts
    kept = {name: value for name, value in before.facts.items() if name not in (RENEWS, TO)}
    return Step(
        id=step_id(address, f"{move.verb}-{move.member.key}" + (f"-{number}" if number > 1 else "")),
        address=address,
        verb=move.verb,
        call=_call(context, address, attachments, move, timing),
        before=replace(before, facts={**before.facts, fact: have.text if have else None}),
        after=Expectation(before.view, facts={**kept, fact: want.text}),
        repeatable=move.have is None or timing != IMMEDIATE,
    )


def _call(context: Context, address: Address, attachments: Attachments, move: Move, timing: str) -> Call:
    form = context.routes[address.kind].calls[move.call]
    sent: dict[str, Plain] = {attachments.quantity: move.number, "timing": timing}
    if move.have is None:
        sent[attachments.part.titled_by] = {"id": Symbol(move.member)}
        sent[LABELS] = _labels(context)
    row = part_address(address, attachments.part.field, move.member)
    return Call(form.method, form.on(address.symbol).replace("{member}", row.symbol), sent)


def _labels(context: Context) -> Mapping[str, Plain]:
    return {OWNER: context.desired.owner} if context.desired.owner else {}
