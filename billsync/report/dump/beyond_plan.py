"""Parts of subscriptions beyond their plan and their add-ons, as losses of a dump: no file can declare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.core.dump.losses import Loss, loss_of
from billsync.model.address import Address
from billsync.model.said import Word
from billsync.report.billing.attached import Attached


def losses_beyond_plan(of: Address, items: frozenset[str], addons: Iterable[Attached]) -> Iterator[Loss]:
    """The loss of a subscription's items that neither its plan nor its present and past add-ons have.

    `items` are those that aren't its plan's.
    """
    cards = frozenset(card.key for each in addons for card in each.cards)
    if others := tuple(sorted(items - cards)):
        text = "{it} has items other than its plan's ({items}), which no file can declare"
        yield loss_of("held-items", text, of, it=of, items=others)


def unread_addons(of: Address, problem: str) -> Loss:
    """The loss that may be there where a subscription's add-ons can't be read; `problem` is the reason."""
    text = "{it} may have add-ons, which can't be read ({problem}), so that it isn't known what the file lacks"
    return loss_of("unread", text, of, "addons", it=of, problem=Word(problem))
