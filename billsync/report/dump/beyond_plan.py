"""Parts of subscriptions beyond their plan, as sentences of a dump: no file can declare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billsync.model.moment import moment_text
from billsync.model.note import Note
from billsync.report.billing.attached import Attached

NAMED = 10
"""The number of subscriptions named for each reason; further ones are counted."""

LATER = "which a file can't declare yet"
PLAIN = "which no file can declare"
UNREAD = "so that it isn't known what the file lacks"


@dataclass(frozen=True, slots=True)
class Held:
    """An add-on of a subscription: its key, how many there are now, and how many will be from which moments."""

    addon: str
    now: int
    then: tuple[tuple[datetime, int], ...] = ()

    @property
    def text(self) -> str:
        """Return `blocks × 2`, with its later quantities."""
        now = (f"× {self.now}",) if self.now else ()
        then = (f"{f'× {number}' if number else 'none'} from {moment_text(start)}" for start, number in self.then)
        return f"{self.addon} {', '.join((*now, *then))}"


@dataclass(frozen=True, slots=True)
class BeyondPlan:
    """A subscription, the add-ons that it has or will have, and its items that neither these nor its plan explain.

    `problem` says why its add-ons can't be read.
    """

    name: str
    addons: tuple[Held, ...] = ()
    items: tuple[str, ...] = ()
    problem: str = ""


def beyond_plan(
    name: str, items: frozenset[str], addons: Iterable[Attached], *, keys: Mapping[str, str], now: datetime
) -> BeyondPlan:
    """A subscription with items beyond its plan's, and its present and past add-ons. `keys` are by id."""
    addons = tuple(addons)
    cards = frozenset(card.key for each in addons for card in each.cards)
    present = [found for each in addons if (found := held(keys[each.addon_id], each, now))]
    return BeyondPlan(name, tuple(sorted(present, key=lambda each: each.addon)), tuple(sorted(items - cards)))


def held(addon: str, one: Attached, now: datetime) -> Held | None:
    """Return an add-on's state from a moment on, or None."""
    present = one.at(now)
    ahead = [(segment.start, segment.quantity) for segment in one.segments if segment.start > now]
    quantity = present.quantity if present else 0
    return Held(addon, quantity, tuple(sorted(ahead))) if quantity or one.is_ahead(now) else None


def told(found: Iterable[BeyondPlan]) -> tuple[Note, ...]:
    """A note for each of the first subscriptions and one with the number of the others, by reason."""
    ordered = sorted(found, key=lambda one: one.name)
    return (
        *(Note("held-addons", text) for text in _addons([one for one in ordered if one.addons])),
        *(Note("held-items", text) for text in _items([one for one in ordered if one.items])),
        *(Note("unread", text) for text in _unread([one for one in ordered if one.problem])),
    )


def _addons(found: Sequence[BeyondPlan]) -> Iterator[str]:
    for one in found[:NAMED]:
        what = "add-on" if len(one.addons) == 1 else "add-ons"
        yield f"{one.name} has {what} {' and '.join(each.text for each in one.addons)}, {LATER}"
    if more := found[NAMED:]:
        keys = sorted({each.addon for one in more for each in one.addons})
        yield f"{_more(more)} add-ons ({', '.join(keys)}), {LATER}"


def _items(found: Sequence[BeyondPlan]) -> Iterator[str]:
    for one in found[:NAMED]:
        yield f"{one.name} has items other than its plan's ({', '.join(one.items)}), {PLAIN}"
    if more := found[NAMED:]:
        yield f"{_more(more)} items other than their plans', {PLAIN}"


def _unread(found: Sequence[BeyondPlan]) -> Iterator[str]:
    for one in found[:NAMED]:
        yield f"{one.name} may have add-ons, which can't be read ({one.problem}), {UNREAD}"
    if more := found[NAMED:]:
        yield f"{len(more)} more may have add-ons, which can't be read, {UNREAD}"


def _more(found: Sequence[BeyondPlan]) -> str:
    return "1 more subscription has" if len(found) == 1 else f"{len(found)} more subscriptions have"
