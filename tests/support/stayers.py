"""Changes without what they say of subscribers who stay: a run of more takes more of them away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.model.change import Change
from billsync.model.frozen import replace

NOTE = "grandfathered"


def without_stayers(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes without the number of subscribers who stay, and without the note about them."""
    return (replace(change, staying=None) for change in changes if change.code != NOTE)
