"""Two policies together: of two limits on the share of deletes both hold, each at its place, in a journal, too."""

from decimal import Decimal
from itertools import product

import pytest

from billsync.app.undo.rules import rules_in_journal, rules_of_both
from billsync.core.guards.policies import both_of
from billsync.core.taking_back.journal import Journaled
from billsync.model.diagnostic import Position
from billsync.model.policy import Policy
from billsync.model.state import Desired

FILES, RUN = Position("shop.yaml", 2, 3), Position("run.jsonl", 1, 1)


def policy(place: Position, share: tuple[int, int] | None) -> Policy:
    """A policy with a share of deletes in percent, and the number from which on it counts."""
    if share is None:
        return Policy()
    return Policy(max_delete_percent=Decimal(share[0]), percent_from=share[1], places={"max_delete_percent": place})


def allows(found: Policy, deletes: int, owned: int) -> bool:
    return all(owned < one.count or deletes * 100 <= one.percent * owned for one in found.shares)


@pytest.mark.parametrize(
    ("files", "run", "kept"),
    [
        ((20, 100), (50, 10), [FILES, RUN]),
        ((50, 10), (20, 100), [FILES, RUN]),
        ((20, 10), (50, 100), [FILES]),
        ((50, 10), (50, 10), [FILES]),
        ((50, 10), (20, 10), [RUN]),
        (None, (20, 10), [RUN]),
    ],
)
def test_both_limits_hold_unless_one_implies_the_other(
    files: tuple[int, int] | None, run: tuple[int, int] | None, kept: list[Position]
) -> None:
    first, second = policy(FILES, files), policy(RUN, run)

    both = both_of(first, second)
    written = rules_of_both(Desired(policy=first), Desired(policy=second)).besides["_info"]["policy"]  # type: ignore
    read = rules_in_journal(Journaled("local:", "shop", (), policy=written), "run.jsonl").policy

    assert [one.position for one in both.shares] == kept
    for deletes, owned in product(range(0, 130, 3), (9, 10, 30, 99, 100, 130)):
        is_allowed = allows(first, deletes, owned) and allows(second, deletes, owned)
        assert allows(both, deletes, owned) is allows(read, deletes, owned) is is_allowed
