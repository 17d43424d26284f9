"""Checks for plans that the server would refuse or not publish (catalog-facts.md §7.4 to §7.6, §14.1)."""

from __future__ import annotations

from collections.abc import Iterator
from re import fullmatch

from billsync.kinds.checks.ratecard import card_problems, too_short, unknown_currency
from billsync.kinds.prices import FREE
from billsync.kinds.ratecard import is_under_an_hour
from billsync.model.duration import divides_evenly, parse_duration
from billsync.model.kind import Path, Problem
from billsync.model.value import Fields


def currency(plan: Fields) -> Iterator[Problem]:
    """The plan's currency."""
    yield from unknown_currency(plan.get("currency"), ("currency",))


def phases(plan: Fields) -> Iterator[Problem]:
    """Durations of phases, and that each has cards."""
    members = plan.get("phases") or ()
    for index, phase in enumerate(members):
        path: Path = ("phases", index)
        yield from _duration(phase, path, is_last=index == len(members) - 1)
        if not phase.get("rate_cards"):
            yield Problem(
                path,
                "phase-without-cards",
                f"the server doesn't publish a plan whose phase `{phase.get('key')}` has no rate cards",
                "give it a rate card, one with `price: {type: free}` if need be",
            )


def _duration(phase: Fields, path: Path, *, is_last: bool) -> Iterator[Problem]:
    duration = phase.get("duration")
    if is_last and duration is not None:
        detail = f"the last phase, `{phase.get('key')}`, has no end, and can't have a duration"
        yield Problem((*path, "duration"), "phase-duration", detail, "leave duration out of the last phase")
    if not is_last and duration is None:
        detail = f"another phase follows `{phase.get('key')}`, so it needs a duration"
        yield Problem(path, "phase-duration", detail, "give it a duration, such as `duration: P14D`")
    yield from too_short(duration, (*path, "duration"))


def rate_cards(plan: Fields) -> Iterator[Problem]:
    """Each card by itself, and whether its cadence fits the plan's."""
    for index, phase in enumerate(plan.get("phases") or ()):
        for number, card in enumerate(phase.get("rate_cards") or ()):
            path: Path = ("phases", index, "rate_cards", number)
            yield from card_problems(card, path, currency=str(plan.get("currency")), holder="plan")
            yield from _alignment(card, path, cadence=str(plan.get("billing_cadence")))


def _alignment(card: Fields, path: Path, *, cadence: str) -> Iterator[Problem]:
    own = str(card.get("billing_cadence"))
    one, other = parse_duration(cadence), parse_duration(own)
    if one is None or other is None or (card.get("price") or {}).get("type") == FREE:
        return
    if is_under_an_hour(own) or is_under_an_hour(cadence) or divides_evenly(one, other):
        return
    yield Problem(
        (*path, "billing_cadence"),
        "cadence-unaligned",
        f"neither of {own} and {cadence} is a whole multiple of the other in every month and on every day",
        f"use {cadence}, or a cadence in the same unit that divides it or is a multiple of it",
    )


def hidden_labels(plan: Fields) -> Iterator[Problem]:
    """Labels in a plan that the older API, which alone shows them, has no words for (catalog-facts.md §1.5, §14.2)."""
    reason = _unshown(plan)
    for path in _labelled(plan) if reason else ():
        yield Problem(
            (*path, "labels"),
            "refused-field",
            f"the server never shows the labels of a plan that has {reason} again, so that they can't be compared",
            "leave labels out",
        )


def _unshown(plan: Fields) -> str | None:
    if fullmatch("[A-Z]{3}", str(plan.get("currency"))) is None:
        return "a custom currency"
    cards = [card for phase in plan.get("phases") or () for card in phase.get("rate_cards") or ()]
    if any(card.get("currency") is not None for card in cards):
        return "a rate card in a custom currency"
    return "`unit_config`" if any(card.get("unit_config") is not None for card in cards) else None


def _labelled(plan: Fields) -> Iterator[Path]:
    """Yield everything that has labels: the plan, its phases, their cards."""
    if plan.get("labels"):
        yield ()
    for index, phase in enumerate(plan.get("phases") or ()):
        if phase.get("labels"):
            yield ("phases", index)
        for number, card in enumerate(phase.get("rate_cards") or ()):
            if card.get("labels"):
                yield ("phases", index, "rate_cards", number)


CHECKS = (currency, phases, rate_cards, hidden_labels)
