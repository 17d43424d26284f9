"""The proof of a promotion as text, and in the types that `json` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.render.formats.words import title_of, visible
from billsync.report.promotion.equivalence import Equivalence


def equivalence_text(found: Equivalence) -> str:
    """A line that says what is the same, or a line for each departure; ends with a line break."""
    compared = f"{_count(found.holders, 'plan or add-on', 'plans and add-ons')}, {_count(found.cards, 'rate card')}"
    if not found.departures:
        return f"Proved: both environments have the same. Compared {compared}, {_count(found.amounts, 'amount')}.\n"
    lines = (f"  {title_of(one.address)}: {visible(one.text)}\n" for one in found.departures)
    return f"Not the same on both environments (compared {compared}):\n{''.join(lines)}"


def equivalence_object(found: Equivalence) -> Mapping[str, Any]:
    """The proof as an object."""
    return {
        "holders": found.holders,
        "rate_cards": found.cards,
        "amounts": found.amounts,
        "departures": [{"address": one.address.text, "reason": one.text} for one in found.departures],
    }


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one}" if number == 1 else f"{number} {several or one + 's'}"
