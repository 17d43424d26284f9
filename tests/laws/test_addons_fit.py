"""What the files' checks say of an add-on on a plan is what a server says that publishes the plan with it."""

from __future__ import annotations

import json
from io import StringIO
from itertools import product
from typing import Any

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS
from tests.support.world import World

METERS = [{"key": "calls", "name": "Calls", "event_type": "call", "aggregation": "count"}]
FEATURES = [{"key": "calls", "name": "Calls", "meter": "calls"}]
FLAT = {"type": "flat", "amount": "5"}
METERED = {"type": "metered", "limit": 5}
CONVERTED = {"operation": "divide", "conversion_factor": "1000", "rounding": "ceiling"}
CARDS: dict[str, dict[str, Any]] = {
    "free": {"price": {"type": "free"}},
    "free access": {"price": {"type": "free"}, "entitlement": {"type": "boolean"}},
    "free settings": {"price": {"type": "free"}, "entitlement": {"type": "static", "config": {"a": 1}}},
    "once": {"price": FLAT},
    "monthly": {"price": FLAT, "billing_cadence": "P1M"},
    "in advance": {"price": FLAT, "billing_cadence": "P1M", "payment_term": "in_advance"},
    "quarterly": {"price": FLAT, "billing_cadence": "P3M"},
    "cheaper": {"price": FLAT, "billing_cadence": "P1M", "discounts": {"percentage": "5"}},
    "limited": {"price": FLAT, "billing_cadence": "P1M", "entitlement": METERED},
    "limited weekly": {"price": FLAT, "billing_cadence": "P1M", "entitlement": {**METERED, "usage_period": "P1W"}},
    "usage": {"price": {"type": "unit", "amount": "1"}, "billing_cadence": "P1M"},
    "converted": {"price": {"type": "unit", "amount": "1"}, "billing_cadence": "P1M", "unit_config": CONVERTED},
}


def text(below: dict[str, Any], above: dict[str, Any], **offer: object) -> str:
    header = {"_info": {"owner": "payments", "defaults": {"plan": {"currency": "USD"}, "addon": {"currency": "USD"}}}}
    instance = offer.pop("instance_type", "single")
    addon = {"key": "extra", "name": "Extra", "instance_type": instance,
             "rate_cards": [{"feature": "calls", **above}]}  # fmt: skip
    trial = {"key": "trial", "name": "Trial", "duration": "P1M",
             "rate_cards": [{"key": "base", "name": "Base", "price": {"type": "free"}}]}  # fmt: skip
    last = {"key": "default", "name": "Default", "rate_cards": [{"feature": "calls", **below}]}
    plan = {"key": "team", "name": "Team", "billing_cadence": "P1M", "phases": [trial, last],
            "addons": [{"addon": "extra", **offer}]}  # fmt: skip
    return json.dumps({**header, "meters": METERS, "features": FEATURES, "addons": [addon], "plans": [plan]})


UNFIT = {"plan/team@1:mark-extra", "plan/team@1:publish"}
"""The steps that the server refuses where something doesn't fit: to change what is attached, and so to publish."""


def verdicts(declared: str) -> tuple[set[str], set[str]]:
    """The codes of the files' findings, and the steps that a server refuses when it is asked all the same."""
    desired, diagnostics = load(["-"], registry=KINDS, stdin=StringIO(declared))
    world = World()
    run = world.sync(desired)
    world.close()
    return {d.code for d in diagnostics}, {r.step.id for r in run.report.results if r.reason}


@pytest.mark.slow
@pytest.mark.parametrize(("below", "above"), list(product(CARDS, CARDS)), ids=" under ".join)
def test_files_and_server_refuse_the_same_cards_over_cards(below: str, above: str) -> None:
    """An add-on's card over a plan's card is refused offline if and only if the server refuses it."""
    found, refused = verdicts(text(CARDS[below], CARDS[above]))

    assert (found, refused) in ((set(), set()), ({"addon-card-mismatch"}, UNFIT))


@pytest.mark.parametrize(
    ("offer", "above", "code"),
    [
        ({"from_plan_phase": "later"}, "free", "addon-phase"),
        ({"max_quantity": 3}, "free", "addon-quantity"),
        ({"max_quantity": 3, "instance_type": "multiple"}, "free", ""),
    ],
)
def test_an_offer_is_refused_by_the_files_if_it_is_by_the_server(offer: dict[str, Any], above: str, code: str) -> None:
    found, refused = verdicts(text(CARDS["free"], CARDS[above], **offer))

    assert (found, refused) == (({code}, UNFIT) if code else (set(), set()))


@pytest.mark.parametrize("cadence", ["P1W", "P1D", "P2M", "P30D"])
@pytest.mark.parametrize("above", ["monthly", "free"])
def test_files_and_server_refuse_the_same_cadences(cadence: str, above: str) -> None:
    """The cadence of an add-on's card is refused offline if and only if the server refuses it."""
    card = {**CARDS[above], "billing_cadence": cadence}

    found, refused = verdicts(text({"price": {"type": "free"}}, card))

    assert (found, refused) in ((set(), set()), ({"cadence-unaligned"}, UNFIT))
