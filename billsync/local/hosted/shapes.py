"""Requests and answers that have fewer or other fields on Konnect.

Its subscriptions show neither their plan's version nor their start, their end, their periods and their phases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from billsync.local.catalog.features import FEATURE
from billsync.local.charges import charges, manual_charges
from billsync.local.profiles import apps
from billsync.local.server.editions import KONNECT
from billsync.local.server.problems import not_found
from billsync.local.server.resource import Answer, Call, Route, present
from billsync.local.store.documents import Document
from billsync.local.subscriptions import subscription_addons, subscription_changes, subscriptions
from billsync.model.frozen import replace

Shape = Callable[[Call, Document], Document]

_LIFE = ("id", "created_at", "updated_at", "deleted_at", "labels")
_SUBSCRIPTION = (*_LIFE, "customer_id", "plan_id", "status", "billing_anchor", "settlement_mode")
_FROM_1_2 = ("cost_basis_mode",)


def reshaped(route: Route, shape: Shape, asked: Callable[[Call], Call] = lambda call: call) -> Route:
    """The route with the call changed before it is answered, and each entity in the answer reshaped."""

    def answered(call: Call) -> Answer:
        found = route.answer(asked(call))
        return replace(found, body=_each(found.body, lambda row: shape(call, row)))

    return replace(route, answer=answered)


def _each(body: Any, shape: Callable[[Document], Document]) -> Any:
    if not isinstance(body, dict):
        return body
    if "data" in body:
        rows = body["data"]
        return {**body, "data": rows and [shape(row) for row in rows]}
    if body.keys() == {"current", "next"}:
        return {name: shape(row) for name, row in body.items()}
    return shape(body)


def _subscription(call: Call, row: Document) -> Document:
    more = () if call.edition is KONNECT else _FROM_1_2
    return present(row, *_SUBSCRIPTION, *more)


def _with_modes(call: Call) -> Call:
    """Konnect's first requests have no cost-basis mode, and so no default for one."""
    return replace(call, body={"cost_basis_mode": "dynamic", **call.body}) if isinstance(call.body, dict) else call


def _charge(call: Call, row: Document) -> Document:
    return {name: value for name, value in row.items() if name != "feature_id"}


def _with_feature_id(call: Call) -> Call:
    """A charge names its feature by key. Raises Problem (404)."""
    key = call.body.get("feature_key")
    if key is None:
        return call
    feature = call.store.live_with_key(FEATURE, key)
    if feature is None:
        raise not_found(f"feature[{key}] not found")
    rest = {name: value for name, value in call.body.items() if name != "feature_key"}
    return replace(call, body={**rest, "feature_id": feature.id})


def _app(call: Call, row: Document) -> Document:
    return {**row, "definition": present(row["definition"], "type", "name", "description")}


def _subscription_addon(call: Call, row: Document) -> Document:
    if call.edition is not KONNECT:
        return row
    return {
        **row,
        "rate_cards": [{**card, "rate_card": _without_currency(card["rate_card"])} for card in row["rate_cards"]],
    }


def _without_currency(card: Mapping[str, Any]) -> Document:
    return {name: value for name, value in card.items() if name != "currency"}


ROUTES = (
    *(reshaped(route, _subscription, _with_modes) for route in (*subscriptions.ROUTES, *subscription_changes.ROUTES)),
    *(reshaped(route, _subscription_addon) for route in subscription_addons.ROUTES),
    *(reshaped(route, _charge) for route in charges.ROUTES),
    *(reshaped(route, _charge, _with_feature_id) for route in manual_charges.ROUTES),
    *(reshaped(route, _app) for route in apps.ROUTES if route.path.startswith("/openmeter/apps")),
)
