"""Parts of subscriptions beyond their plan and their add-ons, as sentences of a dump: no file can declare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billsync.model.frozen import dataclass
from billsync.model.note import Note
from billsync.report.billing.attached import Attached

NAMED = 10
"""The number of subscriptions named for each reason; further ones are counted."""

PLAIN = "which no file can declare"
UNREAD = "so that it isn't known what the file lacks"


@dataclass(frozen=True, slots=True)
class BeyondPlan:
    """A subscription, and its items that neither its plan nor its add-ons explain.

    `problem` says why its add-ons can't be read.
    """

    name: str
    items: tuple[str, ...] = ()
    problem: str = ""


def beyond_plan(name: str, items: frozenset[str], addons: Iterable[Attached]) -> BeyondPlan:
    """A subscription with items beyond its plan's, and its present and past add-ons."""
    cards = frozenset(card.key for each in addons for card in each.cards)
    return BeyondPlan(name, tuple(sorted(items - cards)))


def told(found: Iterable[BeyondPlan]) -> tuple[Note, ...]:
    """A note for each of the first subscriptions and one with the number of the others, by reason."""
    ordered = sorted(found, key=lambda one: one.name)
    return (
        *(Note("held-items", text) for text in _items([one for one in ordered if one.items])),
        *(Note("unread", text) for text in _unread([one for one in ordered if one.problem])),
    )


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
