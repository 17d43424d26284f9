"""Changes without what they say of subscribers who stay: a run of more takes more of them away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.model.change import Change, PlanFile
from billsync.model.frozen import replace

NOTE = "grandfathered"


def without_stayers(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes without the number of subscribers who stay, and without the note about them."""
    return (replace(change, staying=None) for change in changes if change.code != NOTE)


def no_fewer_stay(part: PlanFile, whole: PlanFile) -> bool:
    """Whether a run of a part leaves as many subscribers on old versions as the whole run does, or more."""
    of_whole = {change.address: change.staying for change in whole.pending if change.staying is not None}
    return all((change.staying or 0) >= of_whole.get(change.address, 0) for change in part.pending)
