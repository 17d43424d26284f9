"""How many examples a law tries. Small while somebody waits, large where nobody does."""

from __future__ import annotations

import os
from fractions import Fraction

VARIABLE = "BILLSYNC_TEST_BUDGET"
BUDGETS = {"check": Fraction(1, 4), "test": Fraction(1), "exhaustive": Fraction(10)}
"""What each budget makes of the number of examples that stands at a law."""

FEWEST = 3


def choose(budget: str) -> None:
    """Use this budget unless the environment names one; before the modules of laws are imported."""
    os.environ.setdefault(VARIABLE, budget)


def examples(number: int = 100) -> int:
    """The number of examples for a law that tries this many in `./scripts/test`. Raises KeyError for no budget."""
    return max(FEWEST, int(number * BUDGETS[os.environ.get(VARIABLE, "test")]))
