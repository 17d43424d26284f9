"""Add-ons that a run attaches to subscriptions, or changes in quantity, at once: from the calls of its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from billsync.model.address import Address, Symbol, symbols_in_path, whole_of
from billsync.model.change import PlanFile, Step
from billsync.report.impact.moving import IMMEDIATE, SUBSCRIPTION

ADDON, FIELD, QUANTITY, TIMING = "addon", "addons", "quantity", "timing"


@dataclass(frozen=True, slots=True)
class AddonCall:
    """A quantity of an add-on that a subscription gets at once; `is_new` where it has no row of it yet."""

    subscription: Address
    addon: Address
    quantity: int
    is_new: bool


def addon_calls(plan: PlanFile) -> tuple[AddonCall, ...]:
    """The quantities of add-ons that a run sets at once, in the order of its steps."""
    return tuple(call for step in plan.steps for call in _calls(step))


def by_subscription(calls: Iterable[AddonCall]) -> Mapping[Address, tuple[AddonCall, ...]]:
    """The calls of each subscription."""
    found: dict[Address, tuple[AddonCall, ...]] = {}
    for call in calls:
        found[call.subscription] = (*found.get(call.subscription, ()), call)
    return found


def _calls(step: Step) -> Iterator[AddonCall]:
    body = step.call.body
    if step.address.kind != SUBSCRIPTION or not isinstance(body, Mapping) or body.get(TIMING) != IMMEDIATE:
        return
    quantity = body.get(QUANTITY)
    addon, attached = body.get(ADDON), _attached(step.call.path)
    if not isinstance(quantity, int):
        return
    if isinstance(addon, Mapping) and isinstance(symbol := addon.get("id"), Symbol):
        yield AddonCall(step.address, symbol.address, quantity, is_new=True)
    elif attached:
        yield AddonCall(step.address, attached, quantity, is_new=False)


def _attached(path: str) -> Address | None:
    """The add-on whose row below a subscription a path names."""
    wholes = (whole_of(symbol) for symbol in symbols_in_path(path))
    return next((whole[2] for whole in wholes if whole and whole[1] == FIELD), None)
