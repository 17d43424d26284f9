"""Conditions under which a migration stops after a wave."""

from __future__ import annotations

import re
from fractions import Fraction

from billsync.model.frozen import dataclass

FORM = re.compile(r"(failed|refused)\s*>\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)(%?)")


@dataclass(frozen=True, slots=True)
class Condition:
    """More than a number of a wave's subscriptions failed or were refused; a share of them if `is_share`, in per cent.

    `text` is the condition as it was given.
    """

    text: str
    counted: str
    above: Fraction
    is_share: bool

    def holds(self, *, failed: int, refused: int, size: int) -> bool:
        """Whether it holds for a wave with these numbers."""
        count = failed if self.counted == "failed" else refused
        return count > (self.above * size / 100 if self.is_share else self.above)


def parse_condition(text: str) -> Condition | str:
    """The condition that a text means, or the reason why it means none."""
    found = FORM.fullmatch(text.strip())
    if found is None:
        return f"{text!r} is not a condition: write failed>0, failed>1% or refused>0"
    counted, above, percent = found.groups()
    return Condition(text.strip(), counted, Fraction(above), bool(percent))
