"""A server that bills by Stripe, as far as reads show: the embedded one has no Stripe app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

STRIPE_APP = {"id": "app-stripe", "type": "stripe", "name": "Stripe"}
PROFILE = {
    "id": "profile-stripe",
    "name": "By card",
    "default": True,
    "apps": {purpose: {"id": "app-stripe"} for purpose in ("tax", "invoicing", "payment")},
    "workflow": {"payment": {"collection_method": "charge_automatically"}},
}


@dataclass(slots=True)
class StripeServer(httpx.BaseTransport):
    """A transport to a server whose default profile collects by Stripe.

    `data` are the Stripe data of customers by their ids; a customer without any is answered with 412, as the real
    server does (customer-facts.md §4.2). `reads` are the paths of billing that were read.
    """

    inner: httpx.BaseTransport
    data: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the server, but for profiles, apps and customers' billing."""
        place = request.url.path.partition("/openmeter/")[2]
        answer = self._answer(place) if request.method == "GET" else None
        if answer is None:
            return self.inner.handle_request(request)
        self.reads.append(place)
        return answer

    def _answer(self, place: str) -> httpx.Response | None:
        match place.split("/"):
            case ["apps"]:
                return _listed(STRIPE_APP)
            case ["profiles"]:
                return _listed(PROFILE)
            case ["customers", customer, "billing"]:
                return self._billing(customer)
        return None

    def _billing(self, customer: str) -> httpx.Response:
        data = self.data.get(customer)
        if data is None:
            detail = "precondition failed error: customer has no data for stripe app"
            return httpx.Response(412, json={"title": "Precondition Failed", "status": 412, "detail": detail})
        return httpx.Response(200, json={"billing_profile": {"id": PROFILE["id"]}, "app_data": {"stripe": data}})


def _listed(row: dict[str, Any]) -> httpx.Response:
    meta = {"page": {"number": 1, "size": 100, "total": 1}}
    return httpx.Response(200, json={"data": [row], "meta": meta})
