"""The proof of a promotion as text, and in the types that `json` writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from billsync.model.address import Address
from billsync.render.formats.words import title_of, visible
from billsync.report.promotion.equivalence import Departure, Equivalence

_NAMED = 10
"""Largest number of offers that are named in a line."""


def equivalence_text(found: Equivalence) -> str:
    """A line that says what is the same, or a line for each departure; ends with a line break."""
    compared = f"{_count(found.holders, 'plan or add-on', 'plans and add-ons')}, {_count(found.cards, 'rate card')}"
    rest = f"{_listed('Not compared:', found.unproved)}{_beyond(found.beyond)}"
    if found.departures:
        return f"{_listed(f'Not the same on both environments (compared {compared}):', found.departures)}{rest}"
    what = "what can be compared" if found.unproved else "what was promoted"
    end = f"Compared {compared}, {_count(found.amounts, 'amount')}."
    return f"Proved: {what} is the same on both environments. {end}\n{rest}"


def _listed(title: str, departures: Iterable[Departure]) -> str:
    lines = "".join(f"  {title_of(one.address)}: {visible(one.text)}\n" for one in departures)
    return f"{title}\n{lines}" if lines else ""


def _beyond(addresses: tuple[Address, ...]) -> str:
    names = ", ".join(map(title_of, addresses[:_NAMED]))
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return f"Only the target has: {names}{more}.\n" if names else ""


def equivalence_object(found: Equivalence) -> Mapping[str, Any]:
    """The proof as an object."""
    return {
        "holders": found.holders,
        "rate_cards": found.cards,
        "amounts": found.amounts,
        "departures": _objects(found.departures),
        "unproved": _objects(found.unproved),
        "only_target": [address.text for address in found.beyond],
    }


def _objects(departures: Iterable[Departure]) -> list[Mapping[str, str]]:
    return [{"address": one.address.text, "reason": one.text} for one in departures]


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one}" if number == 1 else f"{number} {several or one + 's'}"
